//! What goes wrong in the simulated world.

use std::time::Duration;

use crate::{
    aws::{Service, protocol::ApiCall},
    pair::Side,
    region::Region,
    zones::ZoneRecord,
};

/// Names a fault so that it can be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId(pub(crate) u64);

/// Something that goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing in the region answers: connections hang until the caller gives up. Route 53's control plane is not part
    /// of a region here, although AWS runs it in `us-east-1`: see [`Fault::route53_dark`].
    RegionDark(Region),
    /// Calls that match are disturbed, the next `times` of them or, if absent, until the fault is cleared.
    Calls {
        /// Which calls.
        target: Target,
        /// What happens to them.
        disturbance: Disturbance,
        /// How many of them.
        times: Option<u32>,
    },
    /// Clients are connected to a DB cluster, as CloudWatch tells.
    DatabaseInUse {
        /// DB cluster identifier.
        db_cluster: String,
        /// How many.
        connections: u32,
    },
    /// Something hangs on a DB cluster, so that RDS doesn't delete it.
    Attached {
        /// DB cluster identifier.
        db_cluster: String,
        /// What it is.
        what: Attachment,
    },
    /// Every failover of the global cluster fails on the way: no writer flips, and it becomes idle again.
    PromotionFails {
        /// Identifier of the global cluster.
        global_cluster: String,
    },
    /// RDS refuses every switchover of the global cluster for a state that it is in, as while its primary is the source of a blue/green deployment.
    /// A failover is taken.
    SwitchoverRefused {
        /// Identifier of the global cluster.
        global_cluster: String,
        /// RDS's error code: `InvalidGlobalClusterStateFault`, `InvalidDBClusterStateFault`, …
        code: String,
        /// What RDS says.
        reason: String,
    },
    /// Signatures count for five minutes only, as AWS has it, and each answer tells AWS's time: a host whose clock is off is refused until it
    /// signs by that time.
    SignaturesExpire,
    /// ECS cannot place tasks in the region.
    NoCapacity {
        /// Region without capacity.
        region: Region,
        /// What the services' events give as the reason.
        reason: String,
    },
    /// The registry of a region does not have the image that its tasks name: they stop before they run.
    ImageMissing {
        /// Region whose tasks are concerned.
        region: Region,
    },
    /// Tasks of a region cannot start.
    TasksFail {
        /// Region whose tasks are concerned.
        region: Region,
        /// Why.
        failure: TaskFailure,
    },
    /// A deployment of every service in the region is under way and does not end: its tasks fail again and again.
    DeploymentStuck {
        /// Region whose services are concerned.
        region: Region,
    },
    /// The current deployment of every service in the region has failed, and ECS starts no tasks for it.
    DeploymentFailed {
        /// Region whose services are concerned.
        region: Region,
    },
    /// A DB cluster or a DB instance has another status than its own, as during a backup; an available one alone, so that what begins and ends shows.
    DatabaseStatus {
        /// Identifier of the DB cluster or the DB instance.
        id: String,
        /// As RDS writes it.
        status: String,
        /// Whether RDS refuses calls that change the cluster or move the writer to or from it.
        refuses: bool,
    },
    /// Snapshots of a DB cluster fail, the one that Aurora attempts by itself included.
    SnapshotsFail {
        /// Identifier of the DB cluster.
        db_cluster: String,
    },
    /// Secondaries of a global cluster that begin to catch up meanwhile never do.
    NeverConnects {
        /// Identifier of the global cluster.
        global_cluster: String,
    },
    /// Secondaries of a global cluster fall behind, and are filled from the writer anew. Cannot be cleared.
    FallsBehind {
        /// Identifier of the global cluster.
        global_cluster: String,
    },
    /// Builds of an application's project fail before they change anything.
    BuildFails {
        /// Application whose project it is.
        pair: String,
    },
    /// Another actor adds a record set to a hosted zone, or replaces one, in force at once. Cannot be cleared.
    RecordAppears {
        /// Application whose zone it is.
        pair: String,
        /// The record set.
        record: ZoneRecord,
    },
    /// Another actor, such as a pipeline, takes every service of a pair's region to no task, with a minimum of 0, at once. Cannot be cleared.
    ScaledToZero {
        /// Application whose services they are.
        pair: String,
        /// In which region.
        side: Side,
    },
    /// One side's public endpoint answers something else than its stack would, such as a redirect to a login.
    EndpointAnswers {
        /// Application whose endpoint it is.
        pair: String,
        /// Which side's.
        side: Side,
        /// HTTP status.
        status: u16,
        /// Where it redirects to.
        location: Option<String>,
    },
    /// Another actor points a pair's record somewhere else, at once and in force at once. Cannot be cleared.
    RecordTaken {
        /// Application whose record it is.
        pair: String,
        /// New alias target.
        dns_name: String,
        /// Hosted zone id of that target.
        zone: String,
    },
}

