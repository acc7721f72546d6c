//! The table of states: every writer, record, capacity and run there can be, what people are told of it, and that the command they are told works.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::{
    fixture,
    grammar::{self, Command},
    observation::{FailoverState, Member, RecordSet},
    plan::{self, NoPlan},
    status::status,
};

/// Who writes, and who is a member of the global cluster.
const WRITERS: [&str; 11] = [
    "primary",
    "DR",
    "DR; primary detached",
    "DR; primary gone",
    "primary; DR detached",
    "third region",
    "nobody",
    "moving to DR",
    "moving to primary",
    "unseen",
    "refused",
];

/// Where the record points.
const RECORDS: [&str; 5] = ["primary", "DR", "split", "elsewhere", "unseen"];

/// What the region that the record points at has.
const CAPACITIES: [&str; 4] = ["enough", "short", "none", "unseen"];

fn observation(writer: &str, record: &str, capacity: &str) -> Observation {
    let mut seen = match writer {
        "primary" | "primary; DR detached" | "moving to DR" => fixture::steady(),
        _ => fixture::moved(),
    };
    let arn = |seen: &mut Observation, side: usize| fixture::global(seen).members[side].arn.clone();
    match writer {
        "DR; primary detached" | "DR; primary gone" => detach(&mut seen, SideName::Primary),
        "primary; DR detached" => detach(&mut seen, SideName::Dr),
        "third region" => {
            let arn = "arn:aws:rds:eu-west-1:123456789012:cluster:shop-eu".to_owned();
            let members = &mut fixture::global(&mut seen).members;
            members.iter_mut().for_each(|member| member.writer = false);
            members.push(Member { arn, writer: true, synchronization: None });
        }
        "nobody" => fixture::global(&mut seen).members.iter_mut().for_each(|member| member.writer = false),
        "moving to DR" | "moving to primary" => {
            let to = Some(arn(&mut seen, usize::from(writer == "moving to DR")));
            fixture::global(&mut seen).failover = Some(FailoverState { status: "switching-over".into(), to });
        }
        "unseen" => seen.global = Seen::Unknown("us-west-2 did not answer within 2 s".into()),
        "refused" => seen.global = Seen::Refused("AccessDenied: rds:DescribeGlobalClusters".into()),
        _ => {}
    }
    if writer == "DR; primary gone" {
        seen.primary.db = Seen::Known(None);
    }
    seen.records = records(record);
    let states = match record {
        "DR" => &mut seen.dr,
        _ => &mut seen.primary,
    };
    states.services[0].state = match capacity {
        "unseen" => Seen::Unknown("throttled".into()),
        _ => Seen::Known(Some(fixture::service(match capacity {
            "enough" => 4,
            "short" => 1,
            _ => 0,
        }))),
    };
    // Where DR's listener forwards to is capacity as well.
    seen.dr.listener = None;
    seen
}

fn detach(seen: &mut Observation, side: SideName) {
    let app = fixture::app();
    fixture::global(seen).members.retain(|member| !member.is(&app.side(side).region, &app.side(side).db_cluster));
    let there = if side == SideName::Primary { &mut seen.primary } else { &mut seen.dr };
    if let Seen::Known(Some(cluster)) = &mut there.db {
        cluster.global_cluster = None;
    }
}

fn records(record: &str) -> Vec<crate::observation::NamedRecord> {
    let elsewhere =
        || RecordSet { alias: None, values: vec!["192.0.2.7".into()], ..fixture::record(SideName::Primary) };
    match record {
        "primary" => fixture::at(SideName::Primary),
        "DR" => fixture::at(SideName::Dr),
        "split" => {
            let aaaa = RecordSet { kind: "AAAA".into(), ..fixture::record(SideName::Dr) };
            vec![fixture::named(vec![fixture::record(SideName::Primary), aaaa])]
        }
        "elsewhere" => vec![fixture::named(vec![elsewhere()])],
        _ => {
            let mut unseen = fixture::at(SideName::Primary);
            unseen[0].sets = Seen::Unknown("Route 53 did not answer within 2 s".into());
            unseen
        }
    }
}

fn situation(observation: &Observation, run: Option<OpenRun>) -> Situation {
    status("shop", &fixture::app(), observation.clone(), run, vec![], fixture::now()).situation.unwrap()
}

