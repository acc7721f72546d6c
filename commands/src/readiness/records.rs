//! Checks of the records that say which region serves: at each configured name, everything that decides where its clients go.

use super::{Check, Draft, LOOK_AGAIN, blocking, warning};
use crate::{
    observation::{NamedRecord, Observation, RecordSet, Seen},
    phase::{moving_to, writing},
    records::{Pointing, pointing, served_by},
    topology::{Application, SideName},
};

/// Longest TTL, in seconds, that keeps the record's change within what a promote is expected to take.
const TTL: i64 = 60;

/// The checks before a promote, for each name.
pub(super) fn checks(app: &Application, observation: &Observation) -> Vec<Check> {
    observation
        .records
        .iter()
        .enumerate()
        .flat_map(|(index, record)| of_name(app, observation, index, record))
        .collect()
}

/// The check before a failback, for each name.
pub(super) fn failback_checks(app: &Application, observation: &Observation) -> Vec<Check> {
    let check = |(index, record): (usize, &NamedRecord)| {
        let draft = blocking(id("record", index, record));
        match &record.sets {
            Seen::Unknown(why) => return draft.unknown(why, LOOK_AGAIN),
            Seen::Refused(why) => return refused(draft, record, why),
            Seen::Known(_) => {}
        }
        let points = format!("{} is {}", record.name, record.target());
        let simple = record.addresses().all(|set| set.routing.is_empty());
        let ours = matches!(pointing(app, std::slice::from_ref(record)), Pointing::At(_) | Pointing::Split(_));
        draft.judge(
            simple && ours,
            points.clone(),
            format!("{points}, or is no simple record"),
            "point it at one of the two regions' endpoints, as a simple record",
        )
    };
    let held = observation.records.iter().enumerate().filter_map(|(index, record)| other_types(index, record));
    observation.records.iter().enumerate().map(check).chain(held).collect()
}

/// The first name has the id alone, so that a pair with one record has the ids that it always had.
fn id(check: &str, index: usize, record: &NamedRecord) -> String {
    match index {
        0 => check.to_owned(),
        _ => format!("{check}-{}", record.name),
    }
}

fn of_name(app: &Application, observation: &Observation, index: usize, record: &NamedRecord) -> Vec<Check> {
    let sets = match &record.sets {
        Seen::Known(sets) => sets,
        Seen::Refused(why) => return vec![refused(blocking(id("record", index, record)), record, why)],
        // Route 53's control plane stands in us-east-1 and may be dark with it. All other steps go on, and this one tries until it answers.
        Seen::Unknown(why) => {
            let draft = warning(id("record", index, record));
            return vec![draft.unknown(why, "none needed to begin: the dns step tries until Route 53 answers")];
        }
    };
    let mut checks = vec![owner(app, observation, index, record)];
    if sets.iter().any(RecordSet::is_address) {
        checks.push(simple(index, record));
        checks.push(ttl(index, record));
    }
    checks.extend(other_types(index, record));
    checks
}

/// Route 53 says no to every look at the zone: a promote would get as far as the record, and no further.
fn refused(draft: Draft, record: &NamedRecord, why: &str) -> Check {
    draft.fail(
        format!("hosted zone {} of {} can't be read: {why}", record.zone, record.name),
        "if the zone belongs to another account, name a role there in `record.role_arn`; otherwise correct `record.zone`, or the role's policy",
    )
}

fn owner(app: &Application, observation: &Observation, index: usize, record: &NamedRecord) -> Check {
    let draft = blocking(id("record", index, record));
    if let Some(cname) = record.cname() {
        return draft.fail(
            format!("{} is {}; Route 53 allows no other record beside a CNAME", record.name, cname.target()),
            format!("replace the CNAME by an alias A record to {}", app.primary.endpoint.dns_name),
        );
    }
    if record.addresses().next().is_none() {
        return draft.fail(
            format!("there is no A record {} in {}", record.name, record.zone),
            "correct `record`; approve over this only if the record is to be created",
        );
    }
    if let Some(stray) = record.addresses().find(|set| served_by(app, set).is_none()) {
        return draft.fail(
            format!(
                "the {} record {} is {}, which is neither side's endpoint",
                stray.kind,
                record.name,
                stray.target()
            ),
            "correct `endpoint` in the configuration, or find out who moved the record",
        );
    }
    let detail = format!("{} is {}", record.name, record.target());
    let global = observation.global.known();
    let moves = global.is_some_and(|global| {
        writing(app, global) == Some(SideName::Dr) || moving_to(app, global) == Some(SideName::Dr)
    });
    match pointing(app, std::slice::from_ref(record)) {
        Pointing::At(SideName::Primary) => draft.pass(format!("{detail}, the primary's endpoint")),
        Pointing::At(SideName::Dr) if moves => draft.pass(format!("{detail}, DR's endpoint")),
        Pointing::At(SideName::Dr) => draft.fail(
            format!("{detail}, DR's endpoint already, while DR is not the writer"),
            "find out who moved it before anything else moves",
        ),
        Pointing::Split(_) if moves => draft.pass(format!("{detail}: half moved, which the dns step finishes")),
        Pointing::Split(why) | Pointing::Elsewhere(why) | Pointing::Unseen(why) => draft.fail(
            format!("{why}, while DR is not the writer"),
            "point all of them at the primary's endpoint, and find out who moved the others",
        ),
    }
}

