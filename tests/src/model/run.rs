//! One run, as the lines of the log tell it.

use std::collections::BTreeMap;

use rehearsal::{Call, Outcome};
use serde_json::Value;

use super::{Evidence, MOVES, Witnessed, by_hand};

/// The records of one run.
pub(super) struct RunHistory<'a> {
    pub(super) id: &'a str,
    records: Vec<&'a Witnessed>,
}

impl<'a> RunHistory<'a> {
    /// Every run in the log.
    pub(super) fn all(records: &'a [Witnessed]) -> Vec<Self> {
        let mut runs: BTreeMap<&str, Vec<&Witnessed>> = BTreeMap::new();
        for record in records {
            if let Some(run) = record.line["run"].as_str() {
                runs.entry(run).or_default().push(record);
            }
        }
        runs.into_iter().map(|(id, records)| Self { id, records }).collect()
    }

    fn of(&self, event: &'static str) -> impl Iterator<Item = &'a Witnessed> {
        self.records.iter().copied().filter(move |record| record.event() == event)
    }

    /// The latest intent that was durable when the call arrived, and whose end was not yet known then.
    pub(super) fn intent_of(&self, call: &Call) -> Option<&'a Witnessed> {
        self.of("call.intended").filter(|intent| intends(intent, call) && self.stands(intent, call)).last()
    }

    fn stands(&self, intent: &Witnessed, call: &Call) -> bool {
        let mut ends = self.of("call.finished").filter(|end| end.data()["intent"].as_u64() == Some(intent.seq()));
        intent.at <= call.at && ends.next().is_none_or(|end| call.at <= end.at)
    }

    /// Whether a person approved the run, and in it the way of an irreversible call, before its intent.
    pub(super) fn approved(&self, call: &Call, intent: &Witnessed) -> bool {
        let read = self.of("run.started").last().map(|started| &started.data()["plan_digest"]);
        self.of("gate.decided").filter(|decided| decided.seq() < intent.seq()).any(|decided| {
            let (data, by) = (decided.data(), decided.line["actor"]["kind"].as_str());
            let person = matches!(by, Some("slack" | "terminal"));
            let method = data["decision"]["method"].as_str();
            let this_way = method.is_none_or(|method| way_of(&call.operation).is_none_or(|way| way == method));
            person && data["decision"]["how"] == "approved" && this_way && Some(&data["plan_digest"]) == read
        })
    }

