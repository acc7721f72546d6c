//! Where the configured names point, and what moves them: pure judgement on what Route 53 has there.
//!
//! A name is where all its address records are. `A` and `AAAA` move together, in one batch a hosted zone, and each keeps what it had. What was not
//! there is not invented, but for the `A` of a name that has no record at all.

mod refusal;

use std::collections::BTreeMap;

pub use self::refusal::meaning;
use crate::{
    change::{Change, Swap},
    observation::{Alias, NamedRecord, NamedZone, Protection, RecordSet},
    topology::{Application, SideName},
};

/// Where the configured names point, taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pointing {
    /// All at that side's endpoint.
    At(SideName),
    /// Some at one side's endpoint, some at the other's; which, for people.
    Split(String),
    /// One of them at neither side's endpoint, or not there; which, for people.
    Elsewhere(String),
    /// One of them could not be seen; why.
    Unseen(String),
}

impl Pointing {
    /// The side that all of them point at.
    pub fn side(&self) -> Option<SideName> {
        match self {
            Self::At(side) => Some(*side),
            _ => None,
        }
    }
}

/// Where the configured names point.
pub fn pointing(app: &Application, records: &[NamedRecord]) -> Pointing {
    if let Some(why) = records.iter().find_map(|record| record.sets.why()) {
        return Pointing::Unseen(why.to_owned());
    }
    let mut sides = Vec::new();
    for record in records {
        if record.cname().is_some() || record.addresses().next().is_none() {
            return Pointing::Elsewhere(missing(record));
        }
        for set in record.addresses() {
            match served_by(app, set) {
                Some(side) => sides.push((side, set)),
                None => {
                    let what =
                        format!("the record {} ({}) points to neither side: {}", set.name, set.kind, set.target());
                    return Pointing::Elsewhere(what);
                }
            }
        }
    }
    match sides.as_slice() {
        [] => Pointing::Elsewhere("no record is configured".to_owned()),
        [(first, _), rest @ ..] if rest.iter().all(|(side, _)| side == first) => Pointing::At(*first),
        _ => Pointing::Split(split(app, &sides)),
    }
}

fn missing(record: &NamedRecord) -> String {
    match record.cname() {
        Some(cname) => format!("{} is {}, and no alias", record.name, cname.target()),
        None => format!("there is no record {}", record.name),
    }
}

fn split(app: &Application, sides: &[(SideName, &RecordSet)]) -> String {
    let at = |wanted: SideName| {
        let there = sides.iter().filter(|(side, _)| *side == wanted);
        let sets: Vec<String> = there.map(|(_, set)| format!("{} ({})", set.name, set.kind)).collect();
        format!("{} at {}", sets.join(", "), app.side(wanted).region)
    };
    format!("the records are split: {}; {}", at(SideName::Primary), at(SideName::Dr))
}

/// The side whose endpoint the record is an alias of, if it is one of the two.
pub fn served_by(app: &Application, set: &RecordSet) -> Option<SideName> {
    set.alias.as_ref().and_then(|alias| app.side_of_target(&alias.dns_name))
}

/// The first of the names that were seen which sends users to that side, if one does.
pub(crate) fn sending_to<'a>(app: &Application, side: SideName, records: &'a [NamedRecord]) -> Option<&'a NamedRecord> {
    records.iter().find(|record| record.addresses().any(|set| served_by(app, set) == Some(side)))
}

/// What points the names that were seen at that side's endpoint: one batch a hosted zone, none for a zone whose records are there.
pub fn record_changes(app: &Application, side: SideName, records: &[NamedRecord]) -> Vec<Change> {
    let mut zones: BTreeMap<&str, Vec<Swap>> = BTreeMap::new();
    let mut order = Vec::new();
    for record in records {
        let swaps = swaps(app, side, record);
        if !swaps.is_empty() && !order.contains(&record.zone.as_str()) {
            order.push(&record.zone);
        }
        zones.entry(&record.zone).or_default().extend(swaps);
    }
    let batch = |zone: &str| {
        let swaps = zones.remove(zone)?;
        Some(Change::Records { zone: zone.to_owned(), swaps })
    };
    order.into_iter().filter_map(batch).collect()
}

/// A change with what lifts the protections of what it replaces before it, and puts them back after it; alone where there are none.
pub fn with_protections(zones: &[NamedZone], change: Change) -> Vec<Change> {
    let Change::Records { zone, swaps } = &change else { return vec![change] };
    let protections = zones.iter().find(|seen| seen.id == *zone).and_then(|seen| seen.protections.known());
    let found: Vec<Protection> =
        protections.into_iter().flatten().filter(|each| covers(each, swaps)).cloned().collect();
    if found.is_empty() {
        return vec![change];
    }
    let around = |create| Change::Protections { zone: zone.clone(), protections: found.clone(), create };
    vec![around(false), change.clone(), around(true)]
}

/// Whether a protection is of something that is replaced.
pub(crate) fn covers(protection: &Protection, swaps: &[Swap]) -> bool {
    swaps.iter().any(|swap| swap.new.name == protection.name && swap.new.kind == protection.kind)
}

/// What a name's records have to be replaced by. Nothing may stand beside a `CNAME`, which only people can replace.
fn swaps(app: &Application, side: SideName, record: &NamedRecord) -> Vec<Swap> {
    if record.sets.why().is_some() || record.cname().is_some() {
        return Vec::new();
    }
    if record.addresses().next().is_none() {
        return vec![Swap { old: None, new: alias(app, side, &record.name, "A", false) }];
    }
    let wrong = record.addresses().filter(|set| served_by(app, set) != Some(side));
    wrong
        .map(|set| {
            let evaluate = set.alias.as_ref().is_some_and(|alias| alias.evaluate_health);
            Swap { old: Some(set.clone()), new: alias(app, side, &record.name, &set.kind, evaluate) }
        })
        .collect()
}

