//! Plays as many random seeds as asked, on all cores: `cargo run --release -p tests --bin soak -- --seeds 10000`.
// Its figures are for whoever started it.
#![allow(clippy::print_stdout)]

use std::{collections::BTreeMap, process::ExitCode, thread, time::Instant};

use clap::Parser;
use tests::sweep::{
    interfere::{self, Case},
    random::{self, Played, Schedule},
    spread,
};

/// Seeds after which it tells how far it is.
const PART: usize = 100;

/// Plays random seeds and counts what did not hold.
#[derive(Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Everything that somebody can change at every moment of the way back, in place of random seeds.
    #[arg(long)]
    interferences: bool,
    /// Prints what happened, the log and the changing calls.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.interferences {
        return interferences();
    }
    let (from, count) = args.seed.map_or((args.from, args.seeds), |seed| (seed, 1));
    let seeds: Vec<u64> = (from..from + count).collect();
    let began = Instant::now();
    let mut sum = Sum::default();
    for part in seeds.chunks(PART) {
        play(part, args.verbose).into_iter().for_each(|played| sum.add(played));
        let (played, took) = (sum.seeds, began.elapsed().as_secs_f64());
        println!("{played} of {count} seeds from {from} in {took:.1} s, {:.1} seeds/s", played as f64 / took);
        println!(
            "  {} runs, {} calls, {} of them changes, {} violations",
            sum.runs, sum.calls, sum.changes, sum.violations
        );
        let by_kind = sum.interferences.iter().map(|(kind, times)| format!("{kind} {times}"));
        println!("  interferences: {}", by_kind.collect::<Vec<_>>().join(", "));
    }
    if sum.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays each case once.
fn interferences() -> ExitCode {
    let (began, cases) = (Instant::now(), [Case::worst(), Case::all()].concat());
    let found: usize = spread(&cases, threads(), async |case| {
        let found = interfere::play(case, 1).await;
        found.iter().for_each(|violation| println!("{}: {violation}", case.name()));
        found.len()
    })
    .into_iter()
    .sum();
    println!("{} cases in {:.1} s, {found} violations", cases.len(), began.elapsed().as_secs_f64());
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What was played.
#[derive(Default)]
struct Sum {
    seeds: usize,
    runs: usize,
    calls: usize,
    changes: usize,
    violations: usize,
    /// What others did that AWS did not refuse, by its kind.
    interferences: BTreeMap<&'static str, usize>,
}

impl Sum {
    fn of(played: &Played) -> Self {
        let mut sum = Self {
            seeds: 1,
            runs: played.lines.iter().filter(|line| line["event"] == "run.started").count(),
            calls: played.calls.len(),
            changes: played.calls.iter().filter(|call| call.changing).count(),
            violations: played.violations.len(),
            interferences: BTreeMap::new(),
        };
        for other in played.interferences.iter().filter(|other| other.refused.is_none()) {
            *sum.interferences.entry(other.what.kind()).or_default() += 1;
        }
        sum
    }

    fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.runs += other.runs;
        self.calls += other.calls;
        self.changes += other.changes;
        self.violations += other.violations;
        for (kind, times) in other.interferences {
            *self.interferences.entry(kind).or_default() += times;
        }
    }
}

/// Plays these seeds on all cores.
fn play(seeds: &[u64], verbose: bool) -> Vec<Sum> {
    spread(seeds, threads(), async |&seed| {
        let played = random::play(seed).await;
        if verbose {
            tell(&played);
        }
        for violation in &played.violations {
            println!(
                "seed {seed}: {violation}\n  replay: cargo run --release -p tests --bin soak -- --seed {seed} --verbose"
            );
        }
        Sum::of(&played)
    })
}

fn tell(played: &Played) {
    let Schedule { pair, builds, there, back, .. } = &played.schedule;
    println!("old primary: {:?}, CodeBuild: {builds}", pair.old_primary);
    for (part, acts) in [("there", Some(there)), ("back", back.as_ref())] {
        for (at, act) in acts.into_iter().flatten() {
            println!("{part:>5} {:>8.3} s  {act:?}", at.as_secs_f64());
        }
    }
    for line in &played.lines {
        let data: String = line["data"].to_string().chars().take(300).collect();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        println!("#{} {} {} {} {} {data}", line["seq"], text("at"), text("run"), text("event"), text("step"));
    }
    for other in &played.interferences {
        println!("{} somebody: {:?} {}", other.at, other.what, other.refused.as_deref().unwrap_or("done"));
    }
    for call in played.calls.iter().filter(|call| call.changing) {
        println!("{} {} {} {:?} {}", call.at, call.region, call.operation, call.outcome, call.parameters);
    }
}
