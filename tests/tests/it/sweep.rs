//! Sweeps in a size for every day; `soak` plays them whole.

use rehearsal::Side;
use tests::sweep::{Story, Tally, crash, fault, random, spread};

const SEED: u64 = 1;

pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(crate) fn sample<T: Clone>(all: &[T], stride: usize) -> Vec<T> {
    all.iter().step_by(stride).cloned().collect()
}

#[test]
fn sweep_of_crashes_comes_to_the_same_end() {
    for story in Story::ALL {
        let calm = undisturbed(story);
        let side = if story.runbook() == "promote" { Side::Dr } else { Side::Primary };
        assert!(calm.end.is_served_by(side), "{story:?}: {:?}", calm.end);
        let all = crash::points(&calm);
        let points = sample(&all, stride("CRASH_STRIDE", 30));
        let plays = spread(&points, threads(), async |&point| crash::play(story, SEED, point, &calm.end).await);
        let tally = Tally::of(points.iter().map(|point| format!("{story:?}, {point:?}")).zip(plays));
        println!("{story:?}: {} of {} crash points", tally.plays, all.len());
        tally.demand_nothing_found();
    }
}

#[test]
fn sweep_of_faults_ends_well_or_names_the_call() {
    for story in Story::ALL {
        let calm = undisturbed(story);
        let all = fault::Case::all(&calm);
        let (moves, others): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|case| case.moves_the_writer());
        let cases = [moves, sample(&others, stride("FAULT_STRIDE", 1500))].concat();
        let plays = spread(&cases, threads(), async |case| fault::play(story, SEED, case, &calm.end).await);
        let tally = Tally::of(cases.iter().map(|case| format!("{story:?}, {}", case.name())).zip(plays));
        println!("{story:?}: {} of {} faults", tally.plays, all.len());
        tally.demand_nothing_found();
    }
}

fn undisturbed(story: Story) -> crash::Undisturbed {
    spread(&[story], 1, async |&story| crash::undisturbed(story, SEED).await).remove(0).unwrap()
}

pub(crate) fn stride(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn sweep_of_random_seeds_keeps_every_invariant() {
    let seeds: Vec<u64> = (0..stride("SEEDS", 5) as u64).collect();
    let plays = spread(&seeds, threads(), async |&seed| random::play(seed).await.violations);
    let tally = Tally::of(seeds.iter().map(|seed| format!("seed {seed}")).zip(plays));
    println!("{} seeds", tally.plays);
    tally.demand_nothing_found();
}

#[test]
fn sweep_of_a_seed_replays_exactly() {
    let plays = spread(&[5_u64, 5], threads(), async |&seed| random::play(seed).await.lines);
    assert_eq!(plays[0], plays[1]);
}
