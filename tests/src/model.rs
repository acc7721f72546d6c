//! What must hold whatever happens. It is judged by the lines of the log's files, as JSON, and by the calls that the simulated regions received:
//! nothing here shares code or types with the engine that it judges.

mod production;
mod run;
mod way_back;

use jiff::Timestamp;
use rehearsal::{Call, Interfered, Membership, Outcome, PairState, Side, SiteState};
use serde_json::Value;

use self::run::RunHistory;
use crate::sweep::Hand;

/// Everything that is known of one play.
pub struct Evidence {
    /// The log, oldest first.
    pub records: Vec<Witnessed>,
    /// The calls, in the order of arrival.
    pub calls: Vec<Call>,
    /// What others than the bot did, oldest first.
    pub interferences: Vec<Interfered>,
    /// The tasks of each service that a region in production runs, as configured.
    pub configured: Vec<(String, u32)>,
    /// The least tasks of each service that the region which serves has to run, as configured.
    pub minimum: Vec<(String, u32)>,
    /// Whether an export of the log verifies, and if not why.
    pub verified: Result<(), String>,
    /// Values of the buttons that people can press at the end.
    pub buttons: Vec<String>,
}

/// A record, and what was true in the world when it had become durable.
pub struct Witnessed {
    /// The world's time then, whatever the record says.
    pub at: Timestamp,
    /// The state of the pair then.
    pub pair: PairState,
    /// The line.
    pub line: Value,
}

impl Witnessed {
    fn event(&self) -> &str {
        self.line["event"].as_str().unwrap_or_default()
    }

    fn seq(&self) -> u64 {
        self.line["seq"].as_u64().unwrap_or_default()
    }

    fn data(&self) -> &Value {
        &self.line["data"]
    }
}

/// The calls that move the writer.
const MOVES: [&str; 2] = ["FailoverGlobalCluster", "SwitchoverGlobalCluster"];
/// Calls that can make a second writer beside the first: nothing that the bot does is reason for them.
const FORKS: [&str; 5] = [
    "RemoveFromGlobalCluster",
    "PromoteReadReplicaDBCluster",
    "CreateDBCluster",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
];

/// Every invariant that does not hold, for people. Empty: all is well.
pub fn violations(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if let Err(why) = &evidence.verified {
        found.push(format!("the log does not verify: {why}"));
    }
    let runs = RunHistory::all(&evidence.records);
    found.extend(overlapping(&evidence.records));
    found.extend(runs.iter().flat_map(|run| run.out_of_sight(evidence)));
    found.extend(runs.iter().flat_map(RunHistory::decided_twice));
    found.extend(evidence.lost_production(&runs));
    let mut judge = Judge { evidence, runs: &runs, found: Vec::new() };
    evidence.calls.iter().filter(|call| call.changing && !by_hand(call)).for_each(|call| judge.call(call));
    found.append(&mut judge.found);
    found.extend(runs.iter().flat_map(|run| run.acted_twice(evidence)));
    found.extend(runs.iter().flat_map(|run| run.moved_without_a_word(&evidence.calls)));
    found
}

/// Whether somebody else made the call.
fn by_hand(call: &Call) -> bool {
    call.access_key == Hand::ACCESS_KEY
}

/// One run at a time for an application.
fn overlapping(records: &[Witnessed]) -> Vec<String> {
    let (mut open, mut found) = (std::collections::BTreeMap::new(), Vec::new());
    for record in records {
        let (application, run) = (record.line["application"].as_str(), record.line["run"].as_str());
        match record.event() {
            "run.started" => {
                if let Some(Some(other)) = open.insert(application, run) {
                    found.push(format!("run {} began while {other} was open", run.unwrap_or_default()));
                }
            }
            "run.ended" => {
                open.remove(&application);
            }
            _ => {}
        }
    }
    found
}

struct Judge<'a> {
    evidence: &'a Evidence,
    runs: &'a [RunHistory<'a>],
    found: Vec<String>,
}

impl Judge<'_> {
    fn call(&mut self, call: &Call) {
        let name = format!("{} in {} at {}", call.operation, call.region, call.at);
        let intent = self.runs.iter().find_map(|run| Some((run, run.intent_of(call)?)));
        let Some((run, intent)) = intent else {
            return self.found.push(format!("{name}: no durable intent came before it"));
        };
        // A snapshot is taken before people are asked: it is what they decide on, and changes nothing that is there.
        let keeps = ["CreateDBClusterSnapshot", "CopyDBClusterSnapshot"].contains(&call.operation.as_str());
        if !keeps && !run.approved(call, intent) {
            self.found.push(format!("{name}: {} had no approval for it", run.id));
        }
        if FORKS.contains(&call.operation.as_str()) {
            self.found.push(format!("{name}: makes a second writer"));
        }
        if call.outcome != Outcome::Accepted {
            return;
        }
        if call.parameters.to_string().contains("UPSERT") {
            self.found.push(format!("{name}: replaces a record without comparing"));
        }
        let why = self.evidence.loses_something(call, run);
        self.found.extend(why.into_iter().map(|why| format!("{name}: {} {why}", run.id)));
        for side in new_targets(call, &intent.pair) {
            if intent.pair.writer != Some(side) && !run.skipped("database") {
                self.found.push(format!("{name}: points at {side:?} while the writer is {:?}", intent.pair.writer));
            }
        }
        if let Some(why) = self.evidence.takes_from_production(call, intent, run) {
            self.found.push(format!("{name}: {why}"));
        }
        if call.operation.starts_with("DeleteDB") {
            let site = site(call, intent);
            if !site.is_some_and(has_snapshot) {
                self.found.push(format!("{name}: there is no available snapshot"));
            }
            if site.is_some_and(|site| site.membership == Membership::Member) {
                self.found.push(format!("{name}: it belongs to the global cluster"));
            }
        }
    }
}

/// The sides that the records of a batch point at after the call; all of them are one, if all is well.
fn new_targets(call: &Call, pair: &PairState) -> Vec<Side> {
    if call.operation != "ChangeResourceRecordSets" {
        return Vec::new();
    }
    let changed = call.parameters.to_string();
    let put = changed.split("\"Action\"").filter(|change| change.contains("CREATE") || change.contains("UPSERT"));
    let region = |side: &Side| format!("execute-api.{}.", pair.side(*side).region);
    put.filter_map(|change| Side::BOTH.into_iter().find(|side| change.contains(&region(side)))).collect()
}

/// The region that was called, as it was when the call was decided.
fn site<'a>(call: &Call, intent: &'a Witnessed) -> Option<&'a SiteState> {
    Side::BOTH.map(|side| intent.pair.side(side)).into_iter().find(|site| site.region == call.region)
}

/// Whether a snapshot that somebody asked for is available.
fn has_snapshot(site: &SiteState) -> bool {
    site.snapshots.iter().any(|snapshot| !snapshot.automated && snapshot.status == "available")
}
