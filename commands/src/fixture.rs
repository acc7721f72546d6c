//! A pair in steady state, for the tests of what is pure: each changes what it is about.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::Timestamp;

use crate::{
    needs::Needs,
    observation::*,
    stake::{Attached, Connections, Stake},
    topology::{Application, SideName},
    vcpus::{Quota, VcpuQuotas},
};

/// The moment of [`steady`].
pub(crate) fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// The pair: one service, a listener in DR.
pub(crate) fn app() -> Application {
    serde_json::from_value(serde_json::json!({
        "global_cluster": "shop-global",
        "primary": region("us-east-1", "shop-primary", "d-primary01", "Z1UJRXOUMOOFQ8"),
        "dr": {
            "region": "us-west-2",
            "db_cluster": "shop-dr",
            "ecs_cluster": "shop",
            "endpoint": { "dns_name": "d-dr01.execute-api.us-west-2.amazonaws.com", "zone": "Z2OJLYMUO9EFXC" },
            "listener": { "arn": "listener", "target_group": "green" },
        },
        "services": [{ "name": "web", "desired": 4, "min": 4 }],
        "record": { "zone": "Z0123SHOP", "name": "app.shop.example" },
        "verify": { "url": "https://app.shop.example/health" },
    }))
    .expect("the fixture is a valid application")
}

fn region(name: &str, db_cluster: &str, endpoint: &str, zone: &str) -> serde_json::Value {
    serde_json::json!({
        "region": name,
        "db_cluster": db_cluster,
        "ecs_cluster": "shop",
        "endpoint": { "dns_name": format!("{endpoint}.execute-api.{name}.amazonaws.com"), "zone": zone },
    })
}

/// The record when that side serves.
pub(crate) fn record(side: SideName) -> RecordSet {
    let endpoint = app().side(side).endpoint.clone();
    RecordSet {
        name: "app.shop.example".into(),
        kind: "A".into(),
        ttl: None,
        values: vec![],
        alias: Some(Alias { dns_name: endpoint.dns_name, zone: endpoint.zone, evaluate_health: true }),
        routing: vec![],
    }
}

/// The zone, with nothing in the way.
fn zone() -> NamedZone {
    NamedZone {
        id: "Z0123SHOP".into(),
        state: Seen::Known(ZoneState {
            name: "shop.example".into(),
            private: false,
            protectable: true,
            accelerated_recovery: Some("ENABLED".into()),
            guardrails: vec![],
        }),
        protections: Seen::Known(vec![]),
        private: Seen::Known(vec![]),
    }
}

/// The configured name with those sets.
pub(crate) fn named(sets: Vec<RecordSet>) -> NamedRecord {
    NamedRecord { zone: "Z0123SHOP".into(), name: "app.shop.example".into(), sets: Seen::Known(sets) }
}

/// The records when that side serves.
pub(crate) fn at(side: SideName) -> Vec<NamedRecord> {
    vec![named(vec![record(side)])]
}

/// A service with so many tasks.
pub(crate) fn service(tasks: i32) -> ServiceState {
    ServiceState {
        status: "ACTIVE".into(),
        desired: tasks,
        running: tasks,
        pending: 0,
        deployments: 1,
        task_definition: "web:7".into(),
        task: Seen::Known(TaskShape {
            cpu: 1024,
            images: vec!["shop/web:1.2".into()],
            needs: Needs::default(),
            registered_at: None,
        }),
        scaling: Seen::Known(Some(ScalableTarget {
            min: tasks,
            max: 12,
            suspended: Suspended::default(),
            schedules: vec![],
        })),
        target_groups: vec![TargetGroup { arn: "green".into(), healthy: Seen::Known(usize::try_from(tasks).unwrap()) }],
        subnets: vec![],
        placement_failure: None,
        controller: Controller::default(),
        rollout: Rollout::default(),
        daemon: false,
        scale: None,
        providers: vec![Provider { name: "FARGATE".into(), base: 0, weight: 1 }],
        governs: vec![],
        trouble: None,
    }
}

/// A pair as it should be.
pub(crate) fn steady() -> Observation {
    Observation {
        at: now(),
        global: Seen::Known(GlobalCluster {
            arn: "arn:aws:rds::123456789012:global-cluster:shop-global".into(),
            status: "available".into(),
            engine_version: "16.4".into(),
            failover: None,
            members: vec![member(SideName::Primary, true), member(SideName::Dr, false)],
        }),
        lag: Seen::Known(Some(Lag { millis: 400.0, at: now() })),
        records: at(SideName::Primary),
        zones: vec![zone()],
        found: None,
        primary: side(SideName::Primary, 4),
        dr: side(SideName::Dr, 1),
    }
}

