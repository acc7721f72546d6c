//! What the tasks of the side that is to take over need before they can start, looked up where they would be: images, secrets, parameters, log groups,
//! addresses; and the certificate in front of them. Nothing here reads a secret's value.
//!
//! Each look-up has one attempt within the observation's deadline; what didn't answer is unknown.

mod images;
mod secrets;

use std::collections::BTreeSet;

use futures::future::{join_all, join4};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{
    Aws, AwsError, CONNECT,
    call::Operation,
    elb::LISTENERS,
    seen,
    signed::{Place, Protocol, Service},
};
use crate::{
    dependencies::{Certificate, Dependencies, Looked},
    needs::LogTarget,
    observation::{NamedService, Seen, ServiceState},
    topology::SideName,
};

static LOGS: Service = Service {
    id: "CloudWatch Logs",
    name: "logs",
    place: Place::Region("logs"),
    protocol: Protocol::Json("Logs_20140328"),
};
static ACM: Service =
    Service { id: "ACM", name: "acm", place: Place::Region("acm"), protocol: Protocol::Json("CertificateManager") };
static EC2: Service =
    Service { id: "EC2", name: "ec2", place: Place::Region("ec2"), protocol: Protocol::Query("2016-11-15") };

static LOG_GROUPS: Operation = Operation::new("logs", "DescribeLogGroups");
static CERTIFICATE: Operation = Operation::new("acm", "DescribeCertificate");
static SUBNETS: Operation = Operation::new("ec2", "DescribeSubnets");

/// Most things of one kind that are looked up: an observation has few seconds, and accounts have limits.
const MOST: usize = 30;

impl Aws {
    /// What the services of that side need, as far as their task definitions were read. `began` is when the observation began, from which its deadline
    /// counts.
    pub(crate) async fn dependencies(&self, side: SideName, services: &[NamedService], began: Instant) -> Dependencies {
        let deadline = began + self.0.app.timing.observation;
        // The primary gets no more time than it takes to find out that it's dark.
        let other = if side == SideName::Dr { deadline.min(began + CONNECT) } else { deadline };
        let states: Vec<&ServiceState> =
            services.iter().filter_map(|service| service.state.known().and_then(Option::as_ref)).collect();
        let tasks = || states.iter().filter_map(|state| state.task.known());
        let images: BTreeSet<&str> = tasks().flat_map(|task| &task.images).map(String::as_str).collect();
        let values: BTreeSet<&str> = tasks().flat_map(|task| &task.needs.secrets).map(String::as_str).collect();
        let logs = tasks().flat_map(|task| &task.needs.logs);
        let subnets: BTreeSet<&str> = states.iter().flat_map(|state| &state.subnets).map(String::as_str).collect();
        let (images, secrets, log_groups, subnets) = join4(
            self.images(side, images, deadline, other),
            self.secrets(side, values, deadline),
            self.log_groups(side, logs, deadline),
            self.subnets(side, subnets, deadline),
        )
        .await;
        Dependencies { images, secrets, log_groups, subnets, certificates: Vec::new() }
    }

    /// Log groups that are to be there.
    async fn log_groups<'a>(
        &self,
        side: SideName,
        logs: impl Iterator<Item = &'a LogTarget>,
        deadline: Instant,
    ) -> Vec<Looked<bool>> {
        let own = &self.side(side).region;
        let here = logs.filter(|log| !log.created && log.region.as_ref().is_none_or(|region| region == own));
        let groups: BTreeSet<&str> = here.map(|log| log.group.as_str()).collect();
        look_up(groups, |group| seen(deadline, "logs DescribeLogGroups", self.has_log_group(side, group))).await
    }

    async fn has_log_group(&self, side: SideName, group: &str) -> Result<bool, AwsError> {
        // Sorted by name: the one that is the prefix comes first.
        let parameters = json!({ "logGroupNamePrefix": group, "limit": 1 });
        let answer = self.regional(side).signed.read(&LOGS, &LOG_GROUPS, &parameters).await?;
        Ok(answer["logGroups"].as_array().into_iter().flatten().any(|found| found["logGroupName"] == group))
    }

    /// Free addresses in each subnet, asked for at once.
    async fn subnets(&self, side: SideName, ids: BTreeSet<&str>, deadline: Instant) -> Vec<Looked<i64>> {
        if ids.is_empty() {
            return Vec::new();
        }
        let numbered = ids.iter().enumerate().map(|(index, id)| (format!("SubnetId.{}", index + 1), json!(id)));
        let parameters = Value::Object(numbered.collect::<Map<_, _>>());
        let regional = self.regional(side);
        let answer = seen(deadline, "ec2 DescribeSubnets", regional.signed.read(&EC2, &SUBNETS, &parameters)).await;
        let free = |answer: &Value, id: &str| {
            let mut subnets = answer["subnetSet"]["item"].as_array().into_iter().flatten();
            subnets.find(|subnet| subnet["subnetId"] == id)?["availableIpAddressCount"].as_str()?.parse().ok()
        };
        let one = |id: &str| Looked {
            name: id.to_owned(),
            state: match &answer {
                Seen::Known(answer) => free(answer, id).map_or_else(
                    || Seen::Unknown(format!("EC2 doesn't tell how many addresses {id} has")),
                    Seen::Known,
                ),
                Seen::Unknown(why) => Seen::Unknown(why.clone()),
                Seen::Refused(why) => Seen::Refused(why.clone()),
            },
        };
        ids.into_iter().map(one).collect()
    }

    /// Certificates of that side's listener, where one is configured and speaks TLS.
    pub(crate) async fn certificates(&self, side: SideName) -> Vec<Looked<Certificate>> {
        let deadline = self.deadline();
        let Some(listener) = &self.side(side).listener else { return Vec::new() };
        let regional = self.regional(side);
        let send = || regional.elb.describe_listeners().listener_arns(&listener.arn).send();
        // That it couldn't be read is told where its actions are looked at.
        let Seen::Known(answer) =
            seen(deadline, "elasticloadbalancing DescribeListeners", regional.caller.read(&LISTENERS, send)).await
        else {
            return Vec::new();
        };
        let arns = answer.listeners().iter().flat_map(|listener| listener.certificates());
        let arns: BTreeSet<&str> =
            arns.filter_map(|certificate| certificate.certificate_arn()).filter(|arn| arn.contains(":acm:")).collect();
        look_up(arns, |arn| seen(deadline, "acm DescribeCertificate", self.certificate(side, arn))).await
    }

    async fn certificate(&self, side: SideName, arn: &str) -> Result<Certificate, AwsError> {
        let parameters = json!({ "CertificateArn": arn });
        let answer = self.regional(side).signed.read(&ACM, &CERTIFICATE, &parameters).await?;
        let found = &answer["Certificate"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Certificate {
            not_after: found["NotAfter"].as_f64().and_then(|at| Timestamp::from_second(at as i64).ok()),
            status: text(&found["Status"]).unwrap_or_default(),
            renewal: text(&found["RenewalSummary"]["RenewalStatus"]),
        })
    }
}

/// Looks each of them up, side by side, as far as there are not too many.
async fn look_up<'a, T, F>(names: BTreeSet<&'a str>, look: impl Fn(&'a str) -> F) -> Vec<Looked<T>>
where
    F: Future<Output = Seen<T>>,
{
    let one = async |(index, name): (usize, &'a str)| Looked {
        name: name.to_owned(),
        state: match index < MOST {
            true => look(name).await,
            false => Seen::Unknown(format!("not looked up: more than {MOST} of its kind")),
        },
    };
    join_all(names.into_iter().enumerate().map(one)).await
}
