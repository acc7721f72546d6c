//! Readiness, as every message that shows it says it.

use commands::readiness::{Check, Level, Outcome};

use crate::slack::text::{count, escape};

/// How many checks stand how, in one line.
pub(super) fn summary(checks: &[Check]) -> String {
    let blocking = checks.iter().filter(|check| check.blocks()).count();
    let warnings = concerns(checks, Level::Warning).count();
    let passed = checks.iter().filter(|check| check.outcome() == Outcome::Pass).count();
    let mut parts = Vec::new();
    if blocking > 0 {
        parts.push(format!("⛔ {blocking} blocking"));
    }
    if warnings > 0 {
        parts.push(format!("⚠️ {}", count(warnings, "warning")));
    }
    parts.push(format!("✅ {passed} passed"));
    parts.join(" · ")
}

/// What stands in the way or should be known, blocking first, with the fix.
pub(super) fn lines(checks: &[Check]) -> Vec<String> {
    concerns(checks, Level::Blocking).chain(concerns(checks, Level::Warning)).map(line).collect()
}

/// One check: state in a word, what was found, what to do.
pub(super) fn line(check: &Check) -> String {
    let state = match (check.level, check.outcome()) {
        (_, Outcome::Pass) => "✅ passed",
        (Level::Blocking, Outcome::Fail) => "⛔ blocking",
        (Level::Blocking, Outcome::Unknown) => "⛔ blocking, unknown",
        (Level::Warning, Outcome::Fail) => "⚠️ warning",
        (Level::Warning, Outcome::Unknown) => "❔ unknown",
    };
    let fix = check.fix.as_ref().map(|fix| format!(" → {}", escape(fix))).unwrap_or_default();
    format!("{state} · *{}*: {}{fix}", escape(&check.id), escape(&check.detail))
}

fn concerns(checks: &[Check], level: Level) -> impl Iterator<Item = &Check> {
    checks.iter().filter(move |check| check.level == level && check.outcome() != Outcome::Pass)
}
