//! The answer to `/dr status`.

use commands::{
    observation::{DbCluster, ListenerState, NamedRecord, NamedService, RecordSet, Seen, ServiceState},
    phase::Phase,
    situation::{Next, Writes},
    standing::Standing,
    status::Status,
    supply::{Active, Supply},
    topology::SideName,
};
use serde_json::Value;

use super::{
    readiness,
    wording::{audit, label, titled},
};
use crate::slack::{
    kit::{Align, Message, context, divider, fields, header, joined, list, section, table},
    text::{ago, code, count, date, escape, seconds},
};

/// Where an application stands, for somebody who may ask for a run or not; `seq` is the number of the record that says so, if the log
/// took it.
pub fn status(status: &Status, asks: bool, seq: impl Into<Option<u64>>) -> Message {
    let seq = seq.into();
    let observation = &status.observation;
    let (word, hint) = standing(status, asks);
    let title = titled(status.environment, &format!("{}: {word}", status.application));
    let concerns = readiness::lines(&status.checks);
    let around = |sides: Vec<Value>| -> Vec<Value> {
        let facts = fields([
            ("Serves", serves(status)),
            ("Writes", writer(status)),
            ("Users", users(status)),
            ("Replication lag", lag(status)),
            ("Readiness", readiness::summary(&status.checks)),
            ("Run", run(status)),
            ("Next", hint.clone()),
        ]);
        let faults: Vec<String> = status.faults.iter().map(|fault| format!("⚠️ {}", escape(fault))).collect();
        let faults = (!faults.is_empty()).then(|| list("Standby itself", &faults, 1_000));
        let left: Vec<String> = status.left.iter().map(|left| format!("⚠️ {}", escape(left))).collect();
        let left = (!left.is_empty()).then(|| list("Left by earlier runs", &left, 2_000));
        let concerns = (!concerns.is_empty()).then(|| list("Before a promote", &concerns, 2_800));
        let seen = format!("{} · seen {} · {}", label(status.environment), date(observation.at), audit(seq));
        [header(&title), facts, divider()]
            .into_iter()
            .chain(faults)
            .chain(left)
            .chain(sides)
            .chain(concerns)
            .chain([context(&seen)])
            .collect()
    };
    let (primary, dr) = (facets(status, SideName::Primary), facets(status, SideName::Dr));
    let lists = vec![side(&status.primary, "primary", &primary), side(&status.dr, "DR", &dr)];
    Message::new(
        format!("{title}. {}", readiness::summary(&status.checks)),
        around(vec![side_by_side(status, &primary, &dr)]),
    )
    .or(around(lists))
}

fn region(status: &Status, side: SideName) -> &str {
    match side {
        SideName::Primary => &status.primary,
        SideName::Dr => &status.dr,
    }
}

/// How the application stands, in a title's words, and what a person does next. A region that serves with too few tasks, or does not answer, is
/// never called steady.
pub(super) fn standing(status: &Status, asks: bool) -> (String, String) {
    let (phase, hint) = (phase(status), next(status, asks));
    let answers = |side: SideName| matches!(status.observation.side(side).endpoint, Seen::Known(200..300));
    let serves = match status.serving {
        Some(side) if answers(side) => format!("{} serves", region(status, side)),
        Some(side) => match &status.observation.side(side).endpoint {
            Seen::Known(code) => format!("{} is active but answers {code}", region(status, side)),
            Seen::Unknown(_) | Seen::Refused(_) => format!("{} is active but not responding", region(status, side)),
        },
        None => "which region serves is unknown".to_owned(),
    };
    let short = status.active.as_ref().is_some_and(Active::is_short);
    let word = match (&status.phase, short) {
        (Phase::Steady, false) if status.serving.is_some_and(|side| !answers(side)) => serves,
        (Phase::Steady, true) => format!("below capacity — {serves}"),
        (_, true) => format!("{phase}, below capacity — {serves}"),
        (_, false) => format!("{phase} — {serves}"),
    };
    (word, hint)
}

/// The phase in a word.
fn phase(status: &Status) -> &'static str {
    let split = status.situation.as_ref().is_some_and(|situation| situation.split.is_some());
    match status.phase {
        Phase::Steady => "steady",
        Phase::Promoting => "promoting",
        Phase::Promoted => "promoted",
        Phase::Unclear { .. } if split => "split",
        Phase::Unclear { .. } => "unclear",
    }
}

/// What goes on from here; for people who may not ask for a run, who has to do it.
fn next(status: &Status, asks: bool) -> String {
    let app = &status.application;
    match status.situation.as_ref().map(|situation| &situation.next) {
        None => format!("{} looks again", code(&format!("/dr status {app}"))),
        Some(Next::Nothing) if asks => {
            format!("nothing to do; {} moves it to {}", code(&format!("/dr promote {app}")), status.dr)
        }
        Some(Next::Nothing) => "nothing to do".to_owned(),
        Some(Next::Command { command, effect }) => {
            let typed = code(&format!("/dr {command}"));
            match asks || command.starts_with("status") || command.starts_with("plan") {
                true => format!("{typed} {}", escape(effect)),
                false => format!("people who may promote can type {typed}, which {}", escape(effect)),
            }
        }
        Some(Next::ByHand { what }) => escape(what),
    }
}

