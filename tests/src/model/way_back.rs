//! What must never happen on the way back: users on a database that lacks what they wrote, a region that loses what they use, a deletion whose data
//! is nowhere else. Judged by the world as it was when AWS accepted the call.

use jiff::{SignedDuration, Timestamp};
use rehearsal::{Call, Membership, Outcome, PairState, Side, SnapshotState};

use super::{Evidence, MOVES, by_hand, new_targets, production::lowers, run::RunHistory};

/// What somebody else did less than this before a call may be missed by it: AWS has no call that compares first, and the look came before.
const UNSEEN: SignedDuration = SignedDuration::from_secs(20);

/// How Aurora names what it saves of a former primary in an unplanned failover, by itself.
const SAVED_BY_AURORA: &str = "rds:unplanned-global-failover-";

impl Evidence {
    /// Why the call, which AWS accepted, must not have been made. Who chose a failover gave up what the old primary holds and serves.
    pub(super) fn loses_something(&self, call: &Call, run: &RunHistory<'_>) -> Vec<String> {
        let Some(side) = self.region_of(call).filter(|_| !run.chose("failover")) else { return Vec::new() };
        let taken = [
            self.deletes_under_users(call, side, run),
            self.lowers_under_users(call, side),
            self.deletes_what_is_nowhere_else(call, side, run),
        ];
        self.moves_users(call, run).into_iter().chain(taken.into_iter().flatten()).collect()
    }

    /// Users, or the writer, go where what the serving side wrote is not.
    fn moves_users(&self, call: &Call, run: &RunHistory<'_>) -> Vec<String> {
        let mut found = Vec::new();
        let alone =
            |pair: &PairState| Side::BOTH.into_iter().any(|side| points_at(pair, side) && !is_replicated(pair, side));
        if MOVES.contains(&call.operation.as_str()) && self.held(call.at, alone) {
            found.push("moves the writer, which lacks what the serving side wrote".to_owned());
        }
        for side in self.targets(call) {
            if self.held(call.at, |pair| pair.writer != Some(side)) {
                found.push(format!("points at {side:?}, which has not been the writer for a while"));
            }
            let lacks = |pair: &PairState| points_at(pair, side.other()) && !is_replicated(pair, side.other());
            if !self.given_up(call.at) && self.held(call.at, lacks) {
                found.push(format!("moves users to {side:?}, which lacks what the other side wrote"));
            }
            if let Some(why) = self.arrives_short(call, run, side) {
                found.push(why);
            }
        }
        found
    }

    /// Whether somebody else changed something between two calls, which so may both be needed.
    pub(super) fn undone_between(&self, one: &Call, other: &Call) -> bool {
        let between = |at: Timestamp| one.at <= at && at <= other.at;
        self.interferences.iter().any(|other| other.refused.is_none() && between(other.at))
            || self.calls.iter().any(|call| by_hand(call) && call.outcome == Outcome::Accepted && between(call.at))
    }

    /// Whether somebody failed over by hand before, and so gave up what the old primary had that was not replicated.
    fn given_up(&self, at: Timestamp) -> bool {
        let mut moves = self.calls.iter().filter(|call| call.at <= at && by_hand(call));
        moves.any(|call| call.operation == "FailoverGlobalCluster" && call.outcome == Outcome::Accepted)
    }

    /// The side that users are moved to runs less than is configured, or than the other one ran as the move was planned.
    fn arrives_short(&self, call: &Call, run: &RunHistory<'_>, side: Side) -> Option<String> {
        if run.skipped("capacity") {
            return None;
        }
        let planned = run.planned()?;
        let short = |pair: &PairState, name: &str, configured: u32| {
            let of = |side: Side, pair: &PairState| {
                pair.side(side).services.iter().find(|service| service.name == name).map_or(0, |found| found.running)
            };
            of(side, pair) < of(side.other(), &planned.pair).max(configured as usize)
        };
        let lacking = self.configured.iter().find(|(name, tasks)| self.held(call.at, |pair| short(pair, name, *tasks)));
        lacking.map(|(name, tasks)| {
            let ran = planned.pair.side(side.other()).services.iter().find(|service| service.name == *name);
            let ran = ran.map_or(0, |service| service.running);
            format!(
                "moves users to {side:?}, where {name} runs less than {tasks} configured and {ran} on the other side"
            )
        })
    }

    /// Something of a database goes in a region that users, or tasks, are in.
    fn deletes_under_users(&self, call: &Call, side: Side, run: &RunHistory<'_>) -> Option<String> {
        let deletes = ["DeleteDBInstance", "DeleteDBCluster", "RemoveFromGlobalCluster"];
        if !deletes.contains(&call.operation.as_str()) {
            return None;
        }
        if self.held(call.at, |pair| points_at(pair, side)) {
            return Some(format!("deletes in {side:?}, which the record points at"));
        }
        let runs = |pair: &PairState| pair.side(side).services.iter().any(|service| service.running > 0);
        let under_tasks = !run.overrode("stale-unused") && self.held(call.at, runs);
        under_tasks.then(|| format!("deletes in {side:?}, whose services run tasks"))
    }

