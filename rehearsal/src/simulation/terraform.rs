//! A stand-in for Terraform: applies of the primary regions' stacks, by a person or by a build.

use std::collections::BTreeMap;

use super::{
    Simulation,
    agenda::Event,
    aurora::{DbCluster, Life, NewCluster},
    refusal::Result as Answer,
};
use crate::{
    pair::{Pair, Side},
    terraform::{TerraformError, TerraformState},
};

/// The last apply of each application's primary stack, by application.
#[derive(Debug, Default)]
pub(crate) struct Terraform {
    applies: BTreeMap<String, Apply>,
}

#[derive(Debug)]
struct Apply {
    goal: Goal,
    state: TerraformState,
}

/// What the variables ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// The primary's cluster is a secondary, with its instances.
    Secondary,
    /// Settings are those of steady state; data is not touched.
    SteadyState,
}

/// Whether an apply has anything left to do.
enum Progress {
    Waits,
    Done,
}

const IS_SECONDARY: &str = "is_aurora_secondary";
const SOURCE_REGION: &str = "aurora_source_region";

impl Terraform {
    /// How the last apply stands; none if there was none.
    pub(crate) fn state(&self, application: &str) -> Option<&TerraformState> {
        self.applies.get(application).map(|apply| &apply.state)
    }
}

impl Simulation {
    /// Begins an apply of an application's primary stack.
    pub(crate) fn apply_terraform(
        &mut self,
        application: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), TerraformError> {
        let unknown = || TerraformError::UnknownApplication(application.to_owned());
        let pair = self.scenario.pairs.iter().find(|pair| pair.name == application).ok_or_else(unknown)?;
        if self.terraform.state(application) == Some(&TerraformState::Applying) {
            return Err(TerraformError::Locked(application.to_owned()));
        }
        if self.is_dark(&pair.primary.region) {
            return Err(TerraformError::RegionDark(pair.primary.region.clone()));
        }
        let goal = self.goal(pair, variables)?;
        self.check_apply(pair, goal)?;
        let apply = Apply { goal, state: TerraformState::Applying };
        self.terraform.applies.insert(application.to_owned(), apply);
        let plans = self.dice.around(self.durations().terraform, &format!("terraform/{application}/{}", self.now));
        self.later(plans, Event::Terraform { application: application.to_owned() });
        Ok(())
    }

    /// Variables with which the primary's cluster becomes a secondary of the current writer.
    pub(crate) fn rebuild_variables(&self, pair: &Pair) -> BTreeMap<String, String> {
        let writer = self.aurora.writer(&pair.global_cluster).map(|writer| writer.region.to_string());
        let secondary = (IS_SECONDARY.to_owned(), "true".to_owned());
        writer.map(|region| (SOURCE_REGION.to_owned(), region)).into_iter().chain([secondary]).collect()
    }

    fn goal(&self, pair: &Pair, variables: &BTreeMap<String, String>) -> Result<Goal, TerraformError> {
        let required =
            |name: &'static str| variables.get(name).map(String::as_str).ok_or(TerraformError::MissingVariable(name));
        match required(IS_SECONDARY)? {
            "false" => return Ok(Goal::SteadyState),
            "true" => {}
            found => return Err(invalid(IS_SECONDARY, "true or false", found)),
        }
        let found = required(SOURCE_REGION)?;
        match self.aurora.writer(&pair.global_cluster) {
            Some(writer) if writer.region.as_str() == found => Ok(Goal::Secondary),
            Some(writer) => Err(invalid(SOURCE_REGION, writer.region.as_str(), found)),
            None => Err(invalid(SOURCE_REGION, "the region of a writer", found)),
        }
    }

    fn check_apply(&self, pair: &Pair, goal: Goal) -> Result<(), TerraformError> {
        let id = || pair.primary.db_cluster.clone();
        match (goal, self.aurora.clusters.get(&pair.db_cluster_arn(Side::Primary))) {
            (Goal::Secondary, Some(cluster)) if !self.is_secondary(cluster) => Err(TerraformError::ClusterExists(id())),
            (Goal::SteadyState, None) => Err(TerraformError::ClusterAbsent(id())),
            _ => Ok(()),
        }
    }

    /// An apply looks at what there is, and does what is missing.
    pub(super) fn terraform_step(&mut self, application: &str) {
        let Some(goal) = self.terraform.applies.get(application).map(|apply| apply.goal) else { return };
        let Some(pair) = self.scenario.pairs.iter().find(|pair| pair.name == application).cloned() else { return };
        let state = match self.converge(&pair, goal) {
            Ok(Progress::Waits) => {
                self.later(self.durations().poll, Event::Terraform { application: application.to_owned() });
                return;
            }
            Ok(Progress::Done) => TerraformState::Applied,
            Err(error) => TerraformState::Failed(error.to_string()),
        };
        if let Some(apply) = self.terraform.applies.get_mut(application) {
            apply.state = state;
        }
    }

    fn converge(&mut self, pair: &Pair, goal: Goal) -> Result<Progress, TerraformError> {
        if self.is_dark(&pair.primary.region) {
            return Ok(Progress::Waits);
        }
        self.check_apply(pair, goal)?;
        match goal {
            Goal::SteadyState => self.restore_settings(pair),
            Goal::Secondary => self.build_secondary(pair),
        }
        .map_err(|refusal| TerraformError::Refused { code: refusal.code, message: refusal.message })
    }

    fn restore_settings(&mut self, pair: &Pair) -> Answer<Progress> {
        self.modify_cluster(&pair.primary.region, &pair.primary.db_cluster, Some(true))?;
        Ok(Progress::Done)
    }

    fn build_secondary(&mut self, pair: &Pair) -> Answer<Progress> {
        let site = &pair.primary;
        let Some(cluster) = self.aurora.clusters.get(&pair.db_cluster_arn(Side::Primary)) else {
            let wanted = NewCluster::secondary(pair, &site.db_cluster);
            self.create_cluster(&site.region, &wanted)?;
            return Ok(Progress::Waits);
        };
        if cluster.life != Life::Available {
            return Ok(Progress::Waits);
        }
        let missing = missing_instances(cluster, site.db_instances);
        let ready = cluster.instances.iter().all(|instance| instance.life == Life::Available);
        for instance in &missing {
            self.create_instance(&site.region, &site.db_cluster, instance, &site.db_instance_class)?;
        }
        Ok(if missing.is_empty() && ready { Progress::Done } else { Progress::Waits })
    }
}

/// Names of the instances that a cluster should have and has not.
fn missing_instances(cluster: &DbCluster, goal: usize) -> Vec<String> {
    let exists = |id: &String| cluster.instances.iter().any(|instance| instance.id == *id);
    (1..=goal).map(|number| format!("{}-{number}", cluster.id)).filter(|id| !exists(id)).collect()
}

fn invalid(name: &'static str, expected: &str, found: &str) -> TerraformError {
    TerraformError::InvalidVariable { name, expected: expected.to_owned(), found: found.to_owned() }
}
