//! `kill -9` in a storm of appends.

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    Outcome,
    child::{Life, may_have_asked},
    store::check,
};

/// Lives that one store has.
const LIVES: u32 = 10;

/// Kills so many lives at random moments; what was acknowledged is there afterwards, and nothing was invented.
pub(crate) fn kills(times: u32) -> Outcome {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut acknowledged, mut unacknowledged, mut cut) = (0, 0, 0);
    let mut made = 0;
    while made < times {
        let dir = tempfile::tempdir().unwrap();
        let mut lives: Vec<(u32, BTreeMap<u64, String>)> = Vec::new();
        let mut all = BTreeMap::new();
        for _ in 0..LIVES.min(times - made) {
            let life = Life::begin(dir.path());
            life.goes_on(Duration::from_micros(random.random_range(0..60_000)));
            let (id, told) = life.end();
            all.extend(told.clone());
            lives.push((id, told));
            let asked = |id: &str| lives.iter().any(|(life, told)| may_have_asked(*life, told, id));
            let held = check(dir.path(), &all, asked);
            (unacknowledged, cut) = (unacknowledged + held.unacknowledged, cut + held.tails_cut);
            made += 1;
        }
        acknowledged += all.len();
    }
    Ok(format!(
        "{made} kills: {acknowledged} records acknowledged, 0 of them lost, 0 invented; {unacknowledged} sightings of records that were asked for and not yet acknowledged, {cut} of torn tails that were cut and recorded"
    ))
}
