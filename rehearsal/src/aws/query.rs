//! The awsQuery protocol's parameters: a form whose names are paths.

use serde_json::{Map, Value};

/// Names that stand between a list and the numbers of its items.
const ITEM_NAMES: [&str; 4] = ["member", "Filter", "Value", "EventCategory"];

/// Parses a form such as `Filters.Filter.1.Name=db-cluster-id` into a tree of structures and lists.
pub(super) fn parse(body: &[u8]) -> Result<Value, serde_urlencoded::de::Error> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body)?;
    let mut root = Map::new();
    for (path, text) in fields {
        place(&mut root, &path, text);
    }
    Ok(with_lists(Value::Object(root)))
}

fn place(into: &mut Map<String, Value>, path: &str, text: String) {
    match path.split_once('.') {
        None => {
            into.insert(path.to_owned(), Value::String(text));
        }
        Some((first, rest)) => {
            let child = into.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(child) = child {
                place(child, rest, text);
            }
        }
    }
}

/// Turns structures with numbered members into lists.
fn with_lists(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let members: Map<String, Value> = members.into_iter().map(|(name, member)| (name, with_lists(member))).collect();
    let numbers: Option<Vec<usize>> = members.keys().map(|name| name.parse().ok()).collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let mut items: Vec<(usize, Value)> =
                numbers.into_iter().zip(members.into_iter().map(|(_, item)| item)).collect();
            items.sort_by_key(|(number, _)| *number);
            Value::Array(items.into_iter().map(|(_, item)| item).collect())
        }
        _ => unwrap_items(members),
    }
}

fn unwrap_items(mut members: Map<String, Value>) -> Value {
    if members.len() == 1 {
        for name in ITEM_NAMES {
            if let Some(Value::Array(items)) = members.get_mut(name) {
                return Value::Array(std::mem::take(items));
            }
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_become_structures_and_lists() {
        let form = b"Action=X&Filters.Filter.1.Name=db-cluster-id&Filters.Filter.1.Values.Value.1=a%20b&\
            DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight=5";
        let expected = json!({
            "Action": "X",
            "Filters": [{"Name": "db-cluster-id", "Values": ["a b"]}],
            "DefaultActions": [{"ForwardConfig": {"TargetGroups": [{"Weight": "5"}]}}],
        });
        assert_eq!(parse(form).unwrap(), expected);
    }
}
