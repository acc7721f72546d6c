//! Sweeps in a size for every day; `soak` plays them whole.

use std::sync::OnceLock;

use tests::sweep::{Story, Tally, crash, fault, random, repeat, spread};

const SEED: u64 = 1;
/// The stories of a failover and of a switchover whose call fails in every way, each day.
const MOVES: [Story; 2] = [Story::DarkPrimary, Story::Rejoined];

pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(crate) fn sample<T: Clone>(all: &[T], stride: usize) -> Vec<T> {
    all.iter().step_by(stride).cloned().collect()
}

/// The stories to sweep: all, or the one that is named.
fn stories() -> Vec<Story> {
    let named = std::env::var("STORY").ok();
    Story::ALL.into_iter().filter(|story| named.as_ref().is_none_or(|named| format!("{story:?}") == *named)).collect()
}

#[test]
fn sweep_of_repeats_changes_nothing_the_second_time() {
    // Every step of every runbook is in these; the others differ in what is there when it begins.
    let stories = sample(&stories(), stride("REPEAT_STRIDE", 2));
    let plays = spread(&stories, threads(), async |&story| repeat::play(story, SEED, &calm(story).end).await);
    for (&story, repeated) in stories.iter().zip(&plays) {
        let steps = &calm(story).steps;
        println!("{story:?}: {} of {} steps done twice", repeated.steps.len(), steps.len());
        assert_eq!((repeated.steps.len(), &repeated.found), (steps.len(), &Vec::new()), "{story:?}");
    }
}

#[test]
fn sweep_of_crashes_comes_to_the_same_end() {
    for story in stories() {
        let calm = calm(story);
        let all = crash::points(calm);
        let points = sample(&all, stride("CRASH_STRIDE", 60));
        let plays = spread(&points, threads(), async |&point| crash::play(story, SEED, point, &calm.end).await);
        let tally = Tally::of(points.iter().map(|point| format!("{story:?}, {point:?}")).zip(plays));
        println!("{story:?}: {} of {} crash points", tally.plays, all.len());
        tally.demand_nothing_found();
    }
}

#[test]
fn sweep_of_faults_ends_well_or_names_the_call() {
    for story in stories() {
        let calm = calm(story);
        let all = fault::Case::all(calm);
        let always = |case: &fault::Case| MOVES.contains(&story) && case.moves_the_writer();
        let (moves, others): (Vec<_>, Vec<_>) = all.iter().cloned().partition(always);
        let cases = [moves, sample(&others, stride("FAULT_STRIDE", 1000))].concat();
        let plays = spread(&cases, threads(), async |case| fault::play(story, SEED, case, &calm.end).await);
        let tally = Tally::of(cases.iter().map(|case| format!("{story:?}, {}", case.name())).zip(plays));
        println!("{story:?}: {} of {} faults", tally.plays, all.len());
        tally.demand_nothing_found();
    }
}

/// Every story with nothing going wrong, played once for all tests.
fn calm(story: Story) -> &'static crash::Undisturbed {
    static CALM: [OnceLock<crash::Undisturbed>; Story::ALL.len()] = [const { OnceLock::new() }; Story::ALL.len()];
    CALM[story as usize].get_or_init(|| {
        let calm = spread(&[story], 1, async |&story| crash::undisturbed(story, SEED).await).remove(0).unwrap();
        assert!(calm.end.is_served_by(story.side()), "{story:?}: {:?}", calm.end);
        calm
    })
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
