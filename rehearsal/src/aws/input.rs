//! A call's parameters, whichever protocol they came in.

use serde_json::Value;

use crate::simulation::refusal::{Refusal, Result};

/// Parameters as a tree. Query and XML protocols carry numbers and booleans as text: the accessors read both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a>(&'a Value);

impl<'a> Input<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// The tree itself.
    pub(super) fn value(self) -> &'a Value {
        self.0
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    pub(super) fn required(self, name: &str) -> Result<&'a str> {
        self.text(name).ok_or_else(|| invalid(format!("parameter {name} is required")))
    }

    pub(super) fn number(self, name: &str) -> Result<Option<u32>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| bad_number(name)),
            Some(other) => other.as_u64().and_then(|n| u32::try_from(n).ok()).map(Some).ok_or_else(|| bad_number(name)),
        }
    }

    /// Seconds since 1970, from a number or from an ISO 8601 text.
    pub(super) fn seconds(self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second),
            other => other.as_f64().map(|seconds| seconds as i64),
        }
    }

    pub(super) fn flag(self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::String(text) => text.parse().ok(),
            other => other.as_bool(),
        }
    }

    pub(super) fn structure(self, name: &str) -> Option<Input<'a>> {
        self.0.get(name).filter(|value| value.is_object()).map(Input)
    }

    pub(super) fn list(self, name: &str) -> impl Iterator<Item = Input<'a>> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().map(Input)
    }

    pub(super) fn texts(self, name: &str) -> Vec<&'a str> {
        self.list(name).filter_map(|item| item.0.as_str()).collect()
    }

    /// Values of the filter with that name, in the shape that RDS filters have; absent if it is not filtered by.
    pub(super) fn filter(self, name: &str) -> Option<Vec<&'a str>> {
        self.list("Filters").find(|filter| filter.text("Name") == Some(name)).map(|filter| filter.texts("Values"))
    }
}

fn bad_number(name: &str) -> Refusal {
    invalid(format!("parameter {name} must be a number that is not negative"))
}

fn invalid(message: String) -> Refusal {
    Refusal::invalid("ValidationException", message)
}
