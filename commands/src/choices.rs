//! What people can answer to a step that failed, and where each answer leads: one table for the channel, the terminal and the page.
//!
//! A skip that would lead to harm isn't offered. Such a step says why.

use crate::{
    journal::Resolution,
    plan::{Plan, RunbookName, StepId},
};

/// Where the answers to one step lead. `{from}`, `{to}` and `{app}` stand for the plan's regions and its application.
struct Choices {
    retry: &'static str,
    /// Where it leads; or why nobody may skip the step.
    skip: Result<&'static str, &'static str>,
    abort: &'static str,
}

/// Where that answer to a failed step leads, in a sentence or two without the last full stop.
pub fn leads_to(plan: &Plan, step: StepId, resolution: Resolution) -> String {
    let choices = of(plan.runbook, step);
    let said = match resolution {
        Resolution::Retry => choices.retry,
        Resolution::Skip => choices.skip.unwrap_or_else(|why| why),
        Resolution::FailOver => {
            "Ends this run, observes both regions again, and asks for a failover with a new plan. Nothing fails over before that is approved"
        }
        Resolution::Abort => choices.abort,
    };
    filled(plan, said)
}

/// Why nobody may skip that step, if nobody may.
pub fn why_no_skip(plan: &Plan, step: StepId) -> Option<String> {
    of(plan.runbook, step).skip.err().map(|why| filled(plan, why))
}

fn filled(plan: &Plan, said: &str) -> String {
    said.replace("{from}", &plan.from).replace("{to}", &plan.to).replace("{app}", &plan.application)
}

fn of(runbook: RunbookName, step: StepId) -> Choices {
    match runbook {
        RunbookName::Promote => promote(step),
        RunbookName::Rebuild => rebuild(step),
        RunbookName::Failback => failback(step),
        RunbookName::Restore => restore(step),
        RunbookName::Rescue => Choices {
            retry: "Copies what isn't kept yet of what Aurora saved",
            skip: Err("The copy is all that this run does"),
            abort: "Leaves Aurora's snapshot as it is, until RDS deletes it. `/dr rescue {app}` goes on from there",
        },
    }
}

fn promote(step: StepId) -> Choices {
    match step {
        StepId::Capacity => Choices {
            retry: "Raises what is still missing in {to}",
            skip: Ok("Goes on with the tasks that {to} runs now. Users may find too few"),
            abort: "Leaves {to} with the tasks that it has. `/dr promote {app}` goes on from there",
        },
        StepId::Database => Choices {
            retry: "Looks where the writer is, and sends the call again if it hasn't moved",
            skip: Err("Without a writer in {to} there is nothing to send users to"),
            abort: "Leaves the writer where it is. `/dr promote {app}` goes on from there",
        },
        StepId::Listener => Choices {
            retry: "Sets the listener in {to} again",
            skip: Ok("Sends users to {to} as its listener is now. Set it by hand first"),
            abort: "Leaves the writer in {to} and the record as it is. `/dr promote {app}` goes on from there",
        },
        StepId::Dns => Choices {
            retry: "Looks where the record points, and changes what is left",
            skip: Ok("Leaves the record as it is. Users stay where it points until you change it by hand"),
            abort: "Leaves the writer in {to} and the record as it is. `/dr promote {app}` goes on from there",
        },
        StepId::Verify => Choices {
            retry: "Asks the public address again until its answers are good",
            skip: Ok("Ends without proof that users are served. Check the public address yourself"),
            abort: "Leaves the writer in {to} and users where the record points. `/dr status {app}` shows how things stand",
        },
        _ => unlisted(),
    }
}

fn rebuild(step: StepId) -> Choices {
    match step {
        StepId::Snapshot => Choices {
            retry: "Takes another snapshot, or waits for the one that is under way",
            skip: Err("Nothing is deleted without a snapshot"),
            abort: "Leaves the old database as it is, and the snapshots that were taken. `/dr failback {app}` goes on from there",
        },
        StepId::Rescue => Choices {
            retry: "Copies what isn't kept yet of what Aurora saved",
            skip: Ok(
                "Goes on without a copy of what Aurora saved. After the deletion only retained automated backups may still have it",
            ),
            abort: "Leaves the old database as it is, and the snapshots that were taken. `/dr failback {app}` goes on from there",
        },
        StepId::Delete => Choices {
            retry: "Looks at what is there, deletes what is left of what was approved, and takes another last snapshot before the cluster goes",
            skip: Err("Terraform can't build the secondary while the old cluster has its name"),
            abort: "Leaves what is left of the old database. The report says how its protection is put back; `/dr failback {app}` goes on from there",
        },
        StepId::Rebuild => Choices {
            retry: "Starts another build where one is configured, and waits for the secondary in {to}",
            skip: Err("The way back needs a secondary in {to}"),
            abort: "Leaves users and the writer in {from}, without a secondary in {to}. `/dr failback {app}` goes on from there",
        },
        _ => unlisted(),
    }
}

