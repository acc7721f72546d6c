//! Sweeps in a size for every day; `soak` plays them whole.

use std::sync::OnceLock;

use tests::sweep::{Story, Tally, crash, fault, interfere, random, repeat, spread};

const SEED: u64 = 1;
/// The stories of a failover and of a switchover whose call fails in every way, each day.
const MOVES: [Story; 2] = [Story::DarkPrimary, Story::Rejoined];

pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(crate) fn sample<T: Clone>(all: &[T], stride: usize) -> Vec<T> {
    all.iter().step_by(stride).cloned().collect()
}

pub(crate) fn stride(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A story with nothing going wrong.
struct Calm {
    story: Story,
    undisturbed: crash::Undisturbed,
}

/// Every story with nothing going wrong, or the one that is named, each played once for all tests.
fn calms() -> &'static [Calm] {
    static CALMS: OnceLock<Vec<Calm>> = OnceLock::new();
    CALMS.get_or_init(|| {
        let named = std::env::var("STORY").ok();
        let is_named = |story: &Story| named.as_ref().is_none_or(|named| format!("{story:?}") == *named);
        let stories: Vec<Story> = Story::ALL.into_iter().filter(is_named).collect();
        let plays = spread(&stories, threads(), async |&story| crash::undisturbed(story, SEED).await);
        let calm = |(story, play): (Story, Result<crash::Undisturbed, String>)| {
            let undisturbed = play.unwrap();
            assert!(undisturbed.end.is_served_by(story.side()), "{story:?}: {:?}", undisturbed.end);
            Calm { story, undisturbed }
        };
        stories.into_iter().zip(plays).map(calm).collect()
    })
}

/// What is played of each story; says of how much.
fn of_each<T>(
    what: &str,
    all: impl Fn(&Calm) -> Vec<T>,
    some: impl Fn(&Calm, &[T]) -> Vec<T>,
) -> Vec<(&'static Calm, T)> {
    let of_one = |calm: &'static Calm| {
        let all = all(calm);
        let some = some(calm, &all);
        println!("{:?}: {} of {} {what}", calm.story, some.len(), all.len());
        some.into_iter().map(move |one| (calm, one))
    };
    calms().iter().flat_map(of_one).collect()
}

#[test]
fn sweep_of_repeats_changes_nothing_the_second_time() {
    // Every step of every runbook is in these; the others differ in what is there when it begins.
    let some: Vec<&Calm> = calms().iter().step_by(stride("REPEAT_STRIDE", 2)).collect();
    let plays = spread(&some, threads(), async |calm| repeat::play(calm.story, SEED, &calm.undisturbed.end).await);
    for (Calm { story, undisturbed }, repeated) in some.into_iter().zip(&plays) {
        let steps = undisturbed.steps.len();
        println!("{story:?}: {} of {steps} steps done twice", repeated.steps.len());
        assert_eq!((repeated.steps.len(), &repeated.found), (steps, &Vec::new()), "{story:?}");
    }
}

#[test]
fn sweep_of_crashes_comes_to_the_same_end() {
    let stride = stride("CRASH_STRIDE", 60);
    let points = of_each("crash points", |calm| crash::points(&calm.undisturbed), |_, all| sample(all, stride));
    let plays = spread(&points, threads(), async |&(Calm { story, undisturbed }, point)| {
        crash::play(*story, SEED, point, &undisturbed.end).await
    });
    let names = points.iter().map(|(calm, point)| format!("{:?}, {point:?}", calm.story));
    Tally::of(names.zip(plays)).demand_nothing_found();
}

#[test]
fn sweep_of_faults_ends_well_or_names_the_call() {
    let stride = stride("FAULT_STRIDE", 1000);
    let some = |calm: &Calm, all: &[fault::Case]| {
        let always = |case: &fault::Case| MOVES.contains(&calm.story) && case.moves_the_writer();
        let (moves, others): (Vec<_>, Vec<_>) = all.iter().cloned().partition(always);
        [moves, sample(&others, stride)].concat()
    };
    let cases = of_each("faults", |calm| fault::Case::all(&calm.undisturbed), some);
    let plays = spread(&cases, threads(), async |(Calm { story, undisturbed }, case)| {
        fault::play(*story, SEED, case, &undisturbed.end).await
    });
    let names = cases.iter().map(|(calm, case)| format!("{:?}, {}", calm.story, case.name()));
    Tally::of(names.zip(plays)).demand_nothing_found();
}

#[test]
fn sweep_of_interferences_keeps_every_invariant() {
    let all = interfere::Case::all();
    let some = sample(&all, stride("INTERFERENCE_STRIDE", 80));
    let named = std::env::var("STORY").ok();
    let is_named =
        |case: &interfere::Case| named.as_ref().is_none_or(|named| format!("{:?}", case.beginning) == *named);
    let worst = interfere::Case::worst();
    let cases: Vec<_> =
        worst.into_iter().chain(some.into_iter().filter(|_| named.is_none())).filter(is_named).collect();
    println!("{} of {} interferences", cases.len(), all.len());
    let plays = spread(&cases, threads(), async |case| interfere::play(case, SEED).await);
    Tally::of(cases.iter().map(interfere::Case::name).zip(plays)).demand_nothing_found();
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
