//! Checks of the hosted zones: what keeps Route 53 from taking a change of the records, or from taking it in an outage.

use super::{Check, RESOLVE, blocking, warning};
use crate::{
    observation::{NamedZone, Observation, Seen, ZoneState},
    topology::Application,
};

/// Guardrails that look at a record that is replaced, as this program does it: by DELETE and CREATE in one batch.
const ON_REPLACING: [&str; 2] = ["ACTIVE_RECORD_CHECK", "ALIAS_TARGET_CHECK"];

/// The checks of each zone.
pub(super) fn checks(app: &Application, observation: &Observation) -> Vec<Check> {
    let of_zone = |(index, zone): (usize, &NamedZone)| {
        let mut checks: Vec<Check> = protections(observation, index, zone).into_iter().collect();
        match &zone.state {
            Seen::Known(state) => {
                checks.extend(guardrails(index, zone, state));
                checks.extend(recovery(index, zone, state));
            }
            // The check of the records tells of a zone that nobody answers for.
            Seen::Unknown(_) => {}
            Seen::Refused(why) => checks.push(warning(id("zone", index, zone)).unknown(why, RESOLVE)),
        }
        checks.extend(private(app, index, zone));
        checks
    };
    observation.zones.iter().enumerate().flat_map(of_zone).collect()
}

/// The first zone has the id alone.
fn id(check: &str, index: usize, zone: &NamedZone) -> String {
    match index {
        0 => check.to_owned(),
        _ => format!("{check}-{}", zone.id),
    }
}

/// Protections of what would be replaced.
fn protections(observation: &Observation, index: usize, zone: &NamedZone) -> Option<Check> {
    let id = id("record-protection", index, zone);
    let protections = match &zone.protections {
        Seen::Known(protections) => protections,
        Seen::Unknown(_) => return None,
        Seen::Refused(why) => return Some(warning(id).unknown(why, RESOLVE)),
    };
    let moves = |name: &str, kind: &str| {
        let records = observation.records.iter().filter(|record| record.zone == zone.id && record.name == name);
        records.flat_map(|record| record.addresses()).any(|set| set.kind == kind)
    };
    let found: Vec<_> = protections.iter().filter(|protection| moves(&protection.name, &protection.kind)).collect();
    if found.is_empty() {
        return None;
    }
    let shown = found.iter().map(|protection| {
        let comment = protection.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
        format!("{} ({}){comment}", protection.name, protection.kind)
    });
    let keys: Vec<String> = found
        .iter()
        .map(|protection| format!("RecordName={},RecordType={}", protection.name, protection.kind))
        .collect();
    Some(blocking(id).fail(
        format!("Route 53 rejects every change of protected records: {}", shown.collect::<Vec<_>>().join(", ")),
        format!(
            "approve over this, and Standby deletes the protection, moves the record and creates the protection again; or do it by hand: `aws route53 delete-resource-record-set-protections --hosted-zone-id {} --protections {}`",
            zone.id,
            keys.join(" ")
        ),
    ))
}

fn guardrails(index: usize, zone: &NamedZone, state: &ZoneState) -> Option<Check> {
    let on: Vec<&str> =
        state.guardrails.iter().map(String::as_str).filter(|name| ON_REPLACING.contains(name)).collect();
    (!on.is_empty()).then(|| {
        let off = on.iter().map(|name| format!("Name={name},Status=DISABLED")).collect::<Vec<_>>().join(" ");
        blocking(id("zone-guardrails", index, zone)).fail(
            format!(
                "hosted zone {} has {} turned on, which may reject replacing a record in use",
                zone.id,
                on.join(" and ")
            ),
            format!(
                "`aws route53 update-hosted-zone-features --hosted-zone-id {} --change-guardrails {off}`, or override this once a change of that record has gone through",
                zone.id
            ),
        )
    })
}

/// Of public zones: private ones do not have it.
fn recovery(index: usize, zone: &NamedZone, state: &ZoneState) -> Option<Check> {
    let status = state.accelerated_recovery.as_deref().unwrap_or("not on");
    (!state.private).then(|| {
        warning(id("zone-recovery", index, zone)).judge(
            state.recovers(),
            format!("accelerated recovery is on for hosted zone {}", zone.id),
            format!("accelerated recovery is {status} for hosted zone {}: records may not be changed for as long as us-east-1 is dark", zone.id),
            format!("`aws route53 update-hosted-zone-features --hosted-zone-id {} --enable-accelerated-recovery`: with it, changes are back within about 60 minutes", zone.id),
        )
    })
}

/// Clients in a private zone's VPCs get its answers, whatever the public one says.
fn private(app: &Application, index: usize, zone: &NamedZone) -> Option<Check> {
    let found = zone.private.known().filter(|found| !found.is_empty())?;
    let zones: Vec<String> = found.iter().map(|(id, name)| format!("{name} ({id})")).collect();
    let names = app.records.iter().filter(|record| record.zone == zone.id).map(|record| record.name.as_str());
    Some(warning(id("zone-private", index, zone)).fail(
        format!(
            "the private zone {} covers {} too: clients in its VPCs get its answers, which Standby does not move",
            zones.join(", "),
            names.collect::<Vec<_>>().join(", ")
        ),
        "see whether the name is in the private zone; if clients use it there, move it by hand, or remove it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::Protection,
        readiness::{Level, Outcome},
    };

    fn found(change: impl FnOnce(&mut NamedZone)) -> Vec<(String, Level, Outcome)> {
        let mut observation = fixture::steady();
        change(&mut observation.zones[0]);
        let checks = checks(&fixture::app(), &observation);
        let open = checks.into_iter().filter(|check| check.outcome() != Outcome::Pass);
        open.map(|check| (check.id.clone(), check.level, check.outcome())).collect()
    }

    fn state(zone: &mut NamedZone) -> &mut ZoneState {
        match &mut zone.state {
            Seen::Known(state) => state,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn protections_of_what_moves_block() {
        let protect = |name: &str, kind: &str| {
            let protection = Protection { name: name.into(), kind: kind.into(), comment: Some("legal".into()) };
            found(|zone| zone.protections = Seen::Known(vec![protection]))
        };
        let blocks = [("record-protection".to_owned(), Level::Blocking, Outcome::Fail)];
        assert_eq!(protect("app.shop.example", "A"), blocks);
        assert_eq!(protect("app.shop.example", "AAAA"), [], "there is none");
        assert_eq!(protect("shop.example", "A"), []);
    }

    #[test]
    fn guardrails_that_look_at_records_block_and_the_others_do_not() {
        let on = |name: &str| found(|zone| state(zone).guardrails.push(name.into()));
        assert_eq!(on("ACTIVE_RECORD_CHECK"), [("zone-guardrails".to_owned(), Level::Blocking, Outcome::Fail)]);
        assert_eq!(on("NS_FORMAT_CHECK"), []);
    }

    #[test]
    fn accelerated_recovery_private_zones_and_denials_are_told() {
        let warns = |id: &str, outcome| [(id.to_owned(), Level::Warning, outcome)];
        assert_eq!(found(|zone| state(zone).accelerated_recovery = None), warns("zone-recovery", Outcome::Fail));
        let private = Seen::Known(vec![("Z9".to_owned(), "shop.example".to_owned())]);
        assert_eq!(found(|zone| zone.private = private), warns("zone-private", Outcome::Fail));
        assert_eq!(found(|zone| zone.private = Seen::Refused("AccessDenied".into())), []);
        let refused = || Seen::Refused("AccessDenied".into());
        assert_eq!(found(|zone| zone.protections = refused()), warns("record-protection", Outcome::Unknown));
    }
}
