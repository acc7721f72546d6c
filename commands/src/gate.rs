//! Gates: what only people may decide, and the proof that they did.

use crate::change::Irreversible;

/// Proof that a gate was satisfied for one irreversible change. Nothing but a run whose gate a person approved can make one.
#[derive(Debug, Clone)]
pub struct Approval {
    change: Irreversible,
}

impl Approval {
    /// Whether this approval is for that change, and no other.
    pub fn covers(&self, change: &Irreversible) -> bool {
        self.change == *change
    }
}
