//! `standby audit verify`: needs nothing but files.

use std::{
    fs::File,
    io::{BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use storage::{
    Checkpoint, Fault, Opening,
    tiles::Folder,
    verify::{Report, Trust, verify_with},
};

use crate::{cli::VerifyArgs, failure::Failure};

/// What follows an export's name in the name of the file that proves it.
const PROOFS: &str = ".proofs";

/// Verifies an export with what was kept elsewhere.
pub(super) fn verify(args: VerifyArgs, out: &mut impl Write) -> Result<(), Failure> {
    let VerifyArgs { file, proofs, head, witness, keys, people } = args;
    let mut trust = Trust { expected: head, ..Trust::default() };
    for path in &witness {
        let found = Checkpoint::find(&read(path)?);
        if found.is_empty() {
            return Err(Failure::user(format!(
                "{} has no checkpoint in it; copy it whole, from its first line",
                path.display()
            )));
        }
        trust.witnesses.extend(found);
    }
    if let Some(path) = &keys {
        let parsed = read(path)?.parse().map_err(|error| Failure::user(format!("{}: {error}", path.display())))?;
        trust.keys = Some(parsed);
    }
    if let Some(path) = &people {
        trust.openings = openings(path)?;
    }
    let (checked, signed) = (trust.witnesses.len(), trust.keys.is_some());
    if file.is_dir() {
        let folder = Folder::open(&file).map_err(|error| cannot(&file, &error))?;
        return told(verify_with(BufReader::new(folder), None::<std::io::Empty>, trust), checked, signed, out);
    }
    let beside = proofs.or_else(|| Some(proofs_of(&file)).filter(|path| path.is_file()));
    let proofs = beside.map(|path| open(&path)).transpose()?;
    told(verify_with(open(&file)?, proofs, trust), checked, signed, out)
}

/// Tells what was found.
fn told(
    found: Result<Report, Vec<Fault>>,
    checked: usize,
    asked_for_signature: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match found {
        Ok(report) => tell(&report, checked, asked_for_signature, out).context("failed to write")?,
        Err(faults) => {
            for fault in faults {
                writeln!(out, "{fault}").context("failed to write")?;
            }
            return Err(Failure::Found);
        }
    }
    Ok(())
}

/// The file that proves a table's or OCSF's export.
pub(super) fn proofs_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(PROOFS);
    name.into()
}

fn tell(report: &Report, checked: usize, asked_for_signature: bool, out: &mut impl Write) -> std::io::Result<()> {
    let Report { head, records, signed, witnessed, opened } = report;
    writeln!(out, "verified {head}")?;
    if *records < head.size {
        writeln!(out, "a part: {records} of them are here, {} are left out", head.size - records)?;
    }
    if checked > 0 {
        writeln!(out, "{witnessed} of {checked} kept checkpoints agree")?;
    }
    if *opened > 0 {
        writeln!(out, "{opened} e-mail addresses are what the records commit to")?;
    }
    match signed {
        Some((size, key)) => {
            let after = head.size - size;
            writeln!(out, "the first {size} are signed by {key}, the last {after} by nobody yet")
        }
        None if asked_for_signature => Ok(()),
        None => writeln!(out, "no signature was checked: give --keys"),
    }
}

/// What commitments are said to stand for.
fn openings(path: &Path) -> Result<Vec<Opening>, Failure> {
    let text = read(path)?;
    let wrong = |(number, error): (usize, serde_json::Error)| {
        let fix = "give what `standby audit people` printed";
        Failure::user(format!("{}: line {number}: {error}; {fix}", path.display()))
    };
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty());
    lines.map(|(line, number)| serde_json::from_str(line).map_err(|error| wrong((number, error)))).collect()
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    File::open(path).map(BufReader::new).map_err(|error| cannot(path, &error))
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::user(format!("{} cannot be read: {error}; name a readable file", path.display()))
}
