//! Sweeps: one story is played again and again, each time with something else going wrong, and must always come to the same end.
//!
//! A [`Story`] says what people want and in which world; a [`Rig`] plays it, kills the bot where it is told to, and collects the evidence for
//! [`crate::model`]; [`Crew`] is the people who bring a run to its end.

pub mod crash;
mod crew;
pub mod fault;
mod hand;
pub mod interfere;
pub mod random;
pub mod repeat;
mod rig;
mod spread;
mod story;

pub use crew::Crew;
pub use hand::Hand;
pub use rig::{End, Rig};
pub use spread::spread;
pub use story::Story;

/// What a sweep covered, and what it found.
#[derive(Debug, Default)]
pub struct Tally {
    /// Plays.
    pub plays: usize,
    /// What did not hold, each with the play that shows it.
    pub violations: Vec<String>,
}

impl Tally {
    /// The tally of plays, each with its name and what did not hold in it.
    pub fn of(plays: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let mut tally = Self::default();
        for (name, found) in plays {
            tally.plays += 1;
            tally.violations.extend(found.into_iter().map(|violation| format!("{name}: {violation}")));
        }
        tally
    }

    /// Fails the test if anything did not hold.
    pub fn demand_nothing_found(&self) {
        assert!(self.violations.is_empty(), "{} violations:\n{}", self.violations.len(), self.violations.join("\n"));
    }
}
