//! The bot's calls to AWS against the simulated regions, without a conversation around them.

use std::{path::Path, sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, SharedDnsResolver};
use axum::{Router, routing::get};
use bot::{config::Config, rehearse};
use commands::{
    aws::{Aws, AwsErrorKind, Network},
    change::Change,
    goals,
    observation::{Observation, Seen},
    observe::observe,
    phase::{Phase, phase, serving},
    plan::{self, Method},
    readiness::{Check, Outcome},
    records::record_changes,
    topology::{Application, SideName},
};
use http::{HeaderMap, StatusCode};
use rehearsal::{Disturbance, Fault, Region, Scenario, Service, Target, World, slack::Settings};
use storage::Clock;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use crate::proxy::{Tunnels, connector};

/// The world, and the bot's way to it.
struct Pair {
    world: World,
    clock: Clock,
    app: Arc<Application>,
    aws: Aws,
}

impl Pair {
    async fn new() -> Self {
        let scenario = Scenario::pair();
        let world = World::new(scenario.clone());
        let clock = Clock::simulated(scenario.epoch);
        let now = clock.clone();
        let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
        let mut config =
            Config::parse(Path::new("aws.toml"), &rehearse::toml(&scenario, &workspace)).expect("a configuration");
        let app = Arc::new(config.applications.remove("shop").expect("an application"));
        let aws = Aws::connect(app.clone(), &rehearse::network(&world), clock.clone()).await;
        Self { world, clock, app, aws }
    }

    async fn observe(&self) -> Observation {
        observe(&self.aws, &self.app, &self.clock).await
    }

    fn primary_goes_dark(&self) {
        self.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    }

    fn disturb(&self, times: u32, service: Service, operation: &str, disturbance: Disturbance) {
        self.world.inject(Fault::next_calls(times, Target::operation(service, operation), disturbance));
    }

    /// How often an operation has arrived.
    fn arrived(&self, operation: &str) -> usize {
        self.world.calls().iter().filter(|call| call.operation == operation).count()
    }

    async fn record_change(&self) -> Change {
        let current = self.aws.records().await.expect("an answer");
        record_changes(&self.app, SideName::Dr, &current).pop().expect("a change")
    }
}

