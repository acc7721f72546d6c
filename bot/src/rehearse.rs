//! `standby rehearse`: the bot as it is, in a simulated world, with nothing else needed.

mod interactive;
mod pacer;
mod people;
mod pipeline;
mod play;
mod room;
mod scene;
mod script;
mod settings;
mod stagehand;
mod theatre;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use self::room::Room;
pub use self::{
    pacer::pace,
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
    runtime.block_on(async {
        match args.script {
            None => interactive::play(&args, args.speed.unwrap_or(SPEED), folder, out).await,
            Some(script) => {
                if let Some(speed) = args.speed {
                    tokio::spawn(pacer::pace(speed));
                }
                let (store, export) = (folder.join("store"), folder.join("export.jsonl"));
                // Not on standard output, which is the same for the same seed.
                tracing::info!(store = %store.display(), export = %export.display(), "rehearsing");
                let room = Room::open(args.seed, script::old_primary(script), &store, 1.0, None).await?;
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
