//! CodeBuild: a project in the DR region that applies Terraform.

use std::collections::BTreeMap;

use aws_sdk_codebuild::types::{self, EnvironmentVariable, EnvironmentVariableType, StatusType};
use aws_types::request_id::RequestId as _;

use super::{Accepted, Aws, AwsError, Regional, call::Operation};
use crate::{change::terraform_variable, topology::SideName};

static START_BUILD: Operation = Operation::new("codebuild", "StartBuild");
static BUILDS: Operation = Operation::new("codebuild", "BatchGetBuilds");
static PROJECTS: Operation = Operation::new("codebuild", "BatchGetProjects");

/// A build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// How it stands.
    pub status: BuildStatus,
    /// Phase that it is in: `PROVISIONING`, `BUILD`, …
    pub phase: String,
    /// Address of its log, once there is one.
    pub log: Option<String>,
}

/// How a build stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildStatus {
    /// Under way.
    InProgress,
    /// Every command ended well.
    Succeeded,
    /// It ended otherwise: failed, stopped, timed out. With CodeBuild's reasons.
    Ended(String),
}

impl Aws {
    /// That build; `None` if there is none.
    pub async fn build(&self, id: &str) -> Result<Option<Build>, AwsError> {
        let regional = self.regional(SideName::Dr);
        let send = || regional.codebuild.batch_get_builds().ids(id).send();
        let answer = regional.caller.read(&BUILDS, send).await?;
        Ok(answer.builds().first().map(build))
    }

    /// Whether there is such a project.
    pub async fn has_build_project(&self, project: &str) -> Result<bool, AwsError> {
        let regional = self.regional(SideName::Dr);
        let send = || regional.codebuild.batch_get_projects().names(project).send();
        let answer = regional.caller.read(&PROJECTS, send).await?;
        Ok(!answer.projects().is_empty())
    }
}

impl Regional {
    pub(super) async fn start_build(
        &self,
        project: &str,
        variables: &BTreeMap<String, String>,
        token: Option<&str>,
    ) -> Result<Accepted, AwsError> {
        let mut overrides = Vec::with_capacity(variables.len());
        for (name, value) in variables {
            let variable = EnvironmentVariable::builder().name(terraform_variable(name)).value(value);
            let variable = variable.r#type(EnvironmentVariableType::Plaintext).build();
            overrides.push(variable.map_err(|error| {
                AwsError::unsent(&START_BUILD, &self.caller.region, format!("variable {name}: {error}"))
            })?);
        }
        let send = || {
            let start = self.codebuild.start_build().project_name(project);
            start
                .set_environment_variables_override(Some(overrides.clone()))
                .set_idempotency_token(token.map(str::to_owned))
                .send()
        };
        let answer = self.caller.change(&START_BUILD, send).await?;
        let request_id = answer.request_id().map(str::to_owned);
        let Some(id) = answer.build_value().and_then(types::Build::id) else {
            return Err(AwsError::unreadable(&START_BUILD, &self.caller.region, "the answer names no build"));
        };
        Ok(Accepted { request_id, reference: Some(id.to_owned()) })
    }
}

fn build(build: &types::Build) -> Build {
    let status = match build.build_status() {
        Some(StatusType::Succeeded) => BuildStatus::Succeeded,
        Some(StatusType::InProgress) | None => BuildStatus::InProgress,
        Some(other) => BuildStatus::Ended(why(other, build.phases())),
    };
    Build {
        status,
        phase: build.current_phase().unwrap_or_default().to_owned(),
        log: build.logs().and_then(types::LogsLocation::deep_link).map(str::to_owned),
    }
}

/// The status and what the phases say that did not succeed.
fn why(status: &StatusType, phases: &[types::BuildPhase]) -> String {
    let contexts = phases.iter().filter(|phase| phase.phase_status() != Some(&StatusType::Succeeded));
    let said = contexts.flat_map(|phase| {
        let name = phase.phase_type().map_or("", types::BuildPhaseType::as_str);
        phase.contexts().iter().filter_map(move |context| {
            let message = context.message().filter(|message| !message.is_empty())?;
            Some(format!("{name}: {message}"))
        })
    });
    std::iter::once(status.as_str().to_owned()).chain(said).collect::<Vec<_>>().join("; ")
}
