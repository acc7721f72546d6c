//! Personal data that can be erased. A record holds a salted commitment to it; the data and the salt are in a file beside the log, one for each
//! person. Without that file the commitment tells nothing, and the log, which nobody edits, verifies as before.

use std::{
    fmt,
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rand_core::{OsRng, RngCore as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    Hash, Record, blocking,
    layout::{Layout, sync_dir},
};

/// The event that says who somebody is: with `user` and, where there is one, `email_commitment`.
pub(crate) const RESOLVED: &str = "person.resolved";
/// Begins what is hashed, as 0x00 does for the log's leaves and 0x01 for its inner nodes.
const PREFIX: [u8; 1] = [0x02];
/// Bytes of a salt: as many as the hash has, so that trying salts is no easier than inverting it.
const SALT: usize = 32;

/// What opens a commitment: the data, and the salt that it was committed with. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// What the record holds.
    pub commitment: Hash,
    /// What it stands for.
    pub data: String,
    /// Whose it is: a Slack user's id.
    pub person: String,
    /// In lower-case hex digits.
    pub salt: String,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} of {})", self.commitment, self.person)
    }
}

impl Opening {
    fn new(person: &str, data: &str) -> Self {
        let mut salt = [0; SALT];
        OsRng.fill_bytes(&mut salt);
        let (person, data) = (person.to_owned(), data.to_owned());
        Self { commitment: commitment(&salt, &data), data, person, salt: hex::encode(salt) }
    }

    /// Whether the commitment is to this data: `SHA-256(0x02 ‖ salt ‖ data)`.
    pub fn opens(&self) -> bool {
        let mut salt = [0; SALT];
        hex::decode_to_slice(&self.salt, &mut salt).is_ok() && commitment(&salt, &self.data) == self.commitment
    }

    /// Whether it opens what the record says of a person.
    pub(crate) fn is_of(&self, record: &Record) -> bool {
        let says = |member: &str, what: &str| record.data[member].as_str() == Some(what);
        says("user", &self.person) && says("email_commitment", &self.commitment.to_string()) && self.opens()
    }
}

fn commitment(salt: &[u8; SALT], data: &str) -> Hash {
    let digest = Sha256::new().chain_update(PREFIX).chain_update(salt).chain_update(data);
    Hash::from(<[u8; 32]>::from(digest.finalize()))
}

/// The folder of that data.
#[derive(Debug, Clone)]
pub struct Personal {
    dir: PathBuf,
}

impl Personal {
    /// That of a store, which may have none yet.
    pub fn of(store: &Path) -> Self {
        Self { dir: Layout::new(store).personal() }
    }

    /// Keeps the data, durably, and answers its commitment; the same one for the same data of the same person until it is erased.
    ///
    /// # Errors
    /// When the file cannot be read or written, or `person` is no id.
    pub async fn commit(&self, person: &str, data: &str) -> io::Result<Hash> {
        let (this, person, data) = (self.clone(), person.to_owned(), data.to_owned());
        blocking::run(move || this.commit_now(&person, &data)).await?
    }

    fn commit_now(&self, person: &str, data: &str) -> io::Result<Hash> {
        if let Some(known) = self.of_person(person)?.into_iter().find(|known| known.data == data) {
            return Ok(known.commitment);
        }
        let opening = Opening::new(person, data);
        // A newline before it too: a crash may have cut off the line before.
        let line = format!("\n{}\n", serde_json::to_string(&opening)?);
        let path = self.file(person)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let mut file = File::options().create(true).append(true).mode(0o600).open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        sync_dir(&self.dir)?;
        Ok(opening.commitment)
    }

    /// What is kept of a person.
    ///
    /// # Errors
    /// When the file cannot be read, or `person` is no id.
    pub fn of_person(&self, person: &str) -> io::Result<Vec<Opening>> {
        match fs::read_to_string(self.file(person)?) {
            // A line that a crash cut off was never committed to.
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// What is kept of everybody, by person.
    ///
    /// # Errors
    /// When the folder or a file of it cannot be read.
    pub fn all(&self) -> io::Result<Vec<Opening>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries.collect::<io::Result<Vec<_>>>()?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut people: Vec<String> =
            entries.iter().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
        people.sort();
        let openings = people.iter().map(|person| self.of_person(person));
        Ok(openings.collect::<io::Result<Vec<_>>>()?.concat())
    }

    /// Deletes what is kept of a person, durably; it is no error if there is nothing.
    ///
    /// # Errors
    /// When the file cannot be deleted, or `person` is no id.
    pub fn erase(&self, person: &str) -> io::Result<()> {
        match fs::remove_file(self.file(person)?) {
            Ok(()) => sync_dir(&self.dir),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// An id that came from outside must not name another place.
    fn file(&self, person: &str) -> io::Result<PathBuf> {
        let is_id = !person.is_empty() && person.chars().all(|char| char.is_ascii_alphanumeric());
        match is_id {
            true => Ok(self.dir.join(format!("{person}.jsonl"))),
            false => Err(io::Error::new(ErrorKind::InvalidInput, format!("{person:?} is no user's id"))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn data_is_committed_to_once_and_opens_until_it_is_erased() {
        let store = tempfile::tempdir().unwrap();
        let personal = Personal::of(store.path());
        assert_eq!(personal.all().unwrap(), []);
        let first = personal.commit("U1", "maya@shop.example").await.unwrap();
        assert_eq!(personal.commit("U1", "maya@shop.example").await.unwrap(), first);
        let renamed = personal.commit("U1", "maya@new.example").await.unwrap();
        let other = personal.commit("U2", "maya@shop.example").await.unwrap();
        assert!(first != renamed && first != other, "a salt of its own each");
        let all = personal.all().unwrap();
        assert_eq!(all.iter().map(|opening| opening.commitment).collect::<Vec<_>>(), [first, renamed, other]);
        assert!(all.iter().all(Opening::opens));
        assert!(!Opening { data: "jonas@shop.example".to_owned(), ..all[0].clone() }.opens());
        personal.erase("U1").unwrap();
        personal.erase("U1").unwrap();
        assert_eq!(personal.all().unwrap(), all[2..]);
        assert_ne!(personal.commit("U1", "maya@shop.example").await.unwrap(), first, "what was erased stays so");
    }

    #[tokio::test]
    async fn an_id_names_no_other_place_and_a_torn_line_is_nothing() {
        let store = tempfile::tempdir().unwrap();
        let personal = Personal::of(store.path());
        for wrong in ["", "../head", "a/b", "."] {
            assert_eq!(personal.commit(wrong, "x").await.unwrap_err().kind(), ErrorKind::InvalidInput, "{wrong:?}");
            assert!(personal.erase(wrong).is_err(), "{wrong:?}");
        }
        let commitment = personal.commit("U1", "x").await.unwrap();
        let path = personal.file("U1").unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}{}", &whole[..20])).unwrap();
        assert_eq!(personal.commit("U1", "x").await.unwrap(), commitment);
        personal.commit("U1", "y").await.unwrap();
        assert_eq!(personal.of_person("U1").unwrap().len(), 2, "what follows a torn line is kept");
    }
}