fn simple(index: usize, record: &NamedRecord) -> Check {
    let routed: Vec<String> = record
        .addresses()
        .filter(|set| !set.routing.is_empty())
        .map(|set| format!("{} ({})", set.kind, set.routing.join(", ")))
        .collect();
    blocking(id("record-simple", index, record)).judge(
        routed.is_empty(),
        format!("{} is a simple record", record.name),
        format!("{} is not a simple record: {}", record.name, routed.join("; ")),
        "make it a simple alias; what else decides over its answers would undo or outvote the change",
    )
}

fn ttl(index: usize, record: &NamedRecord) -> Check {
    let draft = warning(id("record-ttl", index, record));
    match record.addresses().filter_map(|set| set.ttl).max() {
        None => draft.pass("an alias: 60 s at resolvers"),
        Some(seconds) => draft.judge(
            seconds <= TTL,
            format!("{seconds} s"),
            format!("resolvers keep the record for {seconds} s"),
            format!("lower its TTL to {TTL} s, or make it an alias"),
        ),
    }
}

/// What else at the name decides where its clients go, or what they speak there; `None` if nothing does.
fn other_types(index: usize, record: &NamedRecord) -> Option<Check> {
    let of = |kinds: &[&str]| {
        let sets = record.known().iter().filter(|set| kinds.contains(&set.kind.as_str()));
        sets.cloned().collect::<Vec<RecordSet>>()
    };
    let all = |sets: &[RecordSet]| {
        sets.iter().map(|set| format!("{} is {}", set.name, shown(set))).collect::<Vec<_>>().join("; ")
    };
    let id = id("record-types", index, record);
    let delegations = of(&["NS"]);
    if !delegations.is_empty() {
        return Some(blocking(id).fail(
            format!("{} is delegated to other name servers: {}", record.name, all(&delegations)),
            format!("name the hosted zone that is delegated to in `record.zone` instead of {}", record.zone),
        ));
    }
    let bindings = of(&["HTTPS", "SVCB"]);
    let (pins, plain): (Vec<RecordSet>, Vec<RecordSet>) = bindings.into_iter().partition(pins_clients);
    if !pins.is_empty() {
        return Some(blocking(id).fail(
            format!("{}: clients follow that, and would stay where it points", all(&pins)),
            "remove its target, ipv4hint and ipv6hint, or delete it; Standby moves A and AAAA records",
        ));
    }
    (!plain.is_empty()).then(|| {
        warning(id).fail(
            format!("{}: it stays as it is when the name moves", all(&plain)),
            "see that the endpoints of both regions offer what it promises",
        )
    })
}

fn shown(set: &RecordSet) -> String {
    match &set.alias {
        Some(_) => format!("{} {}", set.kind, set.target()),
        None => set.target(),
    }
}