/// Whether users can write, and what is split.
fn users(status: &Status) -> String {
    let Some(situation) = &status.situation else { return "❔ unknown".to_owned() };
    let writes = match &situation.writes {
        Writes::Yes => "✅ can write".to_owned(),
        Writes::Alone { cluster } => format!("⚠️ write to {} alone, which nothing is replicated from", code(cluster)),
        Writes::No { why } => format!("❌ can't write: {}", escape(why)),
        Writes::Unknown { why } => format!("❔ whether they can write is unknown: {}", escape(why)),
    };
    situation.split.iter().fold(writes, |text, split| format!("{text}\n⚠️ split: {}", escape(split)))
}

pub(super) fn serves(status: &Status) -> String {
    let records = &status.observation.records;
    let serving = match status.serving {
        Some(side) => format!("*{}*", region(status, side)),
        None if records.iter().any(|record| record.sets.why().is_some()) => String::new(),
        None => "⚠️ neither region alone".to_owned(),
    };
    let lines: Vec<String> = records.iter().map(points).collect();
    format!("{serving}\n{}", joined(&lines, 900)).trim().to_owned()
}

/// Where a name points; its record sets one by one where they differ.
fn points(record: &NamedRecord) -> String {
    let sets = match &record.sets {
        Seen::Unknown(why) => return format!("{} {}", code(&record.name), unknown(why)),
        Seen::Refused(why) => return format!("{} {}", code(&record.name), refused(why)),
        Seen::Known(sets) => sets,
    };
    let mut places: Vec<(String, Vec<&str>)> = Vec::new();
    for set in sets.iter().filter(|set| set.is_address() || set.kind == "CNAME") {
        let target = target(set);
        match places.iter_mut().find(|(place, _)| *place == target) {
            Some((_, kinds)) => kinds.push(&set.kind),
            None => places.push((target, vec![&set.kind])),
        }
    }
    match places.as_slice() {
        [] => format!("{} ❔ there is no record", code(&record.name)),
        [(place, kinds)] if kinds.as_slice() == ["A"] => format!("{} → {}", code(&record.name), code(place)),
        places => {
            let place = |(place, kinds): &(String, Vec<&str>)| format!("{} ({})", code(place), kinds.join(", "));
            let places: Vec<String> = places.iter().map(place).collect();
            format!("{} → {}", code(&record.name), places.join(", "))
        }
    }
}

fn target(record: &RecordSet) -> String {
    match &record.alias {
        Some(alias) => alias.dns_name.trim_end_matches('.').to_owned(),
        None => record.values.join(", "),
    }
}

fn writer(status: &Status) -> String {
    let global = match &status.observation.global {
        Seen::Unknown(why) => return unknown(why),
        Seen::Refused(why) => return refused(why),
        Seen::Known(global) => global,
    };
    let writer = match global.writer() {
        Some(member) => format!("*{}* {}", escape(member.region()), code(member.db_cluster())),
        None => "❔ no writer".to_owned(),
    };
    let others: Vec<String> = global
        .members
        .iter()
        .filter(|member| !member.writer)
        .map(|member| {
            let synchronization = member.synchronization.as_deref().unwrap_or("synchronization unknown");
            format!("{} {} {}", escape(member.region()), code(member.db_cluster()), escape(synchronization))
        })
        .collect();
    let moving =
        global.failover.as_ref().map(|failover| format!("\n⏳ {}", escape(&failover.status))).unwrap_or_default();
    format!("{writer}{moving}\n{}", joined(&others, 600)).trim_end().to_owned()
}

pub(super) fn lag(status: &Status) -> String {
    match &status.observation.lag {
        Seen::Unknown(why) => unknown(why),
        Seen::Refused(why) => refused(why),
        Seen::Known(None) => "❔ unknown: no datapoint".to_owned(),
        Seen::Known(Some(lag)) => {
            format!("{}, measured {}", seconds(lag.millis / 1_000.0), ago(lag.at, status.observation.at))
        }
    }
}

pub(super) fn run(status: &Status) -> String {
    match &status.run {
        None => "none".to_owned(),
        Some(run) => {
            let requester = if run.requester.starts_with(['U', 'W']) {
                format!("<@{}>", run.requester)
            } else {
                escape(&run.requester)
            };
            format!("{} by {requester}: {}", code(&run.id), escape(&run.state))
        }
    }
}

