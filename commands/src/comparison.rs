//! How an application stands when a run ends: both regions held against what the configuration demands of the region that serves then, and what
//! mends each difference. A pure function of what was observed; the result is a record, so that the report stays a function of records.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    observation::{Observation, ServiceState},
    phase::writing,
    supply::{Active, Found, Supply},
    topology::{Application, Service, SideName},
};

/// How an application stands when a run ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// When it was observed.
    pub at: Timestamp,
    /// The region that serves; `None` if that is unknown.
    pub active: Option<String>,
    /// The region that writes; `None` if that is unknown, or neither of the two.
    pub writer: Option<String>,
    /// What differs, or could not be seen; empty if all is as configured.
    pub differences: Vec<Missing>,
}

/// Something that is not as the configuration demands, or that could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// What it is about: `web in us-east-1, which serves`.
    pub resource: String,
    /// What was found, or why nothing was.
    pub found: String,
    /// What mends it: a command that works as printed, or a stack to apply.
    pub mend: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.resource, self.found, self.mend)
    }
}

impl Comparison {
    /// The comparison of the application with that name as it was observed.
    pub fn of(name: &str, app: &Application, observation: &Observation) -> Self {
        let look = || format!("`/dr status {name}` once it answers");
        let at = observation.at;
        let writes = observation.global.known().and_then(|global| writing(app, global));
        let writer = writes.map(|side| app.side(side).region.clone());
        let active = match Active::of(app, observation) {
            Ok(active) => active,
            Err(why) => {
                let unknown = missing("the region that serves", format!("unknown: {why}"), look());
                return Self { at, active: None, writer, differences: vec![unknown] };
            }
        };
        let region = app.side(active.side).region.clone();
        let mut differences: Vec<Missing> =
            writes.and_then(|writer| elsewhere(name, app, active.side, writer)).into_iter().collect();
        match active.silence() {
            Some(why) => {
                let what = format!("the capacity of {region}, which serves");
                differences.push(missing(what, format!("unknown: {why}"), look()));
            }
            None => {
                differences.extend(active.supplies.iter().filter_map(|supply| short(name, app, active.side, supply)));
            }
        }
        differences.extend(active.listener.iter().map(|found| {
            missing(format!("the listener in {region}, which serves"), found, format!("`/dr restore {name}`"))
        }));
        // Where DR writes, it does not stand by, whatever the record says.
        if active.side == SideName::Primary && writes == Some(SideName::Primary) {
            differences.extend(app.services.iter().filter_map(|service| not_idle(name, app, observation, service)));
        }
        Self { at, active: Some(region), writer, differences }
    }
}

fn missing(resource: impl Into<String>, found: impl Into<String>, mend: impl Into<String>) -> Missing {
    Missing { resource: resource.into(), found: found.into(), mend: mend.into() }
}

/// That another region writes than the one that serves.
fn elsewhere(name: &str, app: &Application, side: SideName, writer: SideName) -> Option<Missing> {
    if writer == side {
        return None;
    }
    let mend = match writer {
        SideName::Dr => format!("`/dr promote {name}` goes on with the move"),
        SideName::Primary => format!("`/dr failback {name}` goes on with the move"),
    };
    let found = format!("{} serves, and {} writes", app.side(side).region, app.side(writer).region);
    Some(missing("the record and the writer", found, mend))
}

/// What a service of the region that serves lacks, or that it could not be seen.
fn short(name: &str, app: &Application, side: SideName, supply: &Supply) -> Option<Missing> {
    let region = &app.side(side).region;
    let (found, mend) = match &supply.found {
        Found::Enough(_) => return None,
        Found::Short(found) => (found.clone(), format!("`/dr restore {name}`")),
        Found::Absent(found) => {
            let stack = app.failback.stacks.workloads(&supply.service, region);
            (found.clone(), format!("apply stack {stack}, then `/dr restore {name}`"))
        }
        Found::Unknown(why) => (format!("unknown: {why}"), format!("`/dr status {name}` once it answers")),
    };
    Some(missing(format!("{} in {region}, which serves", supply.service), found, mend))
}

/// A service of DR that is not at warm idle while the primary serves. What could not be seen of it hurts nobody now.
fn not_idle(name: &str, app: &Application, observation: &Observation, service: &Service) -> Option<Missing> {
    let named = observation.dr.services.iter().find(|named| named.name == service.name)?;
    let state: &ServiceState = named.state.known()?.as_ref()?;
    let min = state.scaling.known().and_then(Option::as_ref).map(|target| target.min);
    if state.desired == service.idle && min.is_none_or(|min| min == service.idle) {
        return None;
    }
    let least = min.map(|min| format!(", minimum {min}")).unwrap_or_default();
    Some(missing(
        format!("{} in {}, which stands by", service.name, app.dr.region),
        format!("desired count {}{least}, warm idle is {}", state.desired, service.idle),
        format!("`/dr failback {name}` brings it to warm idle"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, observation::Seen};

    fn told(observation: &Observation) -> Vec<String> {
        Comparison::of("shop", &fixture::app(), observation).differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pair_as_configured_has_no_difference() {
        let comparison = Comparison::of("shop", &fixture::app(), &fixture::steady());
        assert_eq!((comparison.active.as_deref(), comparison.differences.len()), (Some("us-east-1"), 0));
    }

    #[test]
    fn what_a_broken_off_promote_leaves_names_the_command_for_each_region() {
        let mut left = fixture::steady();
        left.primary.services[0].state = Seen::Known(Some(fixture::service(0)));
        left.dr.services[0].state = Seen::Known(Some(fixture::service(4)));
        assert_eq!(
            told(&left),
            [
                "web in us-east-1, which serves: 0 of 4 tasks running, desired count 0, minimum 0 instead of 4 → `/dr restore shop`",
                "web in us-west-2, which stands by: desired count 4, minimum 4, warm idle is 1 → `/dr failback shop` brings it to warm idle",
            ]
        );
    }

    #[test]
    fn dr_owes_production_where_it_serves() {
        let mut serves = fixture::moved();
        serves.records = fixture::at(SideName::Dr);
        let told = told(&serves);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("web in us-west-2, which serves: 1 of 4 tasks running"), "{told:?}");
        assert!(told[1].starts_with("the listener in us-west-2, which serves: does not forward"), "{told:?}");
    }

    #[test]
    fn writer_elsewhere_names_the_command_that_goes_on() {
        assert_eq!(
            told(&fixture::moved())[0],
            "the record and the writer: us-east-1 serves, and us-west-2 writes → `/dr promote shop` goes on with the move"
        );
    }

    #[test]
    fn what_does_not_answer_is_unknown() {
        assert_eq!(
            told(&fixture::dark()),
            [
                "the capacity of us-east-1, which serves: unknown: us-east-1 did not answer within 2 s → `/dr status shop` once it answers"
            ]
        );
    }
}
