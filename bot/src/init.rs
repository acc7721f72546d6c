//! `standby init`: a first configuration, written from what AWS has around a global cluster, for a person to review.

mod render;
mod summary;

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::Path,
};

use anyhow::Context as _;
use commands::{
    aws::{ExploreError, Network, explore},
    discovery::{Question, propose},
};
use storage::Clock;

use crate::{cli::InitArgs, failure::Failure};

/// Asks AWS, and writes the file or prints it. That not everything was found or read is no failure: file and summary say so.
///
/// # Errors
/// When the global cluster cannot be read, or the file is there already.
pub async fn init(args: InitArgs, out: &mut impl Write) -> Result<(), Failure> {
    let question = Question {
        global_cluster: args.global_cluster,
        primary_region: args.primary_region,
        dr_region: args.dr_region,
        zone_roles: args.zone_roles,
    };
    let proposed = configuration(&question, &Network::system()?, &Clock::system()).await?;
    let Some(file) = args.output else {
        return Ok(out.write_all(proposed.text.as_bytes()).context("failed to write")?);
    };
    let done = write(&file, &proposed.text, args.overwrite)?;
    let (file, summary) = (file.display(), proposed.summary);
    writeln!(
        out,
        "{done} {file}. {summary}\nRead it from top to bottom, fill in what is missing, then run: standby check --config {file}"
    )
    .context("failed to write")?;
    Ok(())
}

/// A configuration as it is proposed.
#[derive(Debug)]
pub struct Proposed {
    /// The file's text.
    pub text: String,
    /// One line for people: how much was found, and what was not.
    pub summary: String,
}

/// The configuration's text.
///
/// # Errors
/// When the global cluster cannot be read, or is not a pair.
pub async fn configuration(question: &Question, network: &Network, clock: &Clock) -> Result<Proposed, Failure> {
    let findings = explore(question, network, clock).await.map_err(|error| match error {
        ExploreError::Aws(cause) => Failure::user(format!("{}: {cause}", question.global_cluster)),
        error => Failure::user(error.to_string()),
    })?;
    let proposal = propose(findings);
    let body = render::body(&proposal);
    let summary = summary::of(&proposal, &body, &render::people(&proposal));
    Ok(Proposed { text: format!("{}{body}", render::head(&proposal, &summary)), summary })
}

/// A file that is there is somebody's work: it is replaced only where that is asked for. Says what was done.
fn write(file: &Path, text: &str, overwrite: bool) -> Result<&'static str, Failure> {
    let done = if overwrite && file.exists() { "Replaced" } else { "Wrote" };
    let mut options = OpenOptions::new();
    options.write(true);
    match overwrite {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options.open(file).and_then(|mut opened| opened.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(done),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::user(format!(
            "{} is there already and was left alone; name another file, or add --overwrite",
            file.display()
        ))),
        Err(error) => Err(Failure::user(format!("{} cannot be written: {error}; name another file", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_that_is_there_is_left_alone_unless_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("standby.toml");
        assert_eq!(write(&file, "first", true).unwrap(), "Wrote");
        let refused = write(&file, "second", false).unwrap_err().to_string();
        assert!(refused.contains("is there already and was left alone"), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
        assert_eq!(write(&file, "2nd", true).unwrap(), "Replaced");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "2nd");
    }
}
