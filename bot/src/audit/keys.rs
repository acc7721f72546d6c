//! Making and replacing the key that signs checkpoints.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use storage::SigningKey;

use super::{auditor::LogAsk, place::Place};
use crate::{cli::StoreArg, config::Config, failure::Failure};

/// Makes a key in a new file, and tells its public half.
pub(super) fn keygen(name: &str, output: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let key = generate(name)?;
    save(&key.0, output)?;
    writeln!(out, "{}", key.1.public()).context("failed to write")?;
    tracing::info!(file = %output.display(), "the signing key is there; give the public key, on standard output, to whoever verifies");
    Ok(())
}

/// Makes the key that follows the one in use, and has that one say so in the log.
pub(super) async fn rotate(config_path: PathBuf, output: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let config = Config::load(&config_path)?;
    let old = config
        .signing_key(&config_path, |name| std::env::var(name).ok())?
        .ok_or_else(|| Failure::user("no signing key is configured; make one with `standby audit keygen`"))?;
    let (secret, new) = generate(old.name())?;
    // The file first: a key that the log names must not be lost.
    save(&secret, output)?;
    let statement = old.introduce(&new).map_err(|error| anyhow::anyhow!(error)).context("failed to sign")?;
    let place = Place::of(&StoreArg { config: Some(config_path), store: None })?;
    place.ask(LogAsk::Rotate { statement }).await?;
    writeln!(out, "{}", new.public()).context("failed to write")?;
    tracing::info!(
        file = %output.display(),
        "the log says which key follows; put the new one where [audit] names it, and restart the bot"
    );
    Ok(())
}

fn generate(name: &str) -> Result<(String, SigningKey), Failure> {
    let secret = SigningKey::generate(name).map_err(|error| Failure::user(error.to_string()))?;
    let key = secret.parse().context("a new key cannot be read")?;
    Ok((secret, key))
}

/// Writes the secret where only its owner reads it, and never over something else.
fn save(secret: &str, output: &Path) -> Result<(), Failure> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(output)?;
        writeln!(file, "{secret}")?;
        file.sync_all()
    };
    write().map_err(|error| {
        Failure::user(format!("{} cannot be written: {error}; name a new file with --output", output.display()))
    })
}
