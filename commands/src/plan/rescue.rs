//! The plan of a rescue: what Aurora saved of the former primary by itself is copied to a manual snapshot.

use super::{Method, MethodOption, NoPlan, Plan, RunbookName, steps};
use crate::{
    observation::{Observation, Seen},
    readiness::rescue_checks,
    rescue::Rescue,
    stake::Stake,
    topology::{Application, SideName},
};

/// What `/dr rescue` would do now, with what is known of the data that Aurora saved.
///
/// # Errors
/// When Aurora saved nothing, all of it is kept already, or it can't be told.
pub fn rescue(name: &str, app: &Application, observation: &Observation, stake: &Stake) -> Result<Plan, NoPlan> {
    let region = app.primary.region.clone();
    let rescues = match &stake.rescues {
        Seen::Known(rescues) => rescues,
        Seen::Unknown(why) => return Err(NoPlan::PrimaryDark { region, why: why.clone() }),
        Seen::Refused(why) => return Err(NoPlan::Refused { why: why.clone() }),
    };
    let left = |rescue: &Rescue| rescue.kept().is_none() && !rescue.source.has_failed();
    if !rescues.iter().any(left) {
        let kept = rescues.iter().filter_map(Rescue::kept).map(|copy| copy.id.clone()).collect::<Vec<_>>();
        return Err(NoPlan::NothingToRescue { cluster: app.primary.db_cluster.clone(), region, kept: kept.join(", ") });
    }
    Ok(Plan {
        application: name.to_owned(),
        environment: app.environment,
        runbook: RunbookName::Rescue,
        from: app.dr.region.clone(),
        to: region,
        target: SideName::Primary,
        options: vec![MethodOption { method: Method::Rescue, changes: Vec::new(), calls: Vec::new() }],
        lag: observation.lag.clone(),
        checks: rescue_checks(app, observation, stake),
        steps: vec![steps::rescue(app, rescues)],
        suspended: Vec::new(),
        afterwards: Vec::new(),
        observed_at: observation.at,
    })
}
