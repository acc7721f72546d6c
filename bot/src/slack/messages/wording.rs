//! What a runbook is called where people read it.

use commands::{
    access::is_group,
    plan::{Method, Plan, RunbookName, StepId},
    runbook::Runbook,
    topology::Environment,
};

use crate::slack::text::{escape, joined_words};

/// Which record says so; `None`: the log takes none.
pub(super) fn audit(seq: Option<u64>) -> String {
    seq.map_or_else(|| "⚠️ not recorded: the audit log can't be written".to_owned(), |seq| format!("audit #{seq}"))
}

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
pub(crate) fn deed(plan: &Plan) -> String {
    let Plan { application, to, .. } = plan;
    let deed = match plan.runbook {
        RunbookName::Promote => format!("Promote {application} to {to}"),
        RunbookName::Rebuild => format!("Rebuild {application}'s database in {to}"),
        RunbookName::Failback => format!("Fail {application} back to {to}"),
        RunbookName::Restore => format!("Restore {application}'s capacity in {to}"),
        RunbookName::Rescue => format!("Rescue what Aurora saved of {application} in {to}"),
    };
    titled(plan.environment, &deed)
}

/// What is asked for, as the rest of "… asks", in Slack's markup.
pub(super) fn wish(plan: &Plan) -> String {
    let to = escape(&plan.to);
    match plan.runbook {
        RunbookName::Promote | RunbookName::Failback => format!("to make *{to}* the region that writes and serves"),
        RunbookName::Restore => format!("to bring *{to}*, which serves, back to its configured capacity"),
        RunbookName::Rescue => {
            format!("to copy the snapshot that Aurora took in *{to}* to one that doesn't expire")
        }
        RunbookName::Rebuild if !plan.deletes() => {
            format!("to let Terraform build the database in *{to}* anew as a secondary; there is none now")
        }
        RunbookName::Rebuild => {
            format!("to clear the stale database in *{to}* away, so that Terraform can build it anew as a secondary")
        }
    }
}

/// A way of doing it, as a deed: `Promote us-west-2 (failover)`.
pub(super) fn way(plan: &Plan, method: Method) -> String {
    let to = &plan.to;
    match method {
        Method::Failover => format!("Promote {to} (failover)"),
        Method::Rebuild if plan.deletes() => format!("Delete the stale database in {to}"),
        Method::Rebuild => format!("Rebuild the database in {to}"),
        Method::Rescue => format!("Copy Aurora's snapshot in {to}"),
        Method::Switchover => format!("Switch over to {to}"),
        Method::Restore => format!("Restore capacity in {to}"),
    }
}

/// People and groups who are named, as mentions.
pub(super) fn mentions(ids: &[String]) -> String {
    let mention = |id: &String| if is_group(id) { format!("<!subteam^{id}>") } else { format!("<@{id}>") };
    joined_words(&ids.iter().map(mention).collect::<Vec<_>>(), 600)
}

/// The command that asks again.
pub(super) fn command(plan: &Plan) -> String {
    format!("/dr {}", plan.runbook.command())
}

/// How it is after a good end.
pub(crate) fn achieved(plan: &Plan) -> String {
    let Plan { application, to, .. } = plan;
    let achieved = match plan.runbook {
        RunbookName::Promote | RunbookName::Failback => format!("{application} is served by {to}"),
        RunbookName::Rebuild => format!("{application} has a secondary in {to} again"),
        RunbookName::Restore => format!("{application} has its configured capacity in {to}"),
        RunbookName::Rescue => format!("what Aurora saved of {application} in {to} is kept"),
    };
    titled(plan.environment, &achieved)
}

/// What the run leaves alone.
pub(super) fn untouched(plan: &Plan) -> &'static str {
    match plan.runbook {
        RunbookName::Promote => "Nothing is deleted; the old primary's data stays as it is.",
        RunbookName::Rebuild if plan.deletes() => "The region that writes and serves, and the snapshots.",
        RunbookName::Rebuild => "The region that writes and serves.",
        RunbookName::Rescue => "Everything that is there: it only adds a snapshot.",
        RunbookName::Failback => "Nothing is deleted, and no data is lost: the writer waits for replication.",
        RunbookName::Restore => {
            "The database, the record and the other region. What is above its configured capacity stays."
        }
    }
}

/// The way back.
pub(super) fn way_back(plan: &Plan) -> &'static str {
    match plan.runbook {
        RunbookName::Promote => "A failback, once the old primary is a healthy secondary again.",
        RunbookName::Rebuild if plan.deletes() => {
            "None for the cluster itself. What only it holds can be restored from its last snapshot, into a new cluster."
        }
        RunbookName::Rebuild => "None needed: nothing is deleted.",
        RunbookName::Rescue => "Delete the copy.",
        RunbookName::Failback => "A promote.",
        RunbookName::Restore => "None needed: autoscaling and people may scale in again as always.",
    }
}

/// What a step of the plan waits for, by the ways that can be chosen: `after capacity in a switchover, at once in a failover`. `None` if it waits for
/// the step above it alone.
pub(super) fn order(plan: &Plan, step: StepId) -> Option<String> {
    let runbook = Runbook::named(plan.runbook);
    let spec = runbook.step(step)?;
    let place = runbook.steps.iter().position(|other| other.id == step)?;
    let above = place.checked_sub(1).and_then(|above| runbook.steps.get(above)).map(|above| above.id);
    let waits: Vec<(Method, &[StepId])> =
        plan.options.iter().map(|option| (option.method, spec.waits_for(Some(option.method)))).collect();
    if waits.iter().all(|(_, steps)| steps.iter().copied().eq(above)) {
        return None;
    }
    let said = |steps: &[StepId]| match steps {
        [] => "at once".to_owned(),
        steps => format!("after {}", steps.iter().map(|step| step.name()).collect::<Vec<_>>().join(" and ")),
    };
    let (_, first) = waits.first()?;
    Some(match waits.iter().all(|(_, steps)| steps == first) {
        true => said(first),
        false => {
            let each = waits.iter().map(|(method, steps)| format!("{} in a {}", said(steps), method.name()));
            each.collect::<Vec<_>>().join(", ")
        }
    })
}