fn failback(step: StepId) -> Choices {
    match step {
        StepId::Replication => Choices {
            retry: "Waits again until {to} keeps up",
            skip: Err("The writer can't move to a secondary that doesn't keep up"),
            abort: "Leaves users and the writer in {from}. `/dr failback {app}` goes on from there",
        },
        StepId::Capacity => Choices {
            retry: "Raises what is still missing in {to}",
            skip: Err("Users would be moved to tasks that aren't there"),
            abort: "Leaves users and the writer in {from}, and {to} with the tasks that it has. `/dr failback {app}` goes on from there",
        },
        StepId::Endpoint => Choices {
            retry: "Asks the endpoint in {to} again",
            skip: Ok(
                "Moves the writer and users to {to} though its endpoint doesn't answer well. Do it only if you know why",
            ),
            abort: "Leaves users and the writer in {from}, and {to} with its tasks. `/dr failback {app}` goes on from there",
        },
        StepId::Database => Choices {
            retry: "Looks where the writer is, and sends the call again if it hasn't moved",
            skip: Err("Users must not be moved away from their writer"),
            abort: "Leaves the writer where it is, and users in {from}. `/dr failback {app}` goes on from there",
        },
        StepId::Listener => Choices {
            retry: "Sets the listener in {to} again",
            skip: Ok("Sends users to {to} as its listener is now. Set it by hand first"),
            abort: "Leaves the writer in {to} and users in {from}, where writes may fail. `/dr failback {app}` goes on, `/dr promote {app}` goes back",
        },
        StepId::Dns => Choices {
            retry: "Looks where the record points, and changes what is left",
            skip: Ok("Leaves the record as it is. {from} keeps its tasks until you point the record at {to} by hand"),
            abort: "Leaves the writer in {to} and the record as it is. `/dr failback {app}` goes on, `/dr promote {app}` goes back",
        },
        StepId::Verify => Choices {
            retry: "Asks the public address again until its answers are good",
            skip: Ok(
                "Takes tasks from {from} without proof that {to} serves users. Check the public address yourself first",
            ),
            abort: "Leaves users where the record points, and {from} at full size. `/dr failback {app}` goes on, `/dr promote {app}` goes back",
        },
        StepId::Idle => Choices {
            retry: "Lowers {from} to warm idle, unless users or the writer are there",
            skip: Ok("Leaves {from} at full size and its scheduled scaling as it is. See to both by hand"),
            abort: "Leaves users in {to}, and {from} at full size. The report lists what is left",
        },
        StepId::Reconcile => Choices {
            retry: "Compares both regions with steady state again",
            skip: Ok("Ends the run with the differences that are left. See to them by hand"),
            abort: "Ends the run as aborted, with the differences that are left. The report lists them",
        },
        _ => unlisted(),
    }
}

fn restore(step: StepId) -> Choices {
    match step {
        StepId::Capacity => Choices {
            retry: "Raises what is still missing in {to}",
            skip: Err("The listener must not send users to tasks that aren't there"),
            abort: "Leaves {to} with the tasks that it has. `/dr restore {app}` goes on from there",
        },
        StepId::Listener => Choices {
            retry: "Sets the listener in {to} again",
            skip: Ok("Leaves the listener in {to} as it is. Set it by hand"),
            abort: "Leaves {to} with the tasks that it has. `/dr restore {app}` goes on from there",
        },
        _ => unlisted(),
    }
}

/// A step that the runbook doesn't have, or that never waits for people.
fn unlisted() -> Choices {
    Choices {
        retry: "Looks again, and does what is left",
        skip: Ok("Goes on without it. See to it by hand"),
        abort: "Leaves everything as it is. `/dr status {app}` shows how things stand",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{fixture, plan::promote as plan_promote, runbook::Runbook};

    const RUNBOOKS: [RunbookName; 5] =
        [RunbookName::Promote, RunbookName::Rebuild, RunbookName::Failback, RunbookName::Restore, RunbookName::Rescue];

    #[test]
    fn every_answer_to_every_step_says_where_it_leads() {
        let mut said = String::new();
        let promote = plan_promote("shop", &fixture::app(), &fixture::steady(), fixture::now()).unwrap();
        for name in RUNBOOKS {
            let mut plan = Plan { runbook: name, ..promote.clone() };
            if matches!(name, RunbookName::Rebuild | RunbookName::Failback) {
                std::mem::swap(&mut plan.from, &mut plan.to);
            }
            let asks = Runbook::named(name).steps.iter().filter(|step| !step.best_effort);
            for step in asks {
                assert_ne!(of(name, step.id).retry, unlisted().retry, "{} {}", name.as_str(), step.id.name());
                said.push_str(&format!("{} {}\n", name.as_str(), step.id.name()));
                for resolution in Resolution::ALL {
                    let offered = match resolution {
                        Resolution::Retry | Resolution::Abort => true,
                        Resolution::Skip => step.may_skip,
                        Resolution::FailOver => name == RunbookName::Promote && step.id == StepId::Database,
                    };
                    if offered {
                        let leads = leads_to(&plan, step.id, resolution);
                        assert!(!leads.contains('{') && !leads.ends_with('.'), "{leads}");
                        said.push_str(&format!("  {}: {leads}.\n", resolution.name()));
                    }
                }
                let why = why_no_skip(&plan, step.id);
                assert_eq!(why.is_none(), step.may_skip, "{} {}", name.as_str(), step.id.name());
                said.push_str(&why.map(|why| format!("  no skip: {why}.\n")).unwrap_or_default());
            }
        }
        insta::assert_snapshot!(said);
    }
}
