//! What tests of several rooms need: a moment, and a record of a run.

#![allow(clippy::unwrap_used)]

use commands::{journal::Event, plan::StepId};
use jiff::{Timestamp, ToSpan as _};
use storage::{Actor, Origin, Record};

/// 2026-11-23 09:00:00 UTC and so many seconds: when the command came.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::constant(1_795_424_400, 0) + seconds.seconds()
}

/// A record of the run `promote-16`.
pub(crate) fn record(seq: u64, seconds: i64, actor: Actor, step: Option<StepId>, event: Event) -> Record {
    let (event, data) = event.into_parts().unwrap();
    Record {
        v: 1,
        seq,
        prev: None,
        at: at(seconds),
        actor,
        origin: Origin::Slack { channel: "C0INCIDENT1".into(), message: None },
        application: Some("shop".into()),
        run: Some("promote-16".into()),
        step: step.map(|step| step.name().to_owned()),
        event,
        dedupe: None,
        data,
    }
}
