//! Which blocks the workspace takes, as far as it has shown: it is not asked again with every message.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::slack::{
    api::Refusal,
    kit::{Form, Message},
};

/// What one process knows of the workspace's blocks; all lanes share it.
#[derive(Debug, Default)]
pub struct Dialect {
    plainer: AtomicBool,
}

impl Dialect {
    /// Whether messages go out without tables and plans.
    pub fn is_plainer(&self) -> bool {
        self.plainer.load(Ordering::Relaxed)
    }

    /// The form in which a message is tried first.
    pub(super) fn form_of(&self, message: &Message) -> Form {
        match message.simpler(Form::Whole) {
            Some(Form::Plainer) if self.is_plainer() => Form::Plainer,
            _ => Form::Whole,
        }
    }

    /// The workspace took a message only without table and plan. One that was too long says nothing of them.
    pub(super) fn lacks_structure(&self, refusal: &Refusal) {
        if refusal.code.starts_with("invalid_") && !self.plainer.swap(true, Ordering::Relaxed) {
            tracing::warn!(%refusal, "the workspace takes no tables and plans; messages go without them until the next start");
        }
    }
}