fn blockers(checks: &[Check]) -> Vec<&Check> {
    checks.iter().filter(|check| check.blocks()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_steady_pair_is_seen_whole() {
    let pair = Pair::new().await;
    // The first datapoints of the lag are a minute away.
    tokio::time::sleep(Duration::from_secs(180)).await;
    let observation = pair.observe().await;
    assert_eq!(phase(&pair.app, &observation), Phase::Steady);
    assert_eq!(serving(&pair.app, &observation), Some(SideName::Primary));
    let seen = serde_json::to_string(&observation).expect("plain data");
    assert!(!seen.contains("unknown"), "{seen}");
    let plan = plan::promote("shop", &pair.app, &observation, pair.clock.now()).expect("a plan");
    assert_eq!(blockers(&plan.checks), Vec::<&Check>::new());
    let methods: Vec<Method> = plan.options.iter().map(|option| option.method).collect();
    assert_eq!(methods, [Method::Switchover, Method::Failover]);
    let open: Vec<_> = plan.checks.iter().filter(|check| check.outcome() != Outcome::Pass).collect();
    assert_eq!(open, Vec::<&Check>::new());
}

#[tokio::test(start_paused = true)]
async fn a_dark_primary_costs_its_answers_and_not_the_time() {
    let pair = Pair::new().await;
    tokio::time::sleep(Duration::from_secs(180)).await;
    pair.primary_goes_dark();
    let began = Instant::now();
    let observation = pair.observe().await;
    assert!(began.elapsed() <= Duration::from_millis(2500), "{:?}", began.elapsed());
    assert_eq!(observation.primary.db.why(), Some("us-east-1 did not answer (no connection within 1s)"));
    assert!(observation.dr.db.known().is_some());
    assert!(observation.lag.known().is_some_and(Option::is_some));
    let plan = plan::promote("shop", &pair.app, &observation, pair.clock.now()).expect("a plan");
    assert_eq!(blockers(&plan.checks), Vec::<&Check>::new());
    let methods: Vec<Method> = plan.options.iter().map(|option| option.method).collect();
    assert_eq!(methods, [Method::Failover]);
}

#[tokio::test(start_paused = true)]
async fn the_goals_are_reached_by_their_changes() {
    let pair = Pair::new().await;
    for service in &pair.app.services {
        let state = pair.aws.service(SideName::Dr, &service.name).await.expect("an answer").expect("a service");
        for change in goals::capacity_changes(&pair.app.dr, service, &state) {
            pair.aws.apply(SideName::Dr, &change).await.expect("accepted");
        }
    }
    let listener = pair.app.dr.listener.as_ref().expect("a listener");
    let state = pair.aws.listener(SideName::Dr).await.expect("an answer").expect("a listener");
    let switch = goals::listener_change(listener, &state).expect("a change");
    pair.aws.apply(SideName::Dr, &switch).await.expect("accepted");
    tokio::time::sleep(Duration::from_secs(300)).await;

    for service in &pair.app.services {
        let state = pair.aws.service(SideName::Dr, &service.name).await.expect("an answer").expect("a service");
        assert_eq!((state.desired, state.running, state.pending), (service.desired, service.desired, 0));
        assert_eq!(goals::capacity_changes(&pair.app.dr, service, &state), []);
        let healthy = usize::try_from(service.desired).expect("not negative");
        assert!(state.target_groups.iter().all(|group| group.healthy == Seen::Known(healthy)), "{state:?}");
    }
    let state = pair.aws.listener(SideName::Dr).await.expect("an answer").expect("a listener");
    assert_eq!(goals::listener_change(listener, &state), None);
    assert_eq!(state.actions[0].targets.len(), 2, "the idle target group stays listed");
}

#[tokio::test(start_paused = true)]
async fn the_fence_stops_the_old_primary() {
    let pair = Pair::new().await;
    for service in &pair.app.services {
        let state = pair.aws.service(SideName::Primary, &service.name).await.expect("an answer").expect("a service");
        for change in goals::fence_changes(&pair.app.primary, service, &state) {
            pair.aws.apply(SideName::Primary, &change).await.expect("accepted");
        }
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    let running: usize = pair.world.state().pairs[0].primary.services.iter().map(|service| service.running).sum();
    assert_eq!(running, 0);
}

#[tokio::test(start_paused = true)]
async fn the_record_is_compared_and_swapped() {
    let pair = Pair::new().await;
    let change = pair.record_change().await;
    let accepted = pair.aws.apply(SideName::Dr, &change).await.expect("accepted");
    let id = accepted.reference.expect("a change id");
    let zone = &pair.app.records[0].zone;
    assert!(!pair.aws.record_in_sync(zone, &id).await.expect("an answer"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(pair.aws.record_in_sync(zone, &id).await.expect("an answer"));
    let records = pair.aws.records().await.expect("an answer");
    assert_eq!(record_changes(&pair.app, SideName::Dr, &records), []);

    // What it replaced is not there any more: AWS refuses, and nothing is overwritten.
    let lost = pair.aws.apply(SideName::Dr, &change).await.expect_err("a lost swap");
    assert_eq!((lost.kind, lost.code.as_str()), (AwsErrorKind::Conflict, "InvalidChangeBatch"));
    assert!(lost.had_no_effect());
    assert!(pair.aws.record_in_sync(zone, "C0NOSUCHCHANGE").await.is_err_and(|error| error.code == "NoSuchChange"));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_change_is_made_once_it_is_let_through() {
    let pair = Pair::new().await;
    pair.disturb(2, Service::Route53, "ChangeResourceRecordSets", Disturbance::throttled());
    let change = pair.record_change().await;
    pair.aws.apply(SideName::Dr, &change).await.expect("accepted at the third attempt");
    assert_eq!(pair.arrived("ChangeResourceRecordSets"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_is_lost_is_not_repeated() {
    let pair = Pair::new().await;
    for disturbance in [Disturbance::EffectThenHang, Disturbance::EffectThenReset, Disturbance::internal_error()] {
        let before = pair.arrived("UpdateService");
        pair.disturb(1, Service::Ecs, "UpdateService", disturbance);
        let change = Change::DesiredCount { cluster: "shop".into(), service: "web".into(), desired: 2 };
        let error = pair.aws.apply(SideName::Dr, &change).await.expect_err("no answer");
        assert!(!error.had_no_effect(), "{error}");
        assert_eq!(pair.arrived("UpdateService"), before + 1, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_the_action_to_allow() {
    let pair = Pair::new().await;
    pair.disturb(1, Service::Ecs, "UpdateService", Disturbance::access_denied("ecs:UpdateService"));
    let change = Change::DesiredCount { cluster: "shop".into(), service: "web".into(), desired: 2 };
    let error = pair.aws.apply(SideName::Dr, &change).await.expect_err("a denial");
    assert_eq!(error.kind, AwsErrorKind::Denied);
    assert!(error.had_no_effect());
    assert!(error.to_string().ends_with(". Allow ecs:UpdateService"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_none() {
    let pair = Pair::new().await;
    assert_eq!(pair.aws.service(SideName::Dr, "nowhere").await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn the_public_name_is_probed_at_either_end() {
    let pair = Pair::new().await;
    assert_eq!(pair.aws.probe(None).await, Ok(200));
    // DR is idle: it answers, and does not serve.
    assert_eq!(pair.aws.probe(Some(&pair.app.dr.endpoint.dns_name)).await, Ok(503));
    assert_eq!(pair.aws.resolves_to(SideName::Dr).await, Ok(false));
    let change = pair.record_change().await;
    pair.aws.apply(SideName::Dr, &change).await.expect("accepted");
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(pair.aws.resolves_to(SideName::Dr).await, Ok(true));
    pair.primary_goes_dark();
    let primary = pair.aws.probe(Some(&pair.app.primary.endpoint.dns_name)).await.expect_err("darkness");
    assert!(primary.to_string().ends_with("no connection within 1s"), "{primary}");
}

/// Every name is at this address.
#[derive(Debug)]
struct Everywhere(std::net::IpAddr);

impl ResolveDns for Everywhere {
    fn resolve_dns<'a>(&'a self, _name: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(vec![self.0]))
    }
}

#[tokio::test]
async fn the_production_client_keeps_the_public_name_wherever_it_connects() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = server.local_addr().expect("an address");
    let asked = tokio::spawn(async move {
        let (mut stream, _) = server.accept().await.expect("a connection");
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.expect("a request");
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("an answer");
        String::from_utf8_lossy(&request[..read]).to_lowercase()
    });
    let Pair { mut app, clock, .. } = Pair::new().await;
    Arc::make_mut(&mut app).verify.url =
        format!("http://app.shop.example:{}/health?deep=1", address.port()).parse().expect("a URL");
    let network = Network {
        resolver: SharedDnsResolver::new(Everywhere(address.ip())),
        ..Network::system().expect("an environment without a proxy")
    };
    let aws = Aws::connect(app.clone(), &network, clock).await;
    assert_eq!(aws.probe(Some(&app.dr.endpoint.dns_name)).await, Ok(204));
    let asked = asked.await.expect("a request");
    assert!(asked.starts_with("get /health?deep=1 http/1.1"), "{asked}");
    assert!(asked.contains(&format!("host: app.shop.example:{}", address.port())), "{asked}");

    // Nobody listens any more.
    let refused = aws.probe(None).await.expect_err("nobody listens");
    assert!(refused.to_string().contains("cannot be reached"), "{refused}");
}

#[tokio::test]
async fn through_a_proxy_the_connection_goes_to_the_chosen_endpoint_too() {
    let proxy = Tunnels::open().await;
    let pages = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = pages.local_addr().expect("an address").port();
    let public = format!("app.shop.example:{port}");
    let wanted = public.clone();
    let page = async move |headers: HeaderMap| match headers["host"] == wanted {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::MISDIRECTED_REQUEST,
    };
    tokio::spawn(axum::serve(pages, Router::new().route("/health", get(page))).into_future());
    let Pair { mut app, clock, .. } = Pair::new().await;
    Arc::make_mut(&mut app).verify.url = format!("http://{public}/health").parse().expect("a URL");
    let network = Network::over(proxy.connector()).expect("a host that trusts somebody");
    let aws = Aws::connect(app.clone(), &network, clock).await;
    let dr = &app.dr.endpoint.dns_name;
    assert_eq!(aws.probe(Some(dr)).await, Ok(204));
    assert_eq!(aws.probe(None).await, Ok(204));
    assert_eq!(proxy.asked(), [format!("{dr}:{port}"), public]);
}

#[tokio::test]
async fn proxy_that_refuses_a_region_does_not_make_it_dark() {
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = proxy.local_addr().expect("an address");
    tokio::spawn(axum::serve(proxy, Router::new().fallback(StatusCode::FORBIDDEN)).into_future());
    let Pair { world, app, clock, .. } = Pair::new().await;
    let network = Network::over(connector(&at.to_string())).expect("a host that trusts somebody");
    let network = Network { credentials: rehearse::network(&world).credentials, ..network };
    let aws = Aws::connect(app, &network, clock).await;
    let refused = aws.records().await.expect_err("a refusal");
    assert!(refused.refused_for_good(), "{refused:?}");
    let wanted =
        format!("ProxyRefused: proxy http://{at} refused route53.amazonaws.com:443 (403 Forbidden); allow that host");
    assert!(refused.to_string().contains(&wanted), "{refused}");
}
