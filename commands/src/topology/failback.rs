//! The way back as configuration describes it: when the rebuilt secondary keeps up, and who builds it.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{Application, seconds};
use crate::change::Change;

/// The way back to the primary.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Failback {
    /// Lag, in milliseconds, under which the rebuilt secondary must stay before the switchover.
    pub lag_below_ms: f64,
    /// For how long.
    #[serde(with = "seconds")]
    pub lag_for: Duration,
    /// What a person runs so that Terraform builds the former primary anew as a secondary. `{primary_region}` and `{dr_region}` stand for the
    /// regions.
    pub handoff: String,
    /// What a person runs so that Terraform has its variables as in steady state again, once the primary writes.
    pub restore: String,
    /// What Terraform's stacks are called, for people who have to apply one.
    pub stacks: Stacks,
    /// Whether the automated backups of a stale cluster go with it when it is deleted. They are kept by default, for their retention period.
    pub delete_automated_backups: bool,
    /// What runs the hand-off instead of a person, if anything does.
    pub codebuild: Option<CodeBuild>,
}

/// Names of Terraform's stacks. `{region}` and `{service}` stand for what a stack is about.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stacks {
    /// A region's network, load balancer, gateway and database.
    pub platform: String,
    /// A service in a region.
    pub workloads: String,
    /// The record.
    pub dns: String,
}

/// A CodeBuild project in the DR region that applies the primary region's Terraform stack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeBuild {
    /// Name of the project.
    pub project: String,
    /// Terraform's variables by name, without `TF_VAR_`. `{primary_region}` and `{dr_region}` stand for the regions.
    #[serde(default = "CodeBuild::default_variables")]
    pub variables: BTreeMap<String, String>,
}

impl Default for Failback {
    fn default() -> Self {
        Self {
            lag_below_ms: 1_000.0,
            lag_for: Duration::from_secs(120),
            handoff: "terraform -chdir=platform/{primary_region} apply -var is_aurora_secondary=true -var aurora_source_region={dr_region}"
                .to_owned(),
            restore: "terraform -chdir=platform/{primary_region} apply -var is_aurora_secondary=false".to_owned(),
            stacks: Stacks::default(),
            delete_automated_backups: false,
            codebuild: None,
        }
    }
}

impl Failback {
    /// The hand-off with the pair's regions.
    pub fn handoff(&self, app: &Application) -> String {
        filled(&self.handoff, app)
    }

    /// The restoring of Terraform's variables, with the pair's regions.
    pub fn restore(&self, app: &Application) -> String {
        filled(&self.restore, app)
    }
}

impl Default for Stacks {
    fn default() -> Self {
        Self {
            platform: "platform/{region}".to_owned(),
            workloads: "workloads/{service}/{region}".to_owned(),
            dns: "dns".to_owned(),
        }
    }
}

impl Stacks {
    /// The stack of a region's database.
    pub fn platform(&self, region: &str) -> String {
        self.platform.replace("{region}", region)
    }

    /// The stack of a service in a region.
    pub fn workloads(&self, service: &str, region: &str) -> String {
        self.workloads.replace("{service}", service).replace("{region}", region)
    }

    /// All of an application, each once.
    pub fn all(&self, app: &Application) -> Vec<String> {
        let regions = [&app.primary.region, &app.dr.region];
        let platforms = regions.iter().map(|region| self.platform(region));
        let services =
            app.services.iter().flat_map(|service| regions.map(|region| self.workloads(&service.name, region)));
        let mut all: Vec<String> = platforms.chain(services).chain([self.dns.clone()]).collect();
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|stack| seen.insert(stack.clone()));
        all
    }
}

impl CodeBuild {
    fn default_variables() -> BTreeMap<String, String> {
        [("is_aurora_secondary", "true"), ("aurora_source_region", "{dr_region}")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// The start of a build, with the pair's regions. A plan has no `token` yet.
    pub fn build(&self, app: &Application, token: Option<String>) -> Change {
        let variables = self.variables.iter().map(|(name, value)| (name.clone(), filled(value, app))).collect();
        Change::Build { project: self.project.clone(), variables, token }
    }
}

fn filled(template: &str, app: &Application) -> String {
    template.replace("{primary_region}", &app.primary.region).replace("{dr_region}", &app.dr.region)
}