/// What there is to say of a region, by what it is about; plain text.
fn facets(status: &Status, name: SideName) -> Vec<(&str, String)> {
    let side = status.observation.side(name);
    let supply = |service: &str| status.active.as_ref().and_then(|active| active.supply(name, service));
    let mut facets = vec![("database", seen(&side.db, "no DB cluster", database))];
    facets.extend(side.services.iter().map(|NamedService { name, state }| {
        (name.as_str(), seen(state, "no such service", |state| capacity(state, supply(name))))
    }));
    if let Some(state) = &side.listener {
        facets.push((
            "listener",
            match state {
                Seen::Unknown(why) => unseen(why),
                Seen::Refused(why) => blocked(why),
                Seen::Known(state) => listener(state),
            },
        ));
    }
    facets.push((
        "endpoint",
        match &side.endpoint {
            Seen::Unknown(why) => unseen(why),
            Seen::Refused(why) => blocked(why),
            Seen::Known(code @ 200..300) => format!("✅ answers {code}"),
            Seen::Known(code) => format!("❌ answers {code}"),
        },
    ));
    facets
}

/// Both regions, what is of one kind in one row.
fn side_by_side(status: &Status, primary: &[(&str, String)], dr: &[(&str, String)]) -> Value {
    let of = |side: &[(&str, String)], about: &str| {
        side.iter().find(|(facet, _)| *facet == about).map(|(_, said)| said.clone()).unwrap_or_default()
    };
    let mut abouts: Vec<&str> = Vec::new();
    for (about, _) in primary.iter().chain(dr) {
        if !abouts.contains(about) {
            abouts.push(about);
        }
    }
    let rows: Vec<[String; 3]> =
        abouts.into_iter().map(|about| [about.to_owned(), of(primary, about), of(dr, about)]).collect();
    let heads = [format!("{} (primary)", status.primary), format!("{} (DR)", status.dr)];
    table([("Part", Align::Left), (&heads[0], Align::Left), (&heads[1], Align::Left)], &rows)
}

fn side(region: &str, role: &str, facets: &[(&str, String)]) -> Value {
    let lines: Vec<String> =
        facets.iter().map(|(about, said)| format!("{}: {}", escape(about), escape(said))).collect();
    section(&format!("*{}* ({role})\n{}", escape(region), joined(&lines, 2_000)))
}

fn database(db: &DbCluster) -> String {
    let icon = match db.standing() {
        Standing::Available | Standing::Busy if db.serving().next().is_some() => "✅",
        _ => "⚠️",
    };
    let (serving, all) = (db.serving().count(), db.instances.len());
    let instances = match all {
        0 => "no instance (headless)".to_owned(),
        _ if serving == all => count(all, "instance"),
        _ => format!("{serving} of {} serving", count(all, "instance")),
    };
    format!("{icon} {} {}, {instances}", cluster_name(&db.arn), db.status)
}

fn cluster_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// A service's tasks: against the configuration where it serves, else against its own desired count. None at all is never good.
fn capacity(state: &ServiceState, supply: Option<&Supply>) -> String {
    let scaling = match &state.scaling {
        Seen::Unknown(_) => "scaling unknown".to_owned(),
        Seen::Refused(_) => "reading its scaling is refused".to_owned(),
        Seen::Known(None) => "no scalable target".to_owned(),
        Seen::Known(Some(target)) => format!("min {}, max {}", target.min, target.max),
    };
    let icon = match supply {
        Some(supply) if supply.lacks().is_some() => "❌",
        _ if state.running >= state.desired && state.running > 0 => "✅",
        _ if state.desired == 0 => "⚪",
        _ => "⏳",
    };
    let of = supply.filter(|supply| supply.lacks().is_some()).map_or(state.desired, |supply| supply.needed);
    format!("{icon} {} of {of} tasks running ({scaling})", state.running)
}

fn listener(state: &ListenerState) -> String {
    let targets: Vec<String> = state
        .actions
        .iter()
        .flat_map(|action| &action.targets)
        .map(|target| format!("{} {}", target.arn.split('/').nth(1).unwrap_or(&target.arn), target.weight))
        .collect();
    if targets.is_empty() { "forwards nowhere".to_owned() } else { format!("forwards to {}", targets.join(", ")) }
}

fn seen<T>(seen: &Seen<Option<T>>, absent: &str, show: impl Fn(&T) -> String) -> String {
    match seen {
        Seen::Unknown(why) => unseen(why),
        Seen::Refused(why) => blocked(why),
        Seen::Known(None) => format!("❌ {absent}"),
        Seen::Known(Some(value)) => show(value),
    }
}

fn unknown(why: &str) -> String {
    escape(&unseen(why))
}

fn refused(why: &str) -> String {
    escape(&blocked(why))
}

fn unseen(why: &str) -> String {
    format!("❔ unknown: {why}")
}

/// AWS's own no, as against silence.
fn blocked(why: &str) -> String {
    format!("⛔ refused: {why}")
}

/// What a failover would lose, and as of when that is known: who reads it may do so much later.
pub(super) fn data_loss(lag: &Seen<Option<commands::observation::Lag>>) -> String {
    match lag {
        Seen::Unknown(why) => unknown(why),
        Seen::Refused(why) => refused(why),
        Seen::Known(None) => "❔ unknown: no datapoint".to_owned(),
        Seen::Known(Some(lag)) => {
            format!("about {} of writes, as of {}", seconds(lag.millis / 1_000.0), date(lag.at))
        }
    }
}
