//! What a runbook is called where people read it.

use commands::{
    plan::{Plan, RunbookName},
    topology::Environment,
};

use crate::slack::text::escape;

/// Whether it is about something that users depend on, in a word.
pub(super) fn label(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "LIVE",
        Environment::Drill => "🧪 DRILL",
    }
}

/// A title that cannot be taken for one about something live if it is not.
pub(super) fn titled(environment: Environment, title: &str) -> String {
    match environment {
        Environment::Live => title.to_owned(),
        Environment::Drill => format!("{} · {title}", label(environment)),
    }
}

/// The application's name in a title.
pub fn named(plan: &Plan) -> String {
    titled(plan.environment, &plan.application)
}

/// The deed, as a title: `Promote shop to us-west-2`.
pub(super) fn deed(plan: &Plan) -> String {
    let Plan { application, to, .. } = plan;
    let deed = match plan.runbook {
        RunbookName::Promote => format!("Promote {application} to {to}"),
        RunbookName::Rebuild => format!("Rebuild {application}'s database in {to}"),
        RunbookName::Failback => format!("Fail {application} back to {to}"),
    };
    titled(plan.environment, &deed)
}

/// What is asked for, as the rest of "… asks", in Slack's markup.
pub(super) fn wish(plan: &Plan) -> String {
    let to = escape(&plan.to);
    match plan.runbook {
        RunbookName::Promote | RunbookName::Failback => format!("to make *{to}* the region that writes and serves"),
        RunbookName::Rebuild => {
            format!("to clear the stale database in *{to}* away, so that Terraform can build it anew as a secondary")
        }
    }
}

/// The command that asks again.
pub(super) fn command(plan: &Plan) -> &'static str {
    match plan.runbook {
        RunbookName::Promote => "/dr promote",
        RunbookName::Rebuild | RunbookName::Failback => "/dr failback",
    }
}

/// How it is after a good end.
pub(super) fn achieved(plan: &Plan) -> String {
    let Plan { application, to, .. } = plan;
    let achieved = match plan.runbook {
        RunbookName::Promote | RunbookName::Failback => format!("{application} is served by {to}"),
        RunbookName::Rebuild => format!("{application} has a secondary in {to} again"),
    };
    titled(plan.environment, &achieved)
}

/// What the run leaves alone, and the way back.
pub(super) fn untouched(plan: &Plan) -> &'static str {
    match plan.runbook {
        RunbookName::Promote => {
            "Nothing is deleted; the old primary's data stays as it is. The way back is a failback, once the old primary is a healthy secondary \
             again."
        }
        RunbookName::Rebuild => {
            "The region that writes and serves, and the snapshot. What only the stale cluster holds can be restored from that snapshot, into a new \
             cluster."
        }
        RunbookName::Failback => {
            "Nothing is deleted, and no data is lost: the writer waits for replication. The way back is a promote."
        }
    }
}
