//! What an error says, with its causes.

use std::error::Error;

use super::ProxyError;

/// An error and its causes, the outermost first.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The last cause, which is the one that says something.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// All of it in a line; where a proxy is the cause, only what that says.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    match causes(error).find_map(|cause| cause.downcast_ref::<ProxyError>()) {
        Some(proxy) => proxy.to_string(),
        None => causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": "),
    }
}
