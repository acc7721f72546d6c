//! Fault: every single call to AWS fails, in every way; the run ends well, or is paused with words that name the call, and a retry ends well.

use std::time::Duration;

use jiff::Timestamp;
use rehearsal::{Call, Disturbance, Fault, Region, Service, Target};

use super::{Crew, End, Story, crash::Undisturbed};

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Too many requests.
    Throttled,
    /// A server error.
    ServerError,
    /// No answer, and no effect.
    Timeout,
    /// No answer, but the effect.
    TimeoutAfterEffect,
    /// The connection breaks before there is an effect.
    Reset,
    /// The connection breaks after the effect.
    ResetAfterEffect,
    /// The permission is missing.
    Denied,
}

impl Way {
    const READS: [Self; 5] = [Self::Throttled, Self::ServerError, Self::Timeout, Self::Reset, Self::Denied];
    const EFFECTS: [Self; 2] = [Self::TimeoutAfterEffect, Self::ResetAfterEffect];

    fn disturbance(self, call: &Call) -> Disturbance {
        match self {
            Self::Throttled => Disturbance::throttled(),
            Self::ServerError => Disturbance::internal_error(),
            Self::Timeout => Disturbance::Hang,
            Self::TimeoutAfterEffect => Disturbance::EffectThenHang,
            Self::Reset => Disturbance::Reset,
            Self::ResetAfterEffect => Disturbance::EffectThenReset,
            Self::Denied => Disturbance::access_denied(&action(call)),
        }
    }
}

/// The call's action in IAM policies.
pub fn action(call: &Call) -> String {
    let service = match call.service {
        Service::Rds => "rds",
        Service::Ecs => "ecs",
        Service::ApplicationAutoScaling => "application-autoscaling",
        Service::Elbv2 => "elasticloadbalancing",
        Service::Route53 => "route53",
        Service::CloudWatch => "cloudwatch",
        Service::CodeBuild => "codebuild",
        Service::Kms => "kms",
        Service::ServiceQuotas => "servicequotas",
        Service::Sts => "sts",
        // Reading is one action there.
        Service::ApiGateway => return "apigateway:GET".to_owned(),
        Service::Ecr => "ecr",
        Service::SecretsManager => "secretsmanager",
        Service::Ssm => "ssm",
        Service::Logs => "logs",
        Service::Acm => "acm",
        Service::Ec2 => "ec2",
    };
    format!("{service}:{}", call.operation)
}

/// One fault of one call.
#[derive(Debug, Clone)]
pub struct Case {
    /// When the call arrives if nothing disturbs it.
    pub at: Timestamp,
    /// The call's operation.
    pub operation: String,
    /// How it fails.
    pub way: Way,
    /// Whether all calls like it fail from then on, until people put it right; otherwise that one alone.
    pub lasting: bool,
    region: Region,
    service: Service,
    disturbance: Disturbance,
}

impl Case {
    /// Every case of a story: each call once in each way, and each kind of call for good in each way.
    pub fn all(undisturbed: &Undisturbed) -> Vec<Self> {
        let kind = |call: &Call| (call.service, call.operation.clone(), call.region.clone());
        let calls = &undisturbed.calls;
        let firsts = calls
            .iter()
            .enumerate()
            .filter(|(index, call)| !calls[..*index].iter().any(|before| kind(before) == kind(call)));
        let lasting = firsts.flat_map(|(_, call)| Self::of(call, true));
        calls.iter().flat_map(|call| Self::of(call, false)).chain(lasting).collect()
    }

    fn of(call: &Call, lasting: bool) -> Vec<Self> {
        let effects = if call.changing { Way::EFFECTS.as_slice() } else { &[] };
        let ways = Way::READS.iter().chain(effects);
        ways.map(|&way| Self {
            at: call.at,
            operation: call.operation.clone(),
            way,
            lasting,
            region: call.region.clone(),
            service: call.service,
            disturbance: way.disturbance(call),
        })
        .collect()
    }

    /// For people.
    pub fn name(&self) -> String {
        let much = if self.lasting { "from then on" } else { "once" };
        format!("{:?} of {} in {} at {}, {much}", self.way, self.operation, self.region, self.at)
    }

    /// Whether the one call that must never be repeated fails, once.
    pub fn moves_the_writer(&self) -> bool {
        !self.lasting && matches!(self.operation.as_str(), "FailoverGlobalCluster" | "SwitchoverGlobalCluster")
    }

    fn fault(&self) -> Fault {
        let operation = Some(self.operation.clone());
        let target =
            Target { service: Some(self.service), operation, region: Some(self.region.clone()), mentions: None };
        Fault::Calls { target, disturbance: self.disturbance.clone(), times: (!self.lasting).then_some(1) }
    }
}

/// Plays a story in which that case happens. Answers what did not hold.
pub async fn play(story: Story, seed: u64, case: &Case, expected: &End) -> Vec<String> {
    let mut rig = match story.open(seed).await {
        Ok(rig) => rig,
        Err(why) => return vec![why],
    };
    let world = &rig.stage.world;
    let begins = Duration::try_from(case.at.duration_since(world.now())).unwrap_or_default();
    let fault = world.inject_after(begins.saturating_sub(Duration::from_millis(1)), case.fault());
    if let Err(why) = Crew::of(story).repairing([fault]).see_to_the_end(&rig.stage).await {
        return vec![why];
    }
    rig.stage.world.clear(fault);
    rig.settle().await;
    let mut found = rig.violations().await;
    let paused = rig.stage.of("run.paused").await.into_iter().map(|record| record.data["error"].to_string());
    let silent = paused.filter(|error| !error.contains(&case.operation));
    found.extend(silent.map(|error| format!("does not name the call: {error}")));
    let gave_up = rig.stage.of("step.failed").await.iter().any(|failed| failed.data["best_effort"] == true);
    let (end, expected) = match gave_up {
        true => (rig.end().unfenced(), expected.clone().unfenced()),
        false => (rig.end(), expected.clone()),
    };
    if end != expected {
        found.push(format!("the end differs: {end:?} instead of {expected:?}"));
    }
    found
}
