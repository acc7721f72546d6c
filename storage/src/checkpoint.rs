//! Checkpoints: the log's head as a signed note, in the form of [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint).

use std::fmt;

use signed_note::Note;

use crate::{Hash, Head, Record};

/// The event of a record that holds a checkpoint of the records before it.
pub(crate) const CHECKPOINTED: &str = "log.checkpointed";
/// The event of a record with which a key names the one that follows it.
pub(crate) const KEY_ROTATED: &str = "log.key-rotated";

/// A text that is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint: it has three lines (name, number of records, root), an empty one, and signatures")]
pub struct NotACheckpoint;

/// A head with signatures, well formed. Whether somebody who is trusted signed it is for
/// [`PublicKeys::signer_of`](crate::PublicKeys::signer_of) to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    head: Head,
    note: String,
}

impl Checkpoint {
    /// Reads a whole note.
    ///
    /// # Errors
    /// [`NotACheckpoint`].
    pub fn parse(note: &str) -> Result<Self, NotACheckpoint> {
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| NotACheckpoint)?;
        let text = tlog_tiles::Checkpoint::from_bytes(parsed.text()).map_err(|_| NotACheckpoint)?;
        let head = Head { size: text.size(), root: Hash::from(text.hash().0) };
        Ok(Self { origin: text.origin().to_owned(), head, note: note.to_owned() })
    }

    /// The checkpoint that a record holds, if it is one that was made of the records before it.
    pub fn of(record: &Record) -> Option<Self> {
        let note = record.data.get("note").filter(|_| record.event == CHECKPOINTED)?.as_str()?;
        Self::parse(note).ok().filter(|checkpoint| checkpoint.head.size == record.seq)
    }

    /// Every checkpoint in a text such as a copied conversation: what stands around them, on the lines and beside them, is
    /// passed over.
    pub fn find(text: &str) -> Vec<Self> {
        let lines: Vec<&str> = text.lines().map(|line| line.trim().trim_matches('`').trim()).collect();
        (0..lines.len()).filter_map(|at| Self::starting(lines.get(at..)?)).collect()
    }

    /// The checkpoint that begins with the first of these lines.
    fn starting(lines: &[&str]) -> Option<Self> {
        let [origin, size, root, "", rest @ ..] = lines else { return None };
        let signatures = rest.iter().take_while(|line| line.starts_with('\u{2014}'));
        let note = signatures.fold(format!("{origin}\n{size}\n{root}\n\n"), |note, line| format!("{note}{line}\n"));
        Self::parse(&note).ok()
    }

    /// Which log it is of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What the log held.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The note, with its signatures.
    pub fn as_str(&self) -> &str {
        &self.note
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the checkpoint of {} ({})", self.head, self.origin)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::SigningKey;

    #[test]
    fn checkpoints_are_found_in_what_was_copied_from_a_channel() {
        let key: SigningKey = SigningKey::generate("standby.example.com").unwrap().parse().unwrap();
        let signed = |size| key.sign(Head { size, root: Hash::leaf(b"x") }).unwrap();
        let (first, second) = (signed(7), signed(1_000));
        let copied = format!(
            "Standby  14:02\nThe log's checkpoint:\n```{}```\nthanks!\n\n  {}",
            first.as_str().trim_end(),
            second.as_str().replace('\n', "\n  ")
        );
        assert_eq!(Checkpoint::find(&copied), [first, second]);
        assert!(Checkpoint::find("standby\n12\nnot base64\n\n\u{2014} standby AAAA").is_empty());
    }
}