/// Whether an HTTPS or SVCB set names an address or another host (RFC 9460): an alias, `AliasMode` (priority 0), a target other than the name itself,
/// or an address hint.
fn pins_clients(set: &RecordSet) -> bool {
    let pins = |value: &String| {
        let mut parts = value.split_ascii_whitespace();
        let (priority, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let hints = |part: &str| part.starts_with("ipv4hint") || part.starts_with("ipv6hint");
        priority == "0" || target != "." || parts.any(|part| hints(&part.to_ascii_lowercase()))
    };
    set.alias.is_some() || !set.routing.is_empty() || set.values.iter().any(pins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::Alias,
        readiness::{Level, Outcome},
    };

    type Found = Vec<(String, Level, Outcome)>;

    fn of(sets: Vec<RecordSet>) -> Vec<Check> {
        let mut observation = fixture::steady();
        observation.records = vec![fixture::named(sets)];
        checks(&fixture::app(), &observation)
    }

    /// The checks that did not pass.
    fn open(sets: Vec<RecordSet>) -> Found {
        let open = of(sets).into_iter().filter(|check| check.outcome() != Outcome::Pass);
        open.map(|check| (check.id.clone(), check.level, check.outcome())).collect()
    }

    fn blocks(id: &str) -> Found {
        vec![(id.to_owned(), Level::Blocking, Outcome::Fail)]
    }

    fn warns(id: &str) -> Found {
        vec![(id.to_owned(), Level::Warning, Outcome::Fail)]
    }

    fn plain(kind: &str, value: &str) -> RecordSet {
        let record = fixture::record(SideName::Primary);
        RecordSet { kind: kind.into(), ttl: Some(60), values: vec![value.into()], alias: None, ..record }
    }

    fn primary(change: impl Fn(&mut RecordSet)) -> RecordSet {
        let mut record = fixture::record(SideName::Primary);
        change(&mut record);
        record
    }

    #[test]
    fn the_record_must_be_one_that_can_be_swapped() {
        assert_eq!(open(vec![primary(|_| ())]), []);
        assert_eq!(open(vec![primary(|record| record.routing.push("weight".into()))]), blocks("record-simple"));
        let elsewhere = Alias { dns_name: "d-other.example".into(), zone: "Z".into(), evaluate_health: false };
        assert_eq!(open(vec![primary(|record| record.alias = Some(elsewhere.clone()))]), blocks("record"));
        assert_eq!(open(vec![fixture::record(SideName::Dr)]), blocks("record"));
        assert_eq!(open(vec![]), blocks("record"));
        assert_eq!(open(vec![primary(|record| record.ttl = Some(300))]), warns("record-ttl"));
    }

    #[test]
    fn an_aaaa_must_be_where_the_a_is() {
        let aaaa = |side| RecordSet { kind: "AAAA".into(), ..fixture::record(side) };
        assert_eq!(open(vec![primary(|_| ()), aaaa(SideName::Primary)]), []);
        assert_eq!(open(vec![primary(|_| ()), aaaa(SideName::Dr)]), blocks("record"));
        assert_eq!(open(vec![primary(|_| ()), plain("AAAA", "2001:db8::1")]), blocks("record"));
        let weighted = RecordSet { routing: vec!["weight".into()], ..aaaa(SideName::Primary) };
        assert_eq!(open(vec![primary(|_| ()), weighted]), blocks("record-simple"));
    }

    #[test]
    fn a_cname_is_called_one() {
        let checks = of(vec![plain("CNAME", "lb.example.")]);
        let [check] = checks.as_slice() else { unreachable!("{checks:?}") };
        assert!(check.blocks() && check.detail.contains("app.shop.example is a CNAME to lb.example;"), "{check:?}");
    }

    #[test]
    fn what_keeps_clients_in_a_region_blocks_by_name() {
        let with = |other: RecordSet| open(vec![primary(|_| ()), other]);
        for value in ["1 . alpn=h2 ipv4hint=192.0.2.1", "1 d-primary01.example.", "0 d-primary01.example."] {
            assert_eq!(with(plain("HTTPS", value)), blocks("record-types"), "{value}");
        }
        assert_eq!(with(plain("SVCB", "1 . ipv6hint=2001:db8::1")), blocks("record-types"));
        assert_eq!(with(primary(|record| record.kind = "HTTPS".into())), blocks("record-types"));
        assert_eq!(with(plain("NS", "ns-1.example.")), blocks("record-types"));
        assert_eq!(with(plain("HTTPS", "1 . alpn=\"h3,h2\"")), warns("record-types"));
    }

    #[test]
    fn a_silent_route_53_does_not_keep_the_rest_from_beginning() {
        let mut observation = fixture::steady();
        observation.records[0].sets = Seen::Unknown("silent".into());
        let checks = checks(&fixture::app(), &observation);
        assert_eq!((checks[0].level, checks[0].outcome()), (Level::Warning, Outcome::Unknown));
    }

    #[test]
    fn a_zone_that_must_not_be_read_blocks_and_is_named() {
        let mut observation = fixture::steady();
        observation.records[0].sets = Seen::Refused("AccessDenied".into());
        let [check] = checks(&fixture::app(), &observation).try_into().unwrap_or_else(|_| unreachable!());
        assert!(check.blocks() && check.detail.contains("Z0123SHOP") && check.detail.contains("AccessDenied"));
        assert!(check.fix.is_some_and(|fix| fix.contains("record.role_arn")));
    }

    #[test]
    fn a_second_name_has_checks_of_its_own() {
        let mut observation = fixture::steady();
        let mut second = fixture::named(vec![]);
        second.name = "api.shop.example".into();
        observation.records.push(second);
        let checks = checks(&fixture::app(), &observation);
        let blocking: Vec<_> = checks.iter().filter(|check| check.blocks()).map(|check| check.id.as_str()).collect();
        assert_eq!(blocking, ["record-api.shop.example"]);
    }
}