/// An alias to that side's endpoint.
fn alias(app: &Application, side: SideName, name: &str, kind: &str, evaluate_health: bool) -> RecordSet {
    let endpoint = &app.side(side).endpoint;
    RecordSet {
        name: name.to_owned(),
        kind: kind.to_owned(),
        ttl: None,
        values: Vec::new(),
        alias: Some(Alias { dns_name: endpoint.dns_name.clone(), zone: endpoint.zone.clone(), evaluate_health }),
        routing: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{self, named, record},
        observation::Seen,
    };

    fn of_kind(kind: &str, side: SideName) -> RecordSet {
        RecordSet { kind: kind.into(), ..record(side) }
    }

    fn swaps_of(change: &Change) -> &[Swap] {
        match change {
            Change::Records { swaps, .. } => swaps,
            other => unreachable!("{other:?} changes no record"),
        }
    }

    #[test]
    fn the_record_is_swapped_for_what_was_seen() {
        let app = fixture::app();
        let current = record(SideName::Primary);
        let changes = record_changes(&app, SideName::Dr, &[named(vec![current.clone()])]);
        let [swap] = swaps_of(&changes[0]) else { unreachable!("{changes:?}") };
        assert_eq!(swap.old.as_ref(), Some(&current));
        assert_eq!(served_by(&app, &swap.new), Some(SideName::Dr));
        assert!(swap.new.alias.as_ref().is_some_and(|alias| alias.evaluate_health));
    }

    #[test]
    fn the_record_is_created_where_there_is_none_and_left_where_it_is_right() {
        let app = fixture::app();
        let created = record_changes(&app, SideName::Dr, &[named(vec![])]);
        assert_eq!(swaps_of(&created[0])[0].old, None);
        let mut there = record(SideName::Dr);
        if let Some(alias) = &mut there.alias {
            alias.dns_name = "dualstack.D-DR01.execute-api.us-west-2.amazonaws.com.".into();
        }
        assert_eq!(record_changes(&app, SideName::Dr, &[named(vec![there])]), []);
    }

    #[test]
    fn both_address_types_move_in_one_batch_and_each_keeps_its_health_evaluation() {
        let app = fixture::app();
        let mut aaaa = of_kind("AAAA", SideName::Primary);
        aaaa.alias.iter_mut().for_each(|alias| alias.evaluate_health = false);
        let sets = vec![record(SideName::Primary), aaaa];
        let changes = record_changes(&app, SideName::Dr, &[named(sets)]);
        assert_eq!(changes.len(), 1);
        let moved: Vec<_> = swaps_of(&changes[0])
            .iter()
            .map(|swap| (swap.new.kind.as_str(), swap.new.alias.as_ref().is_some_and(|alias| alias.evaluate_health)))
            .collect();
        assert_eq!(moved, [("A", true), ("AAAA", false)]);
    }

    #[test]
    fn what_is_half_moved_is_finished_and_no_aaaa_is_invented() {
        let app = fixture::app();
        let half = named(vec![record(SideName::Dr), of_kind("AAAA", SideName::Primary)]);
        let changes = record_changes(&app, SideName::Dr, std::slice::from_ref(&half));
        assert_eq!(swaps_of(&changes[0]).iter().map(|swap| swap.new.kind.as_str()).collect::<Vec<_>>(), ["AAAA"]);
        let Pointing::Split(why) = pointing(&app, &[half]) else { unreachable!() };
        assert!(
            why.contains("app.shop.example (AAAA) at us-east-1") && why.contains("app.shop.example (A) at us-west-2")
        );
        let only = named(vec![of_kind("AAAA", SideName::Primary)]);
        let changes = record_changes(&app, SideName::Dr, &[only]);
        assert_eq!(swaps_of(&changes[0]).iter().map(|swap| swap.new.kind.as_str()).collect::<Vec<_>>(), ["AAAA"]);
    }

    #[test]
    fn each_zone_has_a_batch_of_its_own_in_the_configurations_order() {
        let app = fixture::app();
        let of = |zone: &str, name: &str| {
            let set = RecordSet { name: name.into(), ..record(SideName::Primary) };
            NamedRecord { zone: zone.into(), name: name.into(), sets: Seen::Known(vec![set]) }
        };
        let records = [of("Z2", "a.example"), of("Z1", "b.example"), of("Z2", "c.example")];
        let zones: Vec<(String, usize)> = record_changes(&app, SideName::Dr, &records)
            .into_iter()
            .filter_map(|change| match change {
                Change::Records { zone, swaps } => Some((zone, swaps.len())),
                _ => None,
            })
            .collect();
        assert_eq!(zones, [("Z2".to_owned(), 2), ("Z1".to_owned(), 1)]);
    }

    #[test]
    fn a_cname_is_called_one_and_left_to_people() {
        let app = fixture::app();
        let cname = RecordSet {
            kind: "CNAME".into(),
            ttl: Some(300),
            values: vec!["lb.example.".into()],
            alias: None,
            ..record(SideName::Primary)
        };
        let records = [named(vec![cname])];
        assert_eq!(record_changes(&app, SideName::Dr, &records), []);
        assert!(matches!(pointing(&app, &records), Pointing::Elsewhere(why) if why.contains("a CNAME to lb.example")));
    }
}
