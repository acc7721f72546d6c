//! The AWS services on the wire: a request is decoded into a call, the call is made on the simulation, what comes of it
//! is encoded again. Each service has one module with its operations; protocols are apart from them.

mod apigateway;
mod autoscaling;
mod cbor;
mod cloudwatch;
mod codebuild;
mod ecs;
mod ecs_services;
mod elb;
mod elb_shapes;
mod input;
mod kms;
mod needs;
mod paging;
pub(crate) mod protocol;
mod query;
mod quotas;
mod rds;
mod route53;
mod route53_records;
mod sts;
mod xml;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use self::{input::Input, protocol::ApiCall};
use crate::{
    region::Region,
    simulation::{
        Simulation,
        refusal::{Refusal, Result},
    },
};

/// A service that the simulated regions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Relational Database Service: Aurora.
    Rds,
    /// Elastic Container Service.
    Ecs,
    /// Application Auto Scaling.
    ApplicationAutoScaling,
    /// Elastic Load Balancing, version 2.
    Elbv2,
    /// Route 53.
    Route53,
    /// CloudWatch metrics.
    CloudWatch,
    /// CodeBuild.
    CodeBuild,
    /// Key Management Service.
    Kms,
    /// Service Quotas.
    ServiceQuotas,
    /// Security Token Service.
    Sts,
    /// API Gateway, both versions of its API.
    ApiGateway,
    /// Elastic Container Registry.
    Ecr,
    /// Secrets Manager.
    SecretsManager,
    /// Systems Manager.
    Ssm,
    /// CloudWatch Logs.
    Logs,
    /// Certificate Manager.
    Acm,
    /// Elastic Compute Cloud: subnets.
    Ec2,
}

impl Service {
    /// The service with that name in the credential scope of a SigV4 signature.
    fn of_signing_name(name: &str) -> Option<Self> {
        Some(match name {
            "rds" => Self::Rds,
            "ecs" => Self::Ecs,
            "application-autoscaling" => Self::ApplicationAutoScaling,
            "elasticloadbalancing" => Self::Elbv2,
            "route53" => Self::Route53,
            "monitoring" => Self::CloudWatch,
            "codebuild" => Self::CodeBuild,
            "kms" => Self::Kms,
            "servicequotas" => Self::ServiceQuotas,
            "sts" => Self::Sts,
            "apigateway" => Self::ApiGateway,
            "ecr" => Self::Ecr,
            "secretsmanager" => Self::SecretsManager,
            "ssm" => Self::Ssm,
            "logs" => Self::Logs,
            "acm" => Self::Acm,
            "ec2" => Self::Ec2,
            _ => return None,
        })
    }
}

/// Who calls, and where.
struct Context<'a> {
    region: &'a Region,
    access_key: &'a str,
}

/// Makes a call on the simulation.
pub(crate) fn perform(simulation: &mut Simulation, call: &ApiCall) -> Result<Value> {
    let operations = match call.service {
        Service::Rds => rds::call,
        Service::Ecs => ecs::call,
        Service::ApplicationAutoScaling => autoscaling::call,
        Service::Elbv2 => elb::call,
        Service::Route53 => route53::call,
        Service::CloudWatch => cloudwatch::call,
        Service::CodeBuild => codebuild::call,
        Service::Kms => kms::call,
        Service::ServiceQuotas => quotas::call,
        Service::Sts => sts::call,
        Service::ApiGateway => apigateway::call,
        Service::Ecr => needs::ecr,
        Service::SecretsManager => needs::secrets_manager,
        Service::Ssm => needs::ssm,
        Service::Logs => needs::logs,
        Service::Acm => needs::acm,
        Service::Ec2 => needs::ec2,
    };
    let context = Context { region: &call.region, access_key: &call.access_key };
    operations(simulation, &context, &call.operation, Input::new(&call.input))
}

/// Whether an operation can change anything.
pub(crate) fn is_changing(operation: &str) -> bool {
    !["Describe", "List", "Get", "BatchGet", "Assume"].iter().any(|reading| operation.starts_with(reading))
}

/// The answer to an operation that is not simulated, in the code of the service's protocol.
fn unknown_operation(service: Service, operation: &str) -> Refusal {
    tracing::warn!(?service, operation, "operation is not simulated");
    let code = match service {
        Service::Rds | Service::Elbv2 | Service::Sts | Service::Route53 | Service::Ec2 => "InvalidAction",
        _ => "UnknownOperationException",
    };
    Refusal::invalid(code, format!("Could not find operation {operation}"))
}

/// A time as XML protocols write it.
fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A time as JSON protocols write it: seconds since 1970.
fn epoch(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}
