//! Randomness that depends on the seed and on what is drawn, never on the order of drawing: a run with the same seed
//! repeats exactly, even if the caller asks for things in another order.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// Share by which a drawn duration may differ from its middle, either way.
const SPREAD: f64 = 0.08;

/// Draws numbers from a seed and the name of what is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice {
    seed: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn unit(self, name: &str) -> f64 {
        let digest = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(name).finalize();
        let drawn = digest.iter().take(6).fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        drawn as f64 / (1u64 << 48) as f64
    }

    /// A duration between two bounds.
    pub(crate) fn between(self, (low, high): (Duration, Duration), name: &str) -> Duration {
        low + high.saturating_sub(low).mul_f64(self.unit(name))
    }

    /// A duration close to `middle`.
    pub(crate) fn around(self, middle: Duration, name: &str) -> Duration {
        middle.mul_f64(1.0 - SPREAD + 2.0 * SPREAD * self.unit(name))
    }
}

/// Hexadecimal digits that are always the same for a name: for identifiers which AWS would have made up.
pub(crate) fn hex_id(name: &str, digits: usize) -> String {
    let mut id = hex::encode(Sha256::digest(name));
    id.truncate(digits);
    id
}

/// A UUID-shaped identifier that is always the same for a name.
pub(crate) fn uuid(name: &str) -> String {
    let id = hex_id(name, 32);
    format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_and_name_only() {
        let dice = Dice::new(7);
        assert_eq!(dice.unit("a"), Dice::new(7).unit("a"));
        assert_ne!(dice.unit("a"), dice.unit("b"));
        assert_ne!(dice.unit("a"), Dice::new(8).unit("a"));
    }

    #[test]
    fn draws_stay_in_bounds() {
        let bounds = (Duration::from_millis(40), Duration::from_millis(120));
        for name in ["a", "b", "c", "d"] {
            let drawn = Dice::new(1).between(bounds, name);
            assert!(bounds.0 <= drawn && drawn < bounds.1);
        }
    }
}
