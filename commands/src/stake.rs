//! The data at stake where a stale former primary is to be cleared away: what is known of the writes that only it holds. What is not known is
//! said to be so.

use std::fmt;

use jiff::Timestamp;

use crate::{
    ids::RunId,
    observation::{Lag, Seen},
    plan::Method,
    rescue::Rescue,
    run::Run,
};

/// What is known of the writes that only the stale former primary holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Stake {
    /// The promote that moved the writer away, if this log has it.
    pub moved: Option<Moved>,
    /// What RDS tells of Aurora's attempt to block writes there. `Known(None)`: of none.
    pub fence: Seen<Option<Fence>>,
    /// Who connected to it since the writer moved.
    pub connections: Seen<Connections>,
    /// What Aurora saved by itself (`rds:unplanned-global-failover-…`), with its copies.
    pub rescues: Seen<Vec<Rescue>>,
    /// What else hangs on it.
    pub attached: Attached,
}

/// What hangs on a former primary's cluster, by name: none of it may when the cluster is deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Attached {
    /// Blue/green deployments that it is part of, and that are not over, with their status.
    pub deployments: Seen<Vec<String>>,
    /// Proxies that send connections to it.
    pub proxies: Seen<Vec<String>>,
    /// Its custom endpoints.
    pub endpoints: Seen<Vec<String>>,
}

/// Connections to a former primary since the writer moved, as CloudWatch has them (`DatabaseConnections`).
#[derive(Debug, Clone, PartialEq)]
pub enum Connections {
    /// CloudWatch has no such metric of it.
    Unlisted,
    /// The writer moved so lately that no datapoint is about the time since alone.
    TooEarly,
    /// The most there were.
    Most {
        /// How many.
        most: f64,
        /// Begin of the five minutes.
        at: Timestamp,
    },
}

/// The promote that moved the writer away.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The run.
    pub run: RunId,
    /// The way that was approved; a failover where somebody else was faster than a switchover, since nobody knows how.
    pub method: Method,
    /// When it was approved.
    pub at: Timestamp,
    /// When its last step ended, after which nothing should use the old primary.
    pub over: Timestamp,
    /// The last lag that was seen before.
    pub lag: Option<Lag>,
}

impl Moved {
    /// What a run says of it; `None` if nobody approved that it moves the writer.
    pub fn of(run: &Run) -> Option<Self> {
        let method = match run.method()? {
            Method::Switchover if run.moved_by_others() => Method::Failover,
            method @ (Method::Failover | Method::Switchover) => method,
            Method::Rebuild | Method::Restore | Method::Rescue => return None,
        };
        let at = run.decided()?.at;
        let over = run.steps.values().filter_map(|step| step.ended_at).max().unwrap_or(at);
        Some(Self { run: run.id.clone(), method, at, over, lag: run.lag_before() })
    }
}

/// Aurora's attempt to block writes on the old primary: RDS-EVENT-0390 where it succeeded, RDS-EVENT-0391 where it timed out, after which the old
/// primary may have taken writes that the new one never saw.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// When.
    pub at: Timestamp,
    /// Whether writes were blocked.
    pub succeeded: bool,
}

impl Fence {
    /// The later of what two regions tell. Where one was not seen and the other tells of none, it is not known.
    pub(crate) fn of_both(here: Seen<Option<Self>>, there: Seen<Option<Self>>) -> Seen<Option<Self>> {
        match (here, there) {
            (Seen::Known(here), Seen::Known(there)) => {
                Seen::Known([here, there].into_iter().flatten().max_by_key(|fence| fence.at))
            }
            (Seen::Known(Some(told)), _) | (_, Seen::Known(Some(told))) => Seen::Known(Some(told)),
            (Seen::Known(None), unseen) | (unseen, _) => unseen,
        }
    }
}

