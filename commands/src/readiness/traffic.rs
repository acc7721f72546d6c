//! Checks of what carries traffic: listener, record, endpoint.

use super::{Check, blocking, warning};
use crate::{
    goals::served_by,
    observation::{Observation, RecordSet, Seen},
    phase::writing,
    topology::{Application, SideName},
};

/// Longest TTL, in seconds, that keeps the record's change within what a promote is expected to take.
const TTL: i64 = 60;

pub(super) fn checks(app: &Application, observation: &Observation) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.extend(listener(app, observation));
    checks.extend(record_checks(app, observation));
    checks.push(endpoint(app, observation));
    checks
}

/// Only where a listener is configured. That it forwards to another target group is what the listener step is for.
fn listener(app: &Application, observation: &Observation) -> Option<Check> {
    let configured = app.dr.listener.as_ref()?;
    let draft = blocking("listener");
    Some(match observation.dr.listener.as_ref()? {
        Seen::Unknown(why) => draft.unknown(why, "correct `listener.arn` if it is wrong; otherwise look again"),
        Seen::Refused(why) => draft.refused(why),
        Seen::Known(state) if state.actions.iter().all(|action| action.targets.is_empty()) => draft.fail(
            format!("{} has no forward action to switch", configured.arn),
            "give it one to the idle target group",
        ),
        Seen::Known(state) if state.forwards_only_to(&configured.target_group) => {
            draft.pass("it forwards to the production target group")
        }
        Seen::Known(_) => draft.pass("it forwards elsewhere; the listener step switches it"),
    })
}

fn record_checks(app: &Application, observation: &Observation) -> Vec<Check> {
    let name = &app.record.name;
    let record = match &observation.record {
        Seen::Known(Some(record)) => record,
        Seen::Known(None) => {
            return vec![blocking("record").fail(
                format!("there is no A record {name} in {}", app.record.zone),
                "correct `record`; approve over this only if the record is to be created",
            )];
        }
        Seen::Refused(why) => return vec![blocking("record").refused(why)],
        // Route 53's control plane stands in us-east-1 and may be dark with it. All other steps go on, and this one tries until it answers.
        Seen::Unknown(why) => {
            return vec![
                warning("record").unknown(why, "none needed to begin: the dns step tries until Route 53 answers"),
            ];
        }
    };
    vec![owner(app, observation, record), simple(record), ttl(record)]
}

fn owner(app: &Application, observation: &Observation, record: &RecordSet) -> Check {
    let detail = format!("{} is {}", record.name, record.target());
    let writer = observation.global.known().and_then(|global| writing(app, global));
    match served_by(app, record) {
        Some(SideName::Primary) => blocking("record").pass(format!("{detail}, the primary's endpoint")),
        Some(SideName::Dr) if writer == Some(SideName::Dr) => {
            blocking("record").pass(format!("{detail}, DR's endpoint"))
        }
        Some(SideName::Dr) => blocking("record").fail(
            format!("{detail}, DR's endpoint already, while DR is not the writer"),
            "find out who moved it before anything else moves",
        ),
        None => blocking("record").fail(
            format!("{detail}, which is neither side's endpoint"),
            "correct `endpoint` in the configuration, or find out who moved the record",
        ),
    }
}

fn simple(record: &RecordSet) -> Check {
    blocking("record-simple").judge(
        record.routing.is_empty(),
        format!("{} is a simple record", record.name),
        format!("{} is not a simple record: {}", record.name, record.routing.join(", ")),
        "make it a simple alias; what else decides over its answers would undo or outvote the change",
    )
}

fn ttl(record: &RecordSet) -> Check {
    let draft = warning("record-ttl");
    match record.ttl {
        None => draft.pass("an alias: 60 s at resolvers"),
        Some(seconds) => draft.judge(
            seconds <= TTL,
            format!("{seconds} s"),
            format!("resolvers keep the record for {seconds} s"),
            format!("lower its TTL to {TTL} s, or make it an alias"),
        ),
    }
}

