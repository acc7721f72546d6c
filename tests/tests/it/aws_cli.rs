//! Clients that nobody here wrote, the AWS CLI and botocore, read the simulated regions over loopback and change them.

use std::time::Duration;

use rehearsal::{Colour, Deploys, Durations, Outcome, Pair, Scenario, Side, World};
use serde_json::{Value, json};

use crate::python;

/// A pair in which everything takes a few seconds, since these clients live in real time.
fn quick() -> Scenario {
    let seconds = Duration::from_secs_f64;
    let millis = |low, high| (Duration::from_millis(low), Duration::from_millis(high));
    let durations = Durations {
        promotion: seconds(3.0),
        placement: seconds(0.2),
        provisioning: seconds(0.5),
        pull: seconds(0.5),
        start: seconds(0.5),
        health: seconds(0.5),
        listener: seconds(0.1),
        in_sync: seconds(2.0),
        api_near: millis(1, 5),
        api_far: millis(5, 10),
        ..Durations::default()
    };
    Scenario { durations, ..Scenario::pair() }
}

/// Serves the world, and says where.
async fn serve(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let world = world.clone();
    tokio::spawn(async move { world.serve(listener).await });
    url
}

/// The names and the production figures that the scripts need.
fn describe(world: &World) -> String {
    let pair = &world.pairs()[0];
    let services: serde_json::Map<String, Value> =
        pair.services.iter().map(|service| (service.name.clone(), json!(service.desired))).collect();
    let described = json!({
        "now": world.now().as_second(),
        "account": pair.account,
        "global_cluster": pair.global_cluster,
        "engine_version": pair.engine_version,
        "services": services,
        "record": { "zone": pair.zone.id, "name": pair.record },
        "primary": side(pair, Side::Primary),
        "dr": side(pair, Side::Dr),
    });
    described.to_string()
}

fn side(pair: &Pair, side: Side) -> Value {
    let site = pair.site(side);
    json!({
        "region": site.region.to_string(),
        "db_cluster": site.db_cluster,
        "db_cluster_arn": pair.db_cluster_arn(side),
        "db_instance_class": site.db_instance_class,
        "kms_key": site.kms_key,
        "zones": site.zones,
        "ecs_cluster": site.ecs_cluster,
        "vcpu_quota": site.vcpu_quota,
        "endpoint": { "dns_name": site.endpoint.dns_name, "zone": site.endpoint.zone },
        "listener": pair.listener_arn(side),
        "target_group": pair.target_group_arn(side, Colour::Green),
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with awscli: see tests/third-party/README.md"]
async fn the_aws_cli_reads_the_world_and_promotes_the_pair() {
    let world = World::new(quick());
    let url = serve(&world).await;
    python::passes("aws_cli_promote.py", &[&url], &describe(&world));

    let state = &world.state().pairs[0];
    let pair = &world.pairs()[0];
    assert_eq!(state.writer, Some(Side::Dr));
    assert_eq!(state.record.as_ref(), Some(&pair.dr.endpoint.dns_name));
    assert_eq!((state.dr.listener.blue, state.dr.listener.green), (0, 100));
    for (service, seen) in pair.services.iter().zip(&state.dr.services) {
        let production = (service.desired, service.min, service.desired as usize);
        assert_eq!((seen.desired, seen.min, seen.running), production, "{}", service.name);
    }
    let calls = world.calls();
    let refused: Vec<_> = calls.iter().filter(|call| call.outcome != Outcome::Accepted).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with boto3: see tests/third-party/README.md"]
async fn botocore_parses_every_answer() {
    // One service each for what tells where tasks are.
    let mut scenario = quick();
    scenario.pairs[0].services[1].deploys = Deploys::BlueGreen;
    scenario.pairs[0].services[2].deploys = Deploys::CodeDeploy;
    let world = World::new(scenario);
    let url = serve(&world).await;
    python::passes("botocore_parses.py", &[&url], &describe(&world));
}