impl fmt::Display for Stake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.moved {
            Some(moved) => write!(f, "{moved}")?,
            None => write!(f, "no promote in this log tells the lag before the writer moved")?,
        }
        match &self.fence {
            Seen::Known(Some(Fence { at, succeeded: true })) => write!(f, "; writes there were blocked at {at:.0}")?,
            Seen::Known(Some(Fence { at, succeeded: false })) => {
                write!(f, "; the attempt to block writes there timed out at {at:.0}, so it may have taken some since")?;
            }
            Seen::Known(None) => write!(f, "; RDS tells of no attempt to block writes there")?,
            Seen::Unknown(why) | Seen::Refused(why) => {
                write!(f, "; whether writes there were blocked is not known ({why})")?
            }
        }
        match &self.rescues {
            Seen::Known(rescues) if rescues.is_empty() => write!(f, "; Aurora saved no snapshot of it"),
            Seen::Known(rescues) => rescues.iter().try_for_each(|Rescue { source, .. }| {
                write!(f, "; Aurora saved it as {} ({})", source.id, source.status)
            }),
            Seen::Unknown(why) | Seen::Refused(why) => {
                write!(f, "; whether Aurora saved a snapshot of it is not known ({why})")
            }
        }
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, method, at, lag, .. } = self;
        match (method, lag) {
            (Method::Switchover, _) => write!(f, "{run} moved the writer by a switchover, which loses nothing"),
            (_, None) => write!(f, "the lag before {run} moved the writer is not known"),
            (_, Some(lag)) => {
                let age = at.duration_since(lag.at).as_secs();
                write!(
                    f,
                    "the last lag before {run} moved the writer was {:.0} ms, measured {age} s before its approval",
                    lag.millis
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Snapshot;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap_or_default()
    }

    fn nothing_attached() -> Attached {
        let none = || Seen::Known(Vec::new());
        Attached { deployments: none(), proxies: none(), endpoints: none() }
    }

    #[test]
    fn stake_says_what_is_known_and_what_is_not() {
        let moved = Moved {
            run: "promote-7".into(),
            method: Method::Failover,
            at: at(12),
            over: at(90),
            lag: Some(Lag { millis: 340.4, at: at(0) }),
        };
        let source = Snapshot {
            id: "rds:unplanned-global-failover-shop".into(),
            status: "available".into(),
            percent: 100,
            taken_at: Some(at(30)),
        };
        let known = Stake {
            moved: Some(moved.clone()),
            fence: Seen::Known(Some(Fence { at: at(20), succeeded: false })),
            connections: Seen::Known(Connections::Unlisted),
            rescues: Seen::Known(vec![Rescue { source, copies: Vec::new() }]),
            attached: nothing_attached(),
        };
        assert_eq!(
            known.to_string(),
            "the last lag before promote-7 moved the writer was 340 ms, measured 12 s before its approval; \
             the attempt to block writes there timed out at 2026-11-18T11:07:00Z, so it may have taken some since; \
             Aurora saved it as rds:unplanned-global-failover-shop (available)"
        );
        let unknown = Stake {
            moved: Some(Moved { lag: None, ..moved }),
            fence: Seen::Unknown("us-west-2 did not answer".into()),
            connections: Seen::Known(Connections::Unlisted),
            rescues: Seen::Known(Vec::new()),
            attached: nothing_attached(),
        };
        assert_eq!(
            unknown.to_string(),
            "the lag before promote-7 moved the writer is not known; \
             whether writes there were blocked is not known (us-west-2 did not answer); Aurora saved no snapshot of it"
        );
        let nothing = Stake {
            moved: None,
            fence: Seen::Known(None),
            connections: Seen::Known(Connections::Unlisted),
            rescues: Seen::Unknown("denied".into()),
            attached: nothing_attached(),
        };
        assert_eq!(
            nothing.to_string(),
            "no promote in this log tells the lag before the writer moved; RDS tells of no attempt to block writes there; \
             whether Aurora saved a snapshot of it is not known (denied)"
        );
    }
}
