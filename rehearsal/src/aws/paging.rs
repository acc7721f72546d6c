//! Lists that come page by page. A token is the number of entries before the page.

use serde_json::{Value, json};

use super::input::Input;
use crate::simulation::{
    Simulation,
    refusal::{Refusal, Result},
};

/// The page that `token` asks for, and the token of the next one, if there is more. A page has as many entries as `size` says, `default` if it says nothing,
/// and never more than the account's own bound.
pub(super) fn page(
    simulation: &Simulation,
    all: Vec<Value>,
    input: Input<'_>,
    token: &str,
    size: &str,
    default: usize,
) -> Result<(Vec<Value>, Value)> {
    let begin = input.number(token).map_err(|_| Refusal::invalid("InvalidParameterException", "Invalid token"))?;
    let begin = begin.unwrap_or(0) as usize;
    let wanted = input.number(size)?.map_or(default, |size| size as usize);
    let size = wanted.min(simulation.scenario.account.page.unwrap_or(usize::MAX)).max(1);
    let next = if begin + size < all.len() { json!((begin + size).to_string()) } else { Value::Null };
    Ok((all.into_iter().skip(begin).take(size).collect(), next))
}
