//! `standby init`: a first configuration, written from what AWS has around a global cluster, for a person to review.

mod render;

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

use crate::{cli::InitArgs, config::FILL_IN, failure::Failure};

/// Asks AWS, and writes the file or prints it.
///
/// # Errors
/// When AWS cannot be asked, or the file is there already.
pub async fn init(args: InitArgs, out: &mut impl Write) -> Result<(), Failure> {
    let question = Question {
        global_cluster: args.global_cluster,
        primary_region: args.primary_region,
        dr_region: args.dr_region,
    };
    let text = configuration(&question, &Network::system(), &Clock::system()).await?;
    let Some(file) = args.output else {
        return Ok(out.write_all(text.as_bytes()).context("failed to write")?);
    };
    write(&file, &text, args.overwrite)?;
    let blanks =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.matches(FILL_IN).count()).sum::<usize>();
    let file = file.display();
    writeln!(
        out,
        "wrote {file}: read it from top to bottom; {blanks} values say {FILL_IN}. Then: standby check --config {file}"
    )
    .context("failed to write")?;
    Ok(())
}

/// The configuration's text.
///
/// # Errors
/// When the global cluster cannot be read, or is not a pair.
pub async fn configuration(question: &Question, network: &Network, clock: &Clock) -> Result<String, Failure> {
    let findings = explore(question, network, clock).await.map_err(|error| match error {
        ExploreError::Aws(cause) => Failure::user(format!("{}: {cause}", question.global_cluster)),
        error => Failure::user(error.to_string()),
    })?;
    let name = &question.global_cluster;
    Ok(render::toml(name, &propose(name, findings)))
}

/// A file that is there is somebody's work: it is replaced only where that is asked for.
fn write(file: &Path, text: &str, overwrite: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    match overwrite {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options.open(file).and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::user(format!(
            "{} is there already and was left alone; name another file, or add --overwrite",
            file.display()
        )),
        _ => Failure::user(format!("{} cannot be written: {error}; name another file", file.display())),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_that_is_there_is_left_alone_unless_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("standby.toml");
        write(&file, "first", false).unwrap();
        let refused = write(&file, "second", false).unwrap_err().to_string();
        assert!(refused.contains("is there already and was left alone"), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
        write(&file, "2nd", true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "2nd");
    }
}
