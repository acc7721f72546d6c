//! What the simulated world contains when it starts.

use jiff::Timestamp;

use crate::{
    account::Account,
    durations::Durations,
    pair::{Pair, Side, Site},
    region::Region,
};

/// The world at its start: its applications, its clock, its seed and how long things take.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Everything that is drawn is drawn from it.
    pub seed: u64,
    /// Simulated time when the world is made.
    pub epoch: Timestamp,
    /// Where the callers are: calls to other regions take longer.
    pub home: Region,
    /// The applications.
    pub pairs: Vec<Pair>,
    /// How long things take.
    pub durations: Durations,
    /// What else is in the account.
    pub account: Account,
}

impl Scenario {
    /// One application, "shop", between `us-east-1` and `us-west-2`, in steady state.
    pub fn pair() -> Self {
        Self::of([Pair::named("shop", 1)])
    }

    /// Several applications in steady state. Their names must differ.
    pub fn of(pairs: impl IntoIterator<Item = Pair>) -> Self {
        Self {
            seed: 1,
            // 2026-11-23T09:00:00Z, a Monday morning.
            epoch: Timestamp::constant(1_795_424_400, 0),
            home: Region::from("us-west-2"),
            pairs: pairs.into_iter().collect(),
            durations: Durations::default(),
            account: Account::default(),
        }
    }

    /// Every site with its pair and side.
    pub(crate) fn sites(&self) -> impl Iterator<Item = (&Pair, Side, &Site)> {
        self.pairs.iter().flat_map(|pair| Side::BOTH.map(|side| (pair, side, pair.site(side))))
    }
}
