//! CodeBuild: a project per application, whose builds apply the primary region's stack.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Simulation,
    agenda::Event,
    refusal::{Refusal, Result},
};
use crate::{dice, pair::Pair, region::Region, terraform::TerraformState};

/// All builds, oldest first.
#[derive(Debug, Default)]
pub(crate) struct CodeBuild {
    pub(crate) builds: Vec<Build>,
}

/// A build.
#[derive(Debug)]
pub(crate) struct Build {
    /// `<project>:<uuid>`.
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) application: String,
    pub(crate) account: String,
    pub(crate) region: Region,
    /// Counted per project, from 1.
    pub(crate) number: u32,
    pub(crate) token: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) started: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) phase: Phase,
}

/// How far a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its container is being started.
    Provisioning,
    /// It applies.
    Building,
    Succeeded,
    /// With what its log says last.
    Failed(String),
}

impl Simulation {
    /// `StartBuild` with Terraform variables; without any, those that make the primary's cluster a secondary again. Gives
    /// the build's id. A token that was used before gives the build it started then.
    pub(crate) fn start_build(
        &mut self,
        region: &Region,
        project: &str,
        variables: BTreeMap<String, String>,
        token: Option<&str>,
    ) -> Result<String> {
        let pair = self.project(region, project).ok_or_else(|| project_not_found(region, project))?;
        let builds = &self.codebuild.builds;
        if let Some(build) = builds.iter().find(|build| token.is_some() && build.token.as_deref() == token) {
            return Ok(build.id.clone());
        }
        let number = builds.iter().filter(|build| build.project == project).count() as u32 + 1;
        let id = format!("{project}:{}", dice::uuid(&format!("build/{project}/{number}")));
        let build = Build {
            id: id.clone(),
            project: project.to_owned(),
            application: pair.name.clone(),
            account: pair.account.clone(),
            region: region.clone(),
            number,
            token: token.map(str::to_owned),
            variables,
            started: self.now,
            ended: None,
            phase: Phase::Provisioning,
        };
        self.codebuild.builds.push(build);
        let provisioning = self.dice.around(self.durations().build, &format!("build/{id}"));
        self.later(provisioning, Event::Build { build: id.clone() });
        Ok(id)
    }

    /// The application whose project that is; projects are in the DR region.
    pub(crate) fn project(&self, region: &Region, project: &str) -> Option<&Pair> {
        self.scenario.pairs.iter().find(|pair| pair.build_project() == project && pair.dr.region == *region)
    }

    /// A build begins its apply, or looks how that stands.
    pub(super) fn build_step(&mut self, id: &str) {
        let Some(build) = self.codebuild.builds.iter().find(|build| build.id == id) else { return };
        let phase = match build.phase {
            Phase::Provisioning => self.begin_apply(&build.application.clone(), build.variables.clone()),
            _ => self.follow_apply(&build.application),
        };
        let now = self.now;
        let over = matches!(phase, Phase::Succeeded | Phase::Failed(_));
        if let Some(build) = self.codebuild.builds.iter_mut().find(|build| build.id == id) {
            build.phase = phase;
            build.ended = over.then_some(now);
        }
        if !over {
            self.later(self.durations().poll, Event::Build { build: id.to_owned() });
        }
    }

    fn begin_apply(&mut self, application: &str, mut variables: BTreeMap<String, String>) -> Phase {
        if self.faults.build_fails(application) {
            return Phase::Failed("COMMAND_EXECUTION_ERROR: terraform init: exit status 1".to_owned());
        }
        if variables.is_empty()
            && let Some(pair) = self.scenario.pairs.iter().find(|pair| pair.name == application)
        {
            variables = self.rebuild_variables(pair);
        }
        match self.apply_terraform(application, &variables) {
            Ok(()) => Phase::Building,
            Err(error) => Phase::Failed(format!("COMMAND_EXECUTION_ERROR: terraform apply: {error}")),
        }
    }

    fn follow_apply(&self, application: &str) -> Phase {
        match self.terraform.state(application) {
            Some(TerraformState::Applied) => Phase::Succeeded,
            Some(TerraformState::Failed(error)) => Phase::Failed(format!("COMMAND_EXECUTION_ERROR: {error}")),
            Some(TerraformState::Applying) | None => Phase::Building,
        }
    }
}

fn project_not_found(region: &Region, project: &str) -> Refusal {
    Refusal::invalid("ResourceNotFoundException", format!("Project cannot be found: {project} in {region}"))
}