/// Any HTTP answer shows that name, certificate and stack are there: while DR is idle, an error status is what it should answer. 403 is
/// what API Gateway says where it knows no such domain.
fn endpoint(app: &Application, observation: &Observation) -> Check {
    let name = &app.dr.endpoint.dns_name;
    match &observation.dr.endpoint {
        Seen::Unknown(why) | Seen::Refused(why) => blocking("dr-endpoint")
            .unknown(why, "see that the custom domain and its certificate exist in DR, and that its stack answers"),
        Seen::Known(403) => warning("dr-endpoint").fail(
            format!("{name} answers 403 to {}", app.verify.url),
            "see that the custom domain exists in DR and maps to its API",
        ),
        Seen::Known(status) => blocking("dr-endpoint").pass(format!("{name} answers {status} to {}", app.verify.url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::{Alias, ListenerState},
        readiness::{Level, Outcome},
    };

    fn after(id: &str, harm: impl Fn(&mut Observation)) -> (Level, Outcome) {
        let mut observation = fixture::steady();
        harm(&mut observation);
        let mut checks = checks(&fixture::app(), &observation).into_iter();
        let Some(check) = checks.find(|check| check.id == id) else { unreachable!("there is a check {id}") };
        (check.level, check.outcome())
    }

    fn with_record(id: &str, change: impl Fn(&mut RecordSet)) -> (Level, Outcome) {
        after(id, |it| {
            let mut record = fixture::record(SideName::Primary);
            change(&mut record);
            it.record = Seen::Known(Some(record));
        })
    }

    #[test]
    fn the_record_must_be_one_that_can_be_swapped() {
        let blocks = (Level::Blocking, Outcome::Fail);
        assert_eq!(with_record("record-simple", |record| record.routing.push("weight".into())), blocks);
        let elsewhere = Alias { dns_name: "d-other.example".into(), zone: "Z".into(), evaluate_health: false };
        assert_eq!(with_record("record", |record| record.alias = Some(elsewhere.clone())), blocks);
        assert_eq!(after("record", |it| it.record = Seen::Known(Some(fixture::record(SideName::Dr)))), blocks);
        assert_eq!(after("record", |it| it.record = Seen::Known(None)), blocks);
        assert_eq!(with_record("record-ttl", |record| record.ttl = Some(300)), (Level::Warning, Outcome::Fail));
    }

    #[test]
    fn a_silent_route_53_does_not_keep_the_rest_from_beginning() {
        assert_eq!(
            after("record", |it| it.record = Seen::Unknown("silent".into())),
            (Level::Warning, Outcome::Unknown)
        );
    }

    #[test]
    fn a_record_that_must_not_be_read_blocks() {
        assert_eq!(
            after("record", |it| it.record = Seen::Refused("AccessDenied".into())),
            (Level::Blocking, Outcome::Fail)
        );
    }

    #[test]
    fn an_idle_listener_is_ready_and_one_without_forward_is_not() {
        assert_eq!(after("listener", |_| ()), (Level::Blocking, Outcome::Pass));
        let empty = Some(Seen::Known(ListenerState { actions: vec![] }));
        assert_eq!(after("listener", |it| it.dr.listener = empty.clone()), (Level::Blocking, Outcome::Fail));
        assert_eq!(
            after("listener", |it| it.dr.listener = Some(Seen::Unknown("there is no listener".into()))),
            (Level::Blocking, Outcome::Unknown)
        );
    }

    #[test]
    fn the_dr_endpoint_must_answer_something() {
        assert_eq!(after("dr-endpoint", |it| it.dr.endpoint = Seen::Known(503)), (Level::Blocking, Outcome::Pass));
        assert_eq!(after("dr-endpoint", |it| it.dr.endpoint = Seen::Known(403)), (Level::Warning, Outcome::Fail));
        assert_eq!(
            after("dr-endpoint", |it| it.dr.endpoint = Seen::Unknown("dark".into())),
            (Level::Blocking, Outcome::Unknown)
        );
    }
}