/// What hangs on a DB cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// A blue/green deployment that it is the source of, by its identifier.
    BlueGreen(String),
    /// A proxy that sends connections to it, by its name.
    Proxy(String),
    /// A custom endpoint of it, by its identifier.
    Endpoint(String),
}

/// Why tasks cannot start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskFailure {
    /// ECS may not assume the task's role, and says so in the service's events.
    Role,
    /// A secret cannot be read, which at first only the stopped tasks tell.
    Secret,
}

impl Fault {
    /// Route 53's control plane does not answer; resolution goes on.
    pub fn route53_dark() -> Self {
        Self::calls(Target::service(Service::Route53), Disturbance::Hang)
    }

    /// The primary of the global cluster is the source of a blue/green deployment: RDS refuses a switchover.
    pub fn blue_green_source(global_cluster: &str) -> Self {
        Self::SwitchoverRefused {
            global_cluster: global_cluster.to_owned(),
            code: "InvalidGlobalClusterStateFault".to_owned(),
            reason: format!(
                "The global cluster {global_cluster} cannot be switched over because its primary cluster is the source of a blue/green deployment."
            ),
        }
    }

    /// The primary of the global cluster is in a state that passes by itself, such as `modifying`: RDS refuses a switchover meanwhile.
    pub fn switchover_state(global_cluster: &str, db_cluster: &str) -> Self {
        Self::SwitchoverRefused {
            global_cluster: global_cluster.to_owned(),
            code: "InvalidDBClusterStateFault".to_owned(),
            reason: format!("DB cluster {db_cluster} is not in the available state."),
        }
    }

    /// DB clusters cannot be deleted.
    pub fn delete_refused() -> Self {
        let code = "InvalidDBClusterStateFault".to_owned();
        let message = "DB cluster cannot be deleted in its current state.".to_owned();
        let target = Target::operation(Service::Rds, "DeleteDBCluster");
        Self::calls(target, Disturbance::Error { status: 400, code, message })
    }

    /// Matching calls are disturbed until the fault is cleared.
    pub fn calls(target: Target, disturbance: Disturbance) -> Self {
        Self::Calls { target, disturbance, times: None }
    }

    /// The next `times` matching calls are disturbed.
    pub fn next_calls(times: u32, target: Target, disturbance: Disturbance) -> Self {
        Self::Calls { target, disturbance, times: Some(times) }
    }
}

/// Which calls a fault applies to; what is absent matches everything.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Service.
    pub service: Option<Service>,
    /// Operation, such as `UpdateService`.
    pub operation: Option<String>,
    /// Region that is called.
    pub region: Option<Region>,
    /// A text that some parameter has, such as the end of an ARN.
    pub mentions: Option<String>,
}

impl Target {
    /// Every call to a service.
    pub fn service(service: Service) -> Self {
        Self { service: Some(service), ..Self::default() }
    }

    /// One operation in whichever region.
    pub fn operation(service: Service, operation: &str) -> Self {
        Self { service: Some(service), operation: Some(operation.to_owned()), ..Self::default() }
    }

