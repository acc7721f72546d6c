//! What an acknowledged record survives: kills, power cuts, full and read-only media, damage. Run in full with `-- --ignored`; a plain run
//! is short. It prints what it did, and ends like other tests.
//!
//! Power cuts and media need root, loop devices and Python; where they cannot be had, that is said, and counted as ignored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod child;
mod damage;
mod kill;
mod media;
mod store;

use std::process::ExitCode;

/// How often each trial is made.
struct Times {
    kills: u32,
    cuts: u32,
    media: u32,
    damages: u32,
}

/// What came of trials: what they counted, or why they could not be made here.
type Outcome = Result<String, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, dir] = arguments.as_slice()
        && mode == child::MODE
    {
        child::append(dir.as_ref());
    }
    let in_full = arguments.iter().any(|argument| argument == "--ignored" || argument == "--include-ignored");
    let wanted = |name: &str| {
        let names: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
        names.is_empty() || names.iter().any(|part| name.contains(part.as_str()))
    };
    let times = match in_full {
        true => Times { kills: 200, cuts: 50, media: 30, damages: 1_000 },
        false => Times { kills: 5, cuts: 0, media: 0, damages: 60 },
    };
    let trials: [(&str, &dyn Fn() -> Outcome); 4] = [
        ("kills", &|| kill::kills(times.kills)),
        ("power_cuts", &|| media::power_cuts(times.cuts)),
        ("media", &|| media::full_and_read_only(times.media)),
        ("damages", &|| damage::damages(times.damages)),
    ];
    let (mut passed, mut ignored) = (0, 0);
    for (name, trial) in trials.iter().filter(|(name, _)| wanted(name)) {
        // A trial that fails panics, which ends this program with a failure.
        match trial() {
            Ok(counts) => {
                passed += 1;
                println!("test {name} ... ok\n  {counts}");
            }
            Err(why) => {
                ignored += 1;
                println!("test {name} ... ignored, {why}");
            }
        }
    }
    println!("\ntest result: ok. {passed} passed; 0 failed; {ignored} ignored; 0 measured; 0 filtered out");
    ExitCode::SUCCESS
}
