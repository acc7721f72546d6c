//! CodeBuild: builds that apply Terraform, as the service's JSON 1.1 API has them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Context, Service, epoch, input::Input, unknown_operation};
use crate::simulation::{
    Simulation,
    codebuild::{Build, Phase},
    refusal::{Refusal, Result},
};

/// What Terraform takes for the variable `x` when it finds it in the environment.
const VARIABLE: &str = "TF_VAR_";

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "StartBuild" => start_build(simulation, context, input),
        "BatchGetProjects" => batch_get_projects(simulation, context, input),
        "BatchGetBuilds" => batch_get_builds(simulation, context, input),
        _ => Err(unknown_operation(Service::CodeBuild, operation)),
    }
}

fn start_build(simulation: &mut Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let project = input.required("projectName")?;
    let variables: BTreeMap<String, String> = input
        .list("environmentVariablesOverride")
        .filter_map(|variable| Some((variable.text("name")?.strip_prefix(VARIABLE)?, variable.text("value")?)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let id = simulation.start_build(context.region, project, variables, input.text("idempotencyToken"))?;
    let build = simulation.codebuild.builds.iter().find(|build| build.id == id);
    Ok(json!({"build": build.map(build_shape)}))
}

fn batch_get_builds(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let wanted = bounded(input.texts("ids"), "ids")?;
    let here = |id: &str| {
        let mut builds = simulation.codebuild.builds.iter().filter(|build| build.region == *context.region);
        builds.find(|build| build.id == id || arn(build) == id)
    };
    let found: Vec<Value> = wanted.iter().filter_map(|id| here(id)).map(build_shape).collect();
    let missing: Vec<&str> = wanted.into_iter().filter(|id| here(id).is_none()).collect();
    // The model has no empty list of builds that were not found.
    Ok(json!({"builds": found, "buildsNotFound": (!missing.is_empty()).then_some(missing)}))
}

fn batch_get_projects(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let wanted = bounded(input.texts("names"), "names")?;
    let here = |name: &str| simulation.project(context.region, name);
    let shape = |name: &&str| {
        let pair = here(name)?;
        let arn = format!("arn:aws:codebuild:{}:{}:project/{name}", context.region, pair.account);
        Some(json!({"name": name, "arn": arn}))
    };
    let found: Vec<Value> = wanted.iter().filter_map(shape).collect();
    let missing: Vec<&str> = wanted.into_iter().filter(|name| here(name).is_none()).collect();
    Ok(json!({"projects": found, "projectsNotFound": (!missing.is_empty()).then_some(missing)}))
}

/// The API reference gives both bounds.
fn bounded<'a>(wanted: Vec<&'a str>, name: &str) -> Result<Vec<&'a str>> {
    match wanted.len() {
        1..=100 => Ok(wanted),
        _ => Err(Refusal::invalid("InvalidInputException", format!("{name} must have 1 to 100 members"))),
    }
}

fn arn(build: &Build) -> String {
    format!("arn:aws:codebuild:{}:{}:build/{}", build.region, build.account, build.id)
}

fn build_shape(build: &Build) -> Value {
    let (status, phase) = match build.phase {
        Phase::Provisioning => ("IN_PROGRESS", "PROVISIONING"),
        Phase::Building => ("IN_PROGRESS", "BUILD"),
        Phase::Succeeded => ("SUCCEEDED", "COMPLETED"),
        Phase::Failed(_) => ("FAILED", "COMPLETED"),
    };
    let variables: Vec<Value> = build
        .variables
        .iter()
        .map(|(name, value)| json!({"name": format!("{VARIABLE}{name}"), "value": value, "type": "PLAINTEXT"}))
        .collect();
    json!({
        "id": build.id,
        "arn": arn(build),
        "buildNumber": build.number,
        "startTime": epoch(build.started),
        "endTime": build.ended.map(epoch),
        "currentPhase": phase,
        "buildStatus": status,
        "buildComplete": build.ended.is_some(),
        "projectName": build.project,
        "phases": phases(build),
        "logs": logs(build),
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": variables,
        },
        "timeoutInMinutes": 120,
        "queuedTimeoutInMinutes": 60,
        "initiator": "rehearsal",
    })
}

/// The log's address, which is there once the container is.
fn logs(build: &Build) -> Value {
    let Build { region, project, id, .. } = build;
    let stream = id.rsplit(':').next().unwrap_or_default();
    if build.phase == Phase::Provisioning {
        return json!({});
    }
    let group = format!("/aws/codebuild/{project}");
    let events = format!("{}/log-events/{stream}", group.replace('/', "$252F"));
    let address =
        format!("https://console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{events}");
    json!({"groupName": group, "streamName": stream, "deepLink": address})
}

/// The phase that says why a build failed; of others nobody reads the phases.
fn phases(build: &Build) -> Vec<Value> {
    let Phase::Failed(why) = &build.phase else { return Vec::new() };
    let (code, message) = why.split_once(": ").unwrap_or(("COMMAND_EXECUTION_ERROR", why));
    vec![json!({
        "phaseType": "BUILD",
        "phaseStatus": "FAILED",
        "startTime": epoch(build.started),
        "endTime": build.ended.map(epoch),
        "contexts": [{"statusCode": code, "message": message}],
    })]
}