    /// The region that users are sent to gets less capacity.
    fn lowers_under_users(&self, call: &Call, side: Side) -> Option<String> {
        let pair = before(call)?;
        let lowered = lowers(call, pair, side) && self.held(call.at, |pair| points_at(pair, side));
        lowered.then(|| format!("lowers the capacity of {side:?}, which the record points at"))
    }

    /// A cluster goes, and what it held is in no snapshot of this run as young as its last write, or what Aurora saved of it goes with it.
    fn deletes_what_is_nowhere_else(&self, call: &Call, side: Side, run: &RunHistory<'_>) -> Option<String> {
        if call.operation != "DeleteDBCluster" {
            return None;
        }
        let site = before(call)?.side(side);
        let available = |snapshot: &&SnapshotState| !snapshot.automated && snapshot.status == "available";
        let young = |snapshot: &SnapshotState| site.last_write_at.is_none_or(|written| snapshot.taken_at >= written);
        let mut kept = site.snapshots.iter().filter(available);
        let has_last = kept.any(|snapshot| young(snapshot) && self.took(run, &snapshot.id));
        // AWS takes the snapshot that the deletion itself names before it deletes.
        if !has_last && call.parameters["FinalDBSnapshotIdentifier"].is_null() {
            let when = site.last_write_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
            return Some(format!("deletes a cluster, last written to {when}, without a younger snapshot of this run"));
        }
        let saved = site.snapshots.iter().filter(|snapshot| snapshot.id.starts_with(SAVED_BY_AURORA));
        let copied = |saved: &SnapshotState| {
            site.snapshots.iter().filter(available).any(|copy| copy.copy_of.as_ref() == Some(&saved.id))
        };
        let lost = saved.filter(|saved| saved.status == "available").find(|saved| !copied(saved));
        lost.filter(|_| !run.skipped("rescue"))
            .map(|lost| format!("deletes {} with its cluster, which has no copy", lost.id))
    }

    /// Whether the run asked for that snapshot itself.
    fn took(&self, run: &RunHistory<'_>, id: &str) -> bool {
        let asked = self.calls.iter().filter(|call| call.operation == "CreateDBClusterSnapshot" && !by_hand(call));
        let mut accepted = asked.filter(|call| call.outcome == Outcome::Accepted);
        accepted.any(|call| call.parameters["DBClusterSnapshotIdentifier"] == id && run.intent_of(call).is_some())
    }

    fn targets(&self, call: &Call) -> Vec<Side> {
        before(call).map(|pair| new_targets(call, pair)).unwrap_or_default()
    }

    fn region_of(&self, call: &Call) -> Option<Side> {
        let pair = before(call)?;
        match call.operation.as_str() {
            // Route 53 belongs to no region.
            "ChangeResourceRecordSets" => self.targets(call).first().copied(),
            _ => Side::BOTH.into_iter().find(|&side| pair.side(side).region == call.region),
        }
    }

    /// Whether it was so when the call arrived, and had been for longer than a look may miss.
    fn held(&self, at: Timestamp, is_so: impl Fn(&PairState) -> bool) -> bool {
        let from = at - UNSEEN;
        let records = self.records.iter().map(|record| (record.at, &record.pair));
        let calls = self.calls.iter().filter_map(|call| Some((call.at, before(call)?)));
        let others = self.interferences.iter().filter_map(|other| Some((other.at, other.before.pairs.first()?)));
        let states: Vec<_> = records.chain(calls).chain(others).filter(|(seen, _)| *seen <= at).collect();
        let newest_before = states.iter().map(|(seen, _)| *seen).filter(|seen| *seen <= from).max();
        let since = newest_before.unwrap_or(from);
        let mut within = states.into_iter().filter(|(seen, _)| *seen >= since).peekable();
        within.peek().is_some() && within.all(|(_, pair)| is_so(pair))
    }
}

/// The pair just before the call.
fn before(call: &Call) -> Option<&PairState> {
    call.before.as_ref()?.pairs.first()
}

/// Whether any record sends users to that side, or name servers still do.
fn points_at(pair: &PairState, side: Side) -> bool {
    let region = format!("execute-api.{}.", pair.side(side).region);
    pair.resolves_to == Some(side) || pair.aliases.iter().any(|(_, target)| target.contains(&region))
}

/// Whether what that side wrote is in the global cluster, or reaches it: it is the writer, or a member that keeps up.
fn is_replicated(pair: &PairState, side: Side) -> bool {
    let site = pair.side(side);
    pair.writer == Some(side) || (site.membership == Membership::Member && site.synchronization == "connected")
}
