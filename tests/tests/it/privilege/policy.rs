//! The policies in `deploy/terraform/modules/roles/policies`, filled in for a pair, and IAM's judgement on them: as much of it as they use.

use std::collections::{BTreeMap, BTreeSet};

use commands::topology::Duty;
use rehearsal::{Pair, Side};
use serde_json::{Value, json};

use super::demand::Demand;

/// The three policies, and what of them was used.
pub(super) struct Policies {
    statements: Vec<Statement>,
}

struct Statement {
    duty: Duty,
    sid: String,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Value,
    used: BTreeSet<String>,
}

impl Policies {
    /// As Terraform would make them for that pair.
    pub(super) fn of(pair: &Pair) -> Self {
        let statements = Duty::ALL.into_iter().flat_map(|duty| {
            let policy: Value = serde_json::from_str(&filled(duty, pair)).expect("a policy in JSON");
            let statements = policy["Statement"].as_array().expect("statements").clone();
            statements.into_iter().map(move |statement| Statement::read(duty, &statement))
        });
        Self { statements: statements.collect() }
    }

    /// Whether the duty's role is allowed that; remembers what of the policy says so.
    pub(super) fn allow(&mut self, duty: Duty, demand: &Demand) -> bool {
        let mut allowed = false;
        for statement in self.statements.iter_mut().filter(|statement| statement.duty == duty) {
            allowed |= statement.allow(demand);
        }
        allowed
    }

    /// Actions and resources that no demand has needed.
    pub(super) fn unused(&self) -> Vec<String> {
        let all = self.statements.iter().flat_map(|statement| {
            let parts = statement.actions.iter().chain(&statement.resources);
            let unused = parts.filter(|part| !statement.used.contains(*part));
            unused.map(|part| format!("{} {}: {part}", statement.duty.name(), statement.sid))
        });
        all.collect()
    }

    pub(super) fn actions(&self, duty: Duty) -> impl Iterator<Item = &str> {
        let own = self.statements.iter().filter(move |statement| statement.duty == duty);
        own.flat_map(|statement| statement.actions.iter().map(String::as_str))
    }

    pub(super) fn resources(&self, duty: Duty) -> impl Iterator<Item = &str> {
        let own = self.statements.iter().filter(move |statement| statement.duty == duty);
        own.flat_map(|statement| statement.resources.iter().map(String::as_str))
    }
}

impl Statement {
    fn read(duty: Duty, statement: &Value) -> Self {
        let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
        let unknown = statement.as_object().unwrap().keys().find(|key| !known.contains(&key.as_str()));
        assert_eq!(unknown, None, "this test does not know how IAM judges that");
        assert_eq!(statement["Effect"], "Allow");
        Self {
            duty,
            sid: statement["Sid"].as_str().expect("a name").to_owned(),
            actions: list(&statement["Action"]),
            resources: list(&statement["Resource"]),
            conditions: statement["Condition"].clone(),
            used: BTreeSet::new(),
        }
    }

    fn allow(&mut self, demand: &Demand) -> bool {
        let action = self.actions.iter().find(|action| **action == demand.action).cloned();
        let resource = self.resources.iter().find(|resource| matches(resource, &demand.resource)).cloned();
        let (Some(action), Some(resource)) = (action, resource) else { return false };
        if !self.holds(&demand.context) {
            return false;
        }
        self.used.extend([action, resource]);
        true
    }

    fn holds(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let Some(conditions) = self.conditions.as_object() else { return true };
        conditions.iter().all(|(operator, keys)| {
            keys.as_object().expect("condition keys").iter().all(|(key, wanted)| {
                let wanted = list(wanted);
                let asked = context.get(&key.to_ascii_lowercase()).unwrap_or_else(|| panic!("no call has {key}"));
                match operator.as_str() {
                    // One of them; for a list, each in turn. Empty lists do not occur: every change of records names one.
                    "StringEquals" | "ForAllValues:StringEquals" => {
                        !asked.is_empty() && asked.iter().all(|value| wanted.contains(value))
                    }
                    other => panic!("this test does not know how IAM judges {other}"),
                }
            })
        })
    }
}

/// Whether a resource of a policy, in which `*` is any text, names that ARN.
pub(super) fn matches(pattern: &str, arn: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == arn,
        Some((before, after)) => arn.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|&at| rest.is_char_boundary(at)).any(|at| matches(after, &rest[at..]))
        }),
    }
}

/// IAM writes one or several.
pub(super) fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(several) => several.iter().flat_map(list).collect(),
        Value::String(one) => vec![one.clone()],
        other => panic!("{other} is neither a text nor a list of them"),
    }
}

/// The template of a duty's policy, filled in like `modules/roles/main.tf` does.
fn filled(duty: Duty, pair: &Pair) -> String {
    let file =
        format!("{}/../deploy/terraform/modules/roles/policies/{}.json.tftpl", env!("CARGO_MANIFEST_DIR"), duty.name());
    let mut text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let service = |side: Side, service: &str| {
        let site = pair.site(side);
        format!("arn:aws:ecs:{}:{}:service/{}/{service}", site.region, pair.account, site.ecs_cluster)
    };
    let services: Vec<String> =
        Side::BOTH.into_iter().flat_map(|side| pair.services.iter().map(move |of| service(side, &of.name))).collect();
    let values = [
        ("account", pair.account.clone()),
        ("primary_region", pair.primary.region.to_string()),
        ("dr_region", pair.dr.region.to_string()),
        ("global_cluster", pair.global_cluster.clone()),
        ("primary_db_cluster", pair.primary.db_cluster.clone()),
        ("dr_db_cluster", pair.dr.db_cluster.clone()),
        ("primary_kms_key_arn", pair.kms_key_arn(Side::Primary)),
        ("dr_kms_key_arn", pair.kms_key_arn(Side::Dr)),
        ("listener_arns", json!(Side::BOTH.map(|side| pair.listener_arn(side))).to_string()),
        (
            "rule_arns",
            json!(
                Side::BOTH
                    .map(|side| format!("{}/*", pair.listener_arn(side).replace(":listener/", ":listener-rule/")))
            )
            .to_string(),
        ),
        ("service_arns", json!(services).to_string()),
        ("zone_arns", json!([format!("arn:aws:route53:::hostedzone/{}", pair.zone.id)]).to_string()),
        ("record_names", json!([pair.record]).to_string()),
        ("build_project", pair.build_project()),
    ];
    for (name, value) in values {
        text = text.replace(&format!("${{{name}}}"), &value);
    }
    assert!(!text.contains("${") && !text.contains("%{"), "{file} has a place that nobody fills:\n{text}");
    text
}

#[test]
fn a_star_is_any_text_and_nothing_else_is() {
    assert!(matches("arn:db:shop-*", "arn:db:shop-1") && matches("*", "") && matches("a*c*", "abcd"));
    assert!(!matches("arn:db:shop-*", "arn:db:chop-1") && !matches("a.c", "abc") && !matches("a*c", "abcd"));
}