/// Every state, with what is told of it.
fn states() -> impl Iterator<Item = (&'static str, &'static str, &'static str, Observation)> {
    WRITERS.into_iter().flat_map(|writer| {
        RECORDS.into_iter().flat_map(move |record| {
            CAPACITIES
                .into_iter()
                .map(move |capacity| (writer, record, capacity, observation(writer, record, capacity)))
        })
    })
}

fn told(situation: &Situation) -> [String; 3] {
    let users = match &situation.writes {
        Writes::Yes => "can write".to_owned(),
        Writes::Alone { cluster } => format!("write to {cluster} alone"),
        Writes::No { why } => format!("can't write: {why}"),
        Writes::Unknown { why } => format!("unknown: {why}"),
    };
    let next = match &situation.next {
        Next::Nothing => "nothing".to_owned(),
        Next::Command { command, effect } => format!("/dr {command}: {effect}"),
        Next::ByHand { what } => what.clone(),
    };
    [situation.split.clone().unwrap_or_else(|| "-".to_owned()), users, next]
}

#[test]
fn every_state_says_what_is_split_and_what_goes_on() {
    let mut rows: Vec<(String, Vec<&str>, [String; 3])> = Vec::new();
    for (writer, record, capacity, seen) in states() {
        let (state, told) = (format!("{writer} | {record}"), told(&situation(&seen, None)));
        match rows.last_mut().filter(|(before, _, same)| *before == state && *same == told) {
            Some((_, capacities, _)) => capacities.push(capacity),
            None => rows.push((state, vec![capacity], told)),
        }
    }
    let mut table = "writer | record | capacity there | split | users | next\n".to_owned();
    for (state, capacities, told) in rows {
        let capacities = if capacities.len() == CAPACITIES.len() { "any".to_owned() } else { capacities.join(", ") };
        table += &format!("{state} | {capacities} | {}\n", told.join(" | "));
    }
    for waits in [Waits::Decision, Waits::Step, Waits::Nothing] {
        let [_, _, next] = told(&situation(&fixture::moved(), Some(run(waits))));
        table += &format!("any, with an open run that waits for {waits:?} | {next}\n");
    }
    insta::assert_snapshot!(table);
}

fn run(waits: Waits) -> OpenRun {
    OpenRun { id: "failback-7".into(), requester: "maya".into(), state: String::new(), waits }
}

#[test]
fn an_open_run_changes_what_goes_on_and_nothing_else() {
    for (.., seen) in states() {
        let alone = situation(&seen, None);
        for waits in [Waits::Decision, Waits::Step, Waits::Nothing] {
            let during = situation(&seen, Some(run(waits)));
            assert_eq!((&during.split, &during.writes), (&alone.split, &alone.writes));
            assert!(told(&during)[2].contains("failback-7"), "{during:?}");
        }
    }
}

#[test]
fn every_command_that_is_told_can_be_typed_and_has_a_plan() {
    let app = fixture::app();
    for (writer, record, capacity, seen) in states() {
        let Next::Command { command, .. } = situation(&seen, None).next else { continue };
        let state = format!("{writer}, record {record}, capacity {capacity}: {command}");
        let plan = match grammar::parse(&command, &["shop"]).unwrap() {
            Command::Promote { .. } => plan::promote("shop", &app, &seen, fixture::now()),
            Command::Failback { .. } => plan::failback("shop", &app, &seen, vec![], Some(&fixture::stake())),
            Command::Restore { .. } => plan::restore("shop", &app, &seen, vec![]),
            Command::PlanFailback { .. } => {
                let refused = plan::failback("shop", &app, &seen, vec![], Some(&fixture::stake())).unwrap_err();
                assert!(matches!(refused, NoPlan::ServesAlone(_)), "{state}: {refused}");
                continue;
            }
            Command::Status { .. } => continue,
            other => panic!("{state}: nobody told of {other}"),
        };
        assert!(plan.is_ok(), "{state}: {}", plan.unwrap_err());
    }
}

#[test]
fn nothing_is_left_to_do_only_where_one_region_writes_serves_and_is_whole() {
    for (writer, record, capacity, seen) in states() {
        let situation = situation(&seen, None);
        if situation.next == Next::Nothing {
            assert_eq!((writer, record), ("primary", "primary"));
            assert!(["enough", "unseen"].contains(&capacity), "{capacity}");
            assert_eq!((&situation.split, &situation.writes), (&None, &Writes::Yes));
        }
        assert!(situation.split.is_none() || situation.next != Next::Nothing, "{situation:?}");
    }
}