    /// Its beginning, as it was planned.
    pub(super) fn planned(&self) -> Option<&'a Witnessed> {
        self.of("run.started").last()
    }

    /// Whether an approval overrode that blocking check, by its name.
    pub(super) fn overrode(&self, check: &str) -> bool {
        let overrides = |decided: &Witnessed| {
            decided.data()["overrides"].as_array().is_some_and(|all| all.iter().any(|id| id == check))
        };
        self.of("gate.decided").any(|decided| decided.data()["decision"]["how"] == "approved" && overrides(decided))
    }

    /// Whether people chose that way.
    pub(super) fn chose(&self, method: &str) -> bool {
        self.of("gate.decided").any(|decided| decided.data()["decision"]["method"] == method)
    }

    /// Whether a person chose to go on without the step.
    pub(super) fn skipped(&self, step: &str) -> bool {
        self.of("step.resolved").any(|record| record.line["step"] == step && record.data()["resolution"] == "skip")
    }

    /// A gate is decided once.
    pub(super) fn decided_twice(&self) -> Option<String> {
        let (opened, decided) = (self.of("gate.opened").count(), self.of("gate.decided").count());
        (decided > opened).then(|| format!("{}: {opened} gates, {decided} decisions", self.id))
    }

    /// A run that ended says so in the channel, and one that did not asks somebody.
    pub(super) fn out_of_sight(&self, evidence: &Evidence) -> Option<String> {
        let report = format!("{}/report", self.id);
        let ended = self.of("run.ended").next().is_some();
        let seen = match ended {
            true => self.of("message.posted").any(|posted| posted.data()["key"] == report.as_str()),
            false => evidence.buttons.iter().any(|value| value.contains(self.id)),
        };
        self.of("run.started").next()?;
        (!seen).then(|| format!("{}: {}", self.id, if ended { "its report is nowhere" } else { "waits for nobody" }))
    }

    /// At most one call for an intent was accepted, but for what somebody else may have undone meanwhile, and at most one to move the writer whose outcome was not a plain refusal: an intent covers several
    /// tries only of what AWS refused. No more of these than it says, not counting signatures that
    /// AWS didn't take.
    pub(super) fn acted_twice(&self, evidence: &Evidence) -> Vec<String> {
        let (mut made, mut moves) = (BTreeMap::<u64, &Call>::new(), BTreeMap::<u64, u64>::new());
        let mut found = Vec::new();
        for call in evidence.calls.iter().filter(|call| call.changing && !by_hand(call)) {
            let Some(intent) = self.intent_of(call) else { continue };
            let moves_the_writer = MOVES.contains(&call.operation.as_str());
            if call.outcome == Outcome::Accepted || (moves_the_writer && !plainly_refused(call)) {
                let before = made.insert(intent.seq(), call);
                if before.is_some_and(|before| moves_the_writer || !evidence.undone_between(before, call)) {
                    found.push(format!("{}: {} at {} is the second for one intent", self.id, call.operation, call.at));
                }
            }
            if moves_the_writer && !signed_wrongly(call) {
                let tries = moves.entry(intent.seq()).or_default();
                *tries += 1;
                if Some(*tries) > intent.data()["tries"].as_u64() {
                    found.push(format!("{}: {} at {} is one try too many", self.id, call.operation, call.at));
                }
            }
        }
        found
    }

    /// At most one accepted move of the writer for each word of a person: the approval, or a retry of the step that moves it.
    pub(super) fn moved_without_a_word(&self, calls: &[Call]) -> Vec<String> {
        let mut found = Vec::new();
        let mut spent: Option<u64> = None;
        for call in calls.iter().filter(|call| call.changing && call.outcome == Outcome::Accepted && !by_hand(call)) {
            let Some(intent) = self.intent_of(call) else { continue };
            if !MOVES.contains(&call.operation.as_str()) {
                continue;
            }
            let word = self.records.iter().rfind(|word| word.seq() < intent.seq() && is_word(word, intent));
            let word = word.map(|word| word.seq());
            if word.is_none() || word == spent {
                found.push(format!("{}: {} at {} is one more than people asked for", self.id, call.operation, call.at));
            }
            spent = word;
        }
        found
    }
}

/// Whether the record is a person's word to move the writer: an approval, or a retry of the step that made the intent.
fn is_word(record: &Witnessed, intent: &Witnessed) -> bool {
    match record.event() {
        "gate.decided" => record.data()["decision"]["how"] == "approved",
        "step.resolved" => record.line["step"] == intent.line["step"] && record.data()["resolution"] == "retry",
        _ => false,
    }
}

/// Whether AWS refused the signature before it looked at the call, which is then signed anew.
fn signed_wrongly(call: &Call) -> bool {
    let codes = ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "SignatureDoesNotMatch"];
    matches!(&call.outcome, Outcome::Refused(code) if codes.contains(&code.as_str()))
}

/// Whether AWS said that it did nothing.
fn plainly_refused(call: &Call) -> bool {
    matches!(&call.outcome, Outcome::Refused(code) if code != "InternalFailure")
}

/// The method that an irreversible call carries out.
fn way_of(operation: &str) -> Option<&'static str> {
    match operation {
        "FailoverGlobalCluster" => Some("failover"),
        "SwitchoverGlobalCluster" => Some("switchover"),
        "DeleteDBInstance" | "DeleteDBCluster" => Some("rebuild"),
        _ => None,
    }
}

/// Whether the intent names this call: operation, region, and every plain parameter.
fn intends(intent: &Witnessed, call: &Call) -> bool {
    let intended = &intent.data()["call"];
    let params = intended["params"].as_object();
    intended["operation"] == call.operation.as_str()
        && intended["region"] == call.region.as_str()
        && params.is_some_and(|params| params.iter().all(|(key, value)| same(value, &call.parameters[sent_as(key)])))
}

/// The parameter's name in Route 53's model, which the log calls by its meaning.
fn sent_as(key: &str) -> &str {
    if key == "HostedZoneId" { "Id" } else { key }
}

/// Equal where both are plain; services differ in how they write numbers and flags, and in the form of nested values.
fn same(intended: &Value, sent: &Value) -> bool {
    match (plain(intended), plain(sent)) {
        (Some(intended), Some(sent)) => intended == sent,
        _ => true,
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim_start_matches("/hostedzone/").to_owned()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}