    /// The same, of which some parameter has that text.
    pub fn mentioning(self, text: &str) -> Self {
        Self { mentions: Some(text.to_owned()), ..self }
    }

    /// The same in one region.
    pub fn in_region(self, region: &Region) -> Self {
        Self { region: Some(region.clone()), ..self }
    }

    pub(crate) fn matches(&self, call: &ApiCall) -> bool {
        self.service.is_none_or(|wanted| wanted == call.service)
            && self.operation.as_deref().is_none_or(|wanted| wanted == call.operation)
            && self.region.as_ref().is_none_or(|wanted| *wanted == call.region)
            && self.mentions.as_ref().is_none_or(|text| call.input.to_string().contains(text))
    }
}

/// What happens to a disturbed call.
#[derive(Debug, Clone)]
pub enum Disturbance {
    /// It is refused and has no effect.
    Error {
        /// HTTP status.
        status: u16,
        /// AWS's error code.
        code: String,
        /// Message.
        message: String,
    },
    /// It takes this much longer, and then goes its normal way.
    Slow(Duration),
    /// The connection is reset; no effect.
    Reset,
    /// Never answered; no effect.
    Hang,
    /// It has its effect and is never answered.
    EffectThenHang,
    /// It has its effect, and the connection is reset instead of an answer.
    EffectThenReset,
}

impl Disturbance {
    /// Throttling, in the code that most services use.
    pub fn throttled() -> Self {
        Self::Error { status: 400, code: "ThrottlingException".to_owned(), message: "Rate exceeded".to_owned() }
    }

    /// A server error.
    pub fn internal_error() -> Self {
        Self::Error { status: 500, code: "InternalFailure".to_owned(), message: "Internal service error".to_owned() }
    }

    /// A policy of the organization denies an action such as `rds:FailoverGlobalCluster`, whatever the role's own policies allow.
    pub fn denied_by_organization(action: &str) -> Self {
        let why = "with an explicit deny in a service control policy";
        match Self::access_denied(action) {
            Self::Error { status, code, message } => Self::Error { status, code, message: format!("{message} {why}") },
            other => other,
        }
    }

    /// The credentials have expired.
    pub fn expired(service: Service) -> Self {
        let message = "The security token included in the request is expired";
        Self::unauthenticated(service, ["ExpiredToken", "ExpiredTokenException"], message)
    }

    /// AWS knows no such access key: it was deleted, belongs to another partition, or the region is not enabled for its account.
    pub fn unknown_key(service: Service) -> Self {
        let message = "The security token included in the request is invalid.";
        Self::unauthenticated(service, ["InvalidClientTokenId", "UnrecognizedClientException"], message)
    }

    /// The first code is of protocols that answer in XML, the other one of those in JSON, which give every client error the same status.
    pub(crate) fn unauthenticated(service: Service, codes: [&str; 2], message: &str) -> Self {
        let xml = matches!(service, Service::Rds | Service::Elbv2 | Service::Sts | Service::Route53);
        let (status, code) = if xml { (403, codes[0]) } else { (400, codes[1]) };
        Self::Error { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// Missing permission for an action such as `ecs:UpdateService`, in the code of the service's protocol.
    pub fn access_denied(action: &str) -> Self {
        let xml =
            ["rds:", "elasticloadbalancing:", "sts:", "route53:"].iter().any(|service| action.starts_with(service));
        let code = match action.split(':').next() {
            Some("ec2") => "UnauthorizedOperation",
            _ if xml => "AccessDenied",
            _ => "AccessDeniedException",
        };
        let (code, xml) = (code.to_owned(), xml || code == "UnauthorizedOperation");
        let message = format!("User is not authorized to perform: {action}");
        // JSON protocols give every client error the same status, but not those that have paths.
        let status = if xml || action.starts_with("apigateway:") { 403 } else { 400 };
        Self::Error { status, code, message }
    }
}