/// A pair whose primary region does not answer.
pub(crate) fn dark() -> Observation {
    let silent = || "us-east-1 did not answer within 2 s".to_owned();
    let mut dark = steady();
    dark.primary = Side {
        caller: Seen::Unknown(silent()),
        db: Seen::Unknown(silent()),
        services: vec![NamedService { name: "web".into(), state: Seen::Unknown(silent()) }],
        listener: None,
        endpoint: Seen::Unknown(silent()),
        vcpu_quotas: None,
        dependencies: None,
    };
    dark
}

/// The global cluster, to change it.
pub(crate) fn global(observation: &mut Observation) -> &mut GlobalCluster {
    match &mut observation.global {
        Seen::Known(global) => global,
        Seen::Unknown(why) | Seen::Refused(why) => panic!("the global cluster is unknown: {why}"),
    }
}

/// Nothing is known of the data at stake.
pub(crate) fn stake() -> Stake {
    Stake {
        moved: None,
        fence: Seen::Known(None),
        connections: Seen::Known(Connections::Unlisted),
        rescues: Seen::Known(Vec::new()),
        attached: Attached {
            deployments: Seen::Known(Vec::new()),
            proxies: Seen::Known(Vec::new()),
            endpoints: Seen::Known(Vec::new()),
        },
    }
}

/// A pair where DR writes, the record untouched.
pub(crate) fn moved() -> Observation {
    let mut moved = steady();
    global(&mut moved).members = vec![member(SideName::Primary, false), member(SideName::Dr, true)];
    moved.lag = Seen::Known(None);
    moved
}

/// An instance of that class.
pub(crate) fn instance(class: &str) -> DbInstance {
    DbInstance {
        id: "one".into(),
        class: class.into(),
        status: "available".into(),
        writer: false,
        pending_reboot: false,
    }
}

/// A key as it should be.
pub(crate) fn key() -> KmsKey {
    let state = Some("Enabled".to_owned());
    KmsKey { arn: "key".into(), customer_managed: true, enabled: true, state, deleted_at: None }
}

fn cluster_arn(side: SideName) -> String {
    let app = app();
    let region = app.side(side);
    format!("arn:aws:rds:{}:123456789012:cluster:{}", region.region, region.db_cluster)
}

fn member(side: SideName, writer: bool) -> Member {
    Member { arn: cluster_arn(side), writer, synchronization: (!writer).then(|| "connected".into()) }
}

fn side(side: SideName, tasks: i32) -> Side {
    let app = app();
    let region = &app.side(side).region;
    let forward = ListenerAction {
        kind: "forward".into(),
        order: Some(1),
        targets: vec![WeightedTarget { arn: "blue".into(), weight: 1 }],
        stickiness: None,
    };
    Side {
        caller: Seen::Known(Caller {
            account: "123456789012".into(),
            arn: "arn:aws:iam::123456789012:role/standby".into(),
        }),
        db: Seen::Known(Some(DbCluster {
            arn: cluster_arn(side),
            status: "available".into(),
            engine: "aurora-postgresql".into(),
            engine_version: "16.4".into(),
            resource_id: "cluster-0A1B".to_owned(),
            deletion_protection: true,
            global_cluster: Some("shop-global".into()),
            replicas: vec![],
            instances: vec![instance("db.r6g.large")],
            backup_retention_days: Some(7),
            serverless: None,
            key: Some(Seen::Known(key())),
            parameter_group: Some("shop-pg16".into()),
            zones: Seen::Known(vec![format!("{region}a"), format!("{region}b")]),
        })),
        services: vec![NamedService { name: "web".into(), state: Seen::Known(Some(service(tasks))) }],
        listener: app.side(side).listener.as_ref().map(|_| Seen::Known(ListenerState { actions: vec![forward] })),
        endpoint: Seen::Known(200),
        vcpu_quotas: Some(VcpuQuotas {
            on_demand: Quota { granted: Seen::Known(100.0), default: None },
            spot: Quota { granted: Seen::Known(100.0), default: None },
            others: vec![],
        }),
        dependencies: None,
    }
}
