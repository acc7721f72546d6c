//! Production is never taken away before its replacement is there: a region that writes, with at least the configured minimum of tasks of each service.

use jiff::SignedDuration;
use rehearsal::{Call, Interfered, Interference, Outcome, PairState, Side};
use serde_json::Value;

use super::{Evidence, MOVES, Witnessed, by_hand, run::RunHistory};

/// What tasks take at most from the call that raises their count until they run, where nothing keeps them from it.
const STARTING: SignedDuration = SignedDuration::from_mins(10);

impl Evidence {
    /// Records before which a region carried production, and with which none does, without anybody's word for it and without the world's doing.
    pub(super) fn lost_production(&self, runs: &[RunHistory<'_>]) -> Vec<String> {
        let pairs = self.records.iter().zip(self.records.iter().skip(1));
        let lost = pairs.filter_map(|(before, after)| {
            let side = Side::BOTH.into_iter().find(|&side| self.carries(&before.pair, side))?;
            let lost = !Side::BOTH.into_iter().any(|side| self.carries(&after.pair, side));
            (lost && !self.excused(side, after, runs)).then(|| {
                let seq = after.line["seq"].as_u64().unwrap_or_default();
                format!("record {seq}: no region has the writer and its minimum of tasks; before it, {side:?} had both")
            })
        });
        lost.collect()
    }

    /// Whether that side has the writer and the minimum of every service.
    fn carries(&self, pair: &PairState, side: Side) -> bool {
        !pair.side(side).dark && pair.writer == Some(side) && self.has_capacity(pair, side)
    }

    fn has_capacity(&self, pair: &PairState, side: Side) -> bool {
        self.minimum.iter().all(|(name, min)| {
            pair.side(side).services.iter().any(|service| service.name == *name && service.running >= *min as usize)
        })
    }

    /// Whether that side lost production by what nobody can help, or by somebody's word: the region went dark, people chose a failover, which takes
    /// over at once, or to go on without capacity, somebody moved the writer by hand, or harmed the region that it was on its way to.
    fn excused(&self, side: Side, after: &Witnessed, runs: &[RunHistory<'_>]) -> bool {
        let moved = after.pair.writer != Some(side);
        let failed_over =
            self.moved_until(after).any(|call| call.operation == "FailoverGlobalCluster" || by_hand(call));
        let skipped = runs.iter().any(|run| run.skipped("capacity"));
        let harmed = |at: Side| self.taken_by_a_stranger(at, after) || self.went_dark_on_the_way(at, after);
        after.pair.side(side).dark
            || (moved && (failed_over || skipped || harmed(side.other())))
            || self.taken_by_a_stranger(side, after)
    }

    /// Whether the side that the writer was moved to went dark after AWS had taken the call.
    fn went_dark_on_the_way(&self, to: Side, after: &Witnessed) -> bool {
        let last = self.moved_until(after).last();
        let before = last.and_then(|call| call.before.as_ref()?.pairs.first());
        after.pair.side(to).dark && before.is_some_and(|pair| !pair.side(to).dark)
    }

    /// Whether somebody beside the bot took tasks of that side: fewer are wanted than production needs, or were until the bot raised them a moment ago,
    /// and the bot's last word there was not that.
    fn taken_by_a_stranger(&self, side: Side, after: &Witnessed) -> bool {
        let site = after.pair.side(side);
        let few = |(name, min): &(String, u32)| {
            site.services.iter().any(|service| service.name == *name && service.desired < *min)
        };
        let bots = |call: &&Call| call.at <= after.at && call.outcome == Outcome::Accepted && !by_hand(call);
        let mut scaled = self.calls.iter().filter(bots).filter(|call| call.region == site.region);
        let last = scaled.rfind(|call| wanted(call).is_some()).and_then(wanted);
        let least = self.minimum.iter().map(|(_, min)| u64::from(*min)).min().unwrap_or_default();
        let taken = self.minimum.iter().any(few) || self.lowered_by_others(side, after);
        taken && last.is_none_or(|tasks| tasks >= least)
    }

    /// Whether others lowered that side so recently that what the bot raised again need not run yet.
    fn lowered_by_others(&self, side: Side, after: &Witnessed) -> bool {
        let recent = |other: &&Interfered| other.at <= after.at && after.at.duration_since(other.at) < STARTING;
        let lowers = |what| matches!(what, Interference::Scales(at, _) | Interference::OldValues(at) if at == side);
        let mut done = self.interferences.iter().filter(recent).filter(|other| other.refused.is_none());
        done.any(|other| lowers(other.what))
    }

    /// Accepted moves of the writer until that record.
    fn moved_until(&self, record: &Witnessed) -> impl Iterator<Item = &Call> {
        let at = record.at;
        self.calls.iter().filter(move |call| {
            call.at <= at && call.outcome == Outcome::Accepted && MOVES.contains(&call.operation.as_str())
        })
    }

    /// Why the call must not have been made: it takes tasks from the region that writes, or from the one that users are sent to while the other
    /// one does not carry production. Only who chose a failover, or went on without capacity, gives the latter up.
    pub(super) fn takes_from_production(
        &self,
        call: &Call,
        intent: &Witnessed,
        run: &RunHistory<'_>,
    ) -> Option<&'static str> {
        let pair = &intent.pair;
        let side = Side::BOTH.into_iter().find(|&side| pair.side(side).region == call.region)?;
        let by_hands = self.moved_until(intent).any(by_hand);
        if !lowers(call, pair, side) || by_hands {
            return None;
        }
        if pair.writer == Some(side) {
            return Some("takes tasks from the region that writes");
        }
        let given_up = run.chose("failover") || run.skipped("capacity");
        let served = pair.resolves_to == Some(side) && !self.carries(pair, side.other());
        (served && !given_up).then_some("takes tasks from the region that users are sent to")
    }
}

/// The tasks, or the minimum of them, that the call asks for; `None` if it asks for neither.
fn wanted(call: &Call) -> Option<u64> {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    match call.operation.as_str() {
        "UpdateService" => number(&call.parameters["desiredCount"]),
        "RegisterScalableTarget" => number(&call.parameters["MinCapacity"]),
        _ => None,
    }
}

/// Whether the call lowers a service's count or minimum below what it was.
pub(super) fn lowers(call: &Call, pair: &PairState, side: Side) -> bool {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (name, count, minimum) = match call.operation.as_str() {
        "UpdateService" => (text(&call.parameters["service"]), number(&call.parameters["desiredCount"]), None),
        "RegisterScalableTarget" => {
            (text(&call.parameters["ResourceId"]), None, number(&call.parameters["MinCapacity"]))
        }
        _ => return false,
    };
    let named = name.rsplit('/').next().unwrap_or_default();
    pair.side(side).services.iter().filter(|service| service.name == named).any(|service| {
        count.is_some_and(|count| count < u64::from(service.desired))
            || minimum.is_some_and(|minimum| minimum < u64::from(service.min))
    })
}
