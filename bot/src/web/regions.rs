//! The two regions: whom the record names to serve, and who writes, as the run's records tell it.

use commands::{
    journal::CallOutcome,
    plan::{RunbookName, StepId},
    run::{Run, StepState},
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{icon, time};

/// Which region has a part, or that it is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    /// The region that had it when the run began.
    From,
    /// The region that the run is about.
    To,
    /// It moves from the one to the other.
    Moving,
    /// Nobody knows; why.
    Unknown(&'static str),
}

/// Who does what, and since when that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Roles {
    pub(super) serves: (Holder, Timestamp),
    pub(super) writes: (Holder, Timestamp),
}

/// The roles as the run's records tell them.
pub(super) fn roles(run: &Run) -> Roles {
    if run.plan.runbook == RunbookName::Restore {
        let writes = Holder::Unknown("a restore leaves the database alone");
        return Roles { serves: (Holder::To, run.plan.observed_at), writes: (writes, run.plan.observed_at) };
    }
    let stays = matches!(run.plan.runbook, RunbookName::Rebuild | RunbookName::Rescue);
    let role = |step| if stays { (Holder::From, run.plan.observed_at) } else { holder(run, step) };
    Roles { serves: role(StepId::Dns), writes: role(StepId::Database) }
}

fn holder(run: &Run, id: StepId) -> (Holder, Timestamp) {
    let before = (Holder::From, run.plan.observed_at);
    let Some(step) = run.steps.get(&id) else { return before };
    let seen_at = step.ended_at.unwrap_or(step.attempt_at);
    if matches!(step.state, StepState::Done { .. }) {
        return (Holder::To, seen_at);
    }
    let call = run.calls_of(id).rfind(|call| !matches!(call.outcome, Some(CallOutcome::Failed { .. })));
    match (call, &step.state) {
        (None, StepState::Skipped) => (Holder::Unknown("the step was skipped"), seen_at),
        (None, _) => before,
        (Some(_), StepState::Failed { .. }) => (Holder::Unknown("a change was sent, and it does not show"), seen_at),
        (Some(_), StepState::Skipped | StepState::Aborted) => {
            (Holder::Unknown("a change was sent, and nobody looked again"), seen_at)
        }
        (Some(call), _) => (Holder::Moving, call.at),
    }
}

/// The regions drawn, with what is known in words.
pub(super) fn section(run: &Run) -> Markup {
    let roles = roles(run);
    let (from, to) = (&run.plan.from, &run.plan.to);
    let words = [
        words("The record sends users to", &roles.serves, from, to),
        words("The database writes in", &roles.writes, from, to),
    ];
    let said = words.iter().map(|(said, _)| said.as_str()).collect::<Vec<_>>().join(" ");
    html! {
        figure.panel {
            svg.regions width="100%" height="186" role="img" aria-label=(said) {
                rect.users x="50%" y="1" width="92" height="28" rx="14" transform="translate(-46)" {}
                text.users-label x="50%" y="20" text-anchor="middle" { "users" }
                (traffic("23%", "40%", &roles.serves.0, &Holder::From))
                (traffic("77%", "60%", &roles.serves.0, &Holder::To))
                (region(from, "0%", "23%", &roles, &Holder::From, run))
                (region(to, "54%", "77%", &roles, &Holder::To, run))
                (replication(run, &roles.writes.0))
            }
        }
        ul.plain {
            @for (said, at) in &words { li { (said) " " span.quiet { "Seen " (time(*at)) } } }
        }
    }
}

fn words(what: &str, (holder, at): &(Holder, Timestamp), from: &str, to: &str) -> (String, Timestamp) {
    let said = match holder {
        Holder::From => format!("{what} {from}."),
        Holder::To => format!("{what} {to}."),
        Holder::Moving => format!("{what} {from} or {to}: it is moving to {to}."),
        Holder::Unknown(why) => format!("{what} {from} or {to}: unknown, {why}."),
    };
    (said, *at)
}

/// The way from users to a region, where it goes or may go.
fn traffic(x: &str, begins: &str, holder: &Holder, side: &Holder) -> Markup {
    let class = match holder {
        holder if holder == side => "flow",
        Holder::Moving | Holder::Unknown(_) => "flow unsure",
        _ => return html! {},
    };
    html! { line class=(class) x1=(begins) y1="31" x2=(x) y2="72" marker-end="url(#head)" {} }
}

fn region(name: &str, x: &str, middle: &str, roles: &Roles, side: &Holder, run: &Run) -> Markup {
    let active = roles.serves.0 == *side || roles.writes.0 == *side;
    let part = |holder: &Holder, is: &'static str, not: &'static str| match holder {
        holder if holder == side => ("done", is),
        Holder::Moving if *side == Holder::To => ("running", "taking over"),
        Holder::Moving => ("running", "handing over"),
        Holder::Unknown(_) => ("unknown", "unknown"),
        _ => ("ahead", not),
    };
    let (serves, writes) = (
        part(&roles.serves.0, "serves users", "serves nobody"),
        part(&roles.writes.0, "writes", follower(run, &roles.writes.0)),
    );
    html! {
        rect.region.active[active] x=(x) y="74" width="46%" height="108" rx="8" {}
        text.region-name x=(middle) y="98" text-anchor="middle" { (name) }
        @for (number, (symbol, said)) in (0_u32..).zip([serves, writes]) {
            svg x=(x) y=(112 + number * 30) width="46%" height="30" {
                (icon(symbol, 10, 6))
                text.role x="31" y="18" { (said) }
            }
        }
    }
}

/// What the region is that does not write.
fn follower(run: &Run, writes: &Holder) -> &'static str {
    let rebuilt = run.steps.get(&StepId::Rebuild).is_some_and(|step| matches!(step.state, StepState::Done { .. }));
    match (run.plan.runbook, writes) {
        (RunbookName::Rebuild, _) if !rebuilt => "stands apart",
        // What becomes of the old writer is not the run's to know.
        (RunbookName::Promote, Holder::To) => "no longer writes",
        _ => "follows",
    }
}

/// How data goes between the two, where that is known.
fn replication(run: &Run, writes: &Holder) -> Markup {
    let follows = |holder| follower(run, holder) == "follows";
    let (begins, ends) = match writes {
        Holder::From if follows(writes) => ("46.5%", "53.5%"),
        Holder::To if follows(writes) => ("53.5%", "46.5%"),
        _ => return html! {},
    };
    html! { line.flow x1=(begins) y1="157" x2=(ends) y2="157" marker-end="url(#head)" {} }
}
