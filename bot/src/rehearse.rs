//! `standby rehearse`: the bot as it is, in a simulated world, with nothing else needed.

mod interactive;
mod pacer;
mod people;
mod room;
mod scene;
mod script;
mod settings;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use self::room::Room;
pub use self::{
    room::{network, socket_mode},
    settings::toml,
};
use crate::{cli::RehearseArgs, failure::Failure};

/// Simulated seconds in a real one, when a person plays.
const SPEED: f64 = 10.0;

/// Plays a rehearsal on a runtime of its own, whose clock is paused: time passes as the pacer lets it, or without one
/// as fast as it goes.
pub fn run(args: RehearseArgs, out: &mut impl Write) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .context("failed to start the runtime")?;
    let folder = folder()?;
    let store = folder.join("store");
    runtime.block_on(async {
        let speed = args.speed.or(args.script.is_none().then_some(SPEED));
        if let Some(speed) = speed {
            tokio::spawn(pacer::pace(speed));
        }
        match args.script {
            None => {
                let speed = speed.unwrap_or(SPEED);
                let room = Room::open(args.seed, args.old_primary.into(), &store, speed.max(1.0)).await?;
                interactive::play(room, speed, args.listen, &store, out).await
            }
            Some(script) => {
                let export = folder.join("export.jsonl");
                // Not on standard output, which is the same for the same seed.
                tracing::info!(store = %store.display(), export = %export.display(), "rehearsing");
                let room = Room::open(args.seed, script::old_primary(script), &store, 1.0).await?;
                script::play(room, script, &export, &store, out).await
            }
        }
    })
}

/// A new folder for this rehearsal, left behind for people to look at.
fn folder() -> Result<PathBuf, Failure> {
    let base = std::env::temp_dir();
    for number in 0..1_000 {
        let folder = base.join(format!("standby-rehearsal-{}-{number}", std::process::id()));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&base, &error)),
        }
    }
    Err(Failure::user(format!("{} is full of rehearsals; remove standby-rehearsal-* there", base.display())))
}

fn cannot(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::user(format!("{} cannot be written: {error}; set TMPDIR to another folder", folder.display()))
}
