//! The keys of checkpoints: ed25519, in the text forms that Go's `sumdb/note` gives them.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use signed_note::{Note, Signer as _, StandardSigner, StandardVerifier, Verifier, VerifierList};

use crate::{Checkpoint, Head};

/// The first line of the note with which a key names the one that follows it.
const ROTATION: &str = "standby key rotation";

/// A text that is not a key, or a name that no key can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The name.
    #[error("{0:?} cannot be a key's name: it must not be empty, and has no spaces and no +")]
    Name(String),
    /// The private key.
    #[error("not a signing key: it must be the line that `standby audit keygen` wrote, PRIVATE+KEY+…")]
    Private,
    /// The public key. It is shown, being public.
    #[error("{0:?} is not a public key: it must be NAME+HASH+KEY, as `standby audit keygen` printed it")]
    Public(String),
    /// A rotation's statement.
    #[error("not the statement of a key about the one that follows it")]
    Statement,
    /// The statement was not signed by a key that is trusted.
    #[error("the statement about the next key is not signed by a key that is trusted")]
    Untrusted,
}

/// A private key that signs checkpoints. Its text must stay secret, and is not shown by `Debug`.
#[derive(Clone)]
pub struct SigningKey {
    signer: StandardSigner,
    public: String,
}

impl SigningKey {
    /// Makes a new key and answers its secret text, `PRIVATE+KEY+NAME+HASH+KEY`.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn generate(name: &str) -> Result<String, KeyError> {
        if !signed_note::is_key_name_valid(name) {
            return Err(KeyError::Name(name.to_owned()));
        }
        Ok(signed_note::generate_key(&mut rand_core::OsRng, name).0)
    }

    /// The key's name, which is the checkpoints' origin too.
    pub fn name(&self) -> &str {
        self.signer.name()
    }

    /// The public key, `NAME+HASH+KEY`: what verifiers need.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Signs a head.
    ///
    /// # Errors
    /// When the key cannot sign, which ed25519 keys do not do.
    pub fn sign(&self, head: Head) -> Result<Checkpoint, String> {
        let text = format!("{}\n{}\n{}\n", self.name(), head.size, BASE64_STANDARD.encode(head.root.as_bytes()));
        let note = self.note(&text)?;
        Checkpoint::parse(&note).map_err(|error| error.to_string())
    }

    /// A note by this key that names the one which follows it.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn introduce(&self, next: &Self) -> Result<String, String> {
        self.note(&format!("{ROTATION}\n{}\n", next.public))
    }

    fn note(&self, text: &str) -> Result<String, String> {
        let sign = || {
            let mut note = Note::new(text.as_bytes(), &[])?;
            note.add_sigs(&[&self.signer])?;
            Ok::<_, signed_note::NoteError>(note.to_bytes())
        };
        let bytes = sign().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let signer = StandardSigner::new(text).map_err(|_| KeyError::Private)?;
        // The signer knows its public key and does not tell it. Neither the name nor the hash holds a plus sign; the key may.
        let key = text.splitn(5, '+').nth(4).and_then(|key| BASE64_STANDARD.decode(key).ok());
        let key = key.and_then(|key| <[u8; 32]>::try_from(key.get(1..)?).ok()).ok_or(KeyError::Private)?;
        let public = ed25519_dalek::SigningKey::from_bytes(&key).verifying_key();
        Ok(Self { public: signed_note::new_ed25519_verifier_key(signer.name(), &public), signer })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public)
    }
}

/// The public keys that a verifier trusts.
#[derive(Clone, Default)]
pub struct PublicKeys(Vec<StandardVerifier>);

impl PublicKeys {
    /// Whether a trusted key signed this checkpoint of its own log, and if so which: `NAME+HASH`.
    ///
    /// A signature of a key that is not known is passed over, as the format wants: witnesses add theirs.
    pub fn signer_of(&self, checkpoint: &Checkpoint) -> Option<String> {
        let signer = self.signer(checkpoint.as_str())?;
        // The origin says which log it is. Ours have the name of their keys.
        signer.starts_with(&format!("{}+", checkpoint.origin())).then_some(signer)
    }

    /// Trusts the key that a trusted one says follows it.
    ///
    /// # Errors
    /// [`KeyError::Statement`], [`KeyError::Untrusted`] or [`KeyError::Public`].
    pub fn follow(&mut self, statement: &str) -> Result<(), KeyError> {
        let note = Note::from_bytes(statement.as_bytes()).map_err(|_| KeyError::Statement)?;
        let text = std::str::from_utf8(note.text()).map_err(|_| KeyError::Statement)?;
        let next = text
            .strip_prefix(ROTATION)
            .and_then(|text| text.strip_prefix('\n')?.strip_suffix('\n'))
            .ok_or(KeyError::Statement)?;
        self.signer(statement).ok_or(KeyError::Untrusted)?;
        self.add(next)
    }

    fn add(&mut self, key: &str) -> Result<(), KeyError> {
        let verifier = StandardVerifier::new(key).map_err(|_| KeyError::Public(key.to_owned()))?;
        if !self.0.iter().any(|known| (known.name(), known.key_id()) == (verifier.name(), verifier.key_id())) {
            self.0.push(verifier);
        }
        Ok(())
    }

    /// The trusted key that signed a note.
    fn signer(&self, note: &str) -> Option<String> {
        let known = self.0.iter().map(|key| Box::new(key.clone()) as Box<dyn Verifier>).collect();
        let note = Note::from_bytes(note.as_bytes()).ok()?;
        let (signatures, _) = note.verify(&VerifierList::new(known)).ok()?;
        signatures.first().map(|signature| format!("{}+{:08x}", signature.name(), signature.id()))
    }
}

/// One key a line; blank lines and lines that begin with `#` are passed over.
impl FromStr for PublicKeys {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut keys = Self::default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.into_iter().try_for_each(|line| keys.add(line))?;
        if keys.0.is_empty() { Err(KeyError::Public(String::new())) } else { Ok(keys) }
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| format!("{}+{:08x}", key.name(), key.key_id()))).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Hash;

    fn key() -> SigningKey {
        SigningKey::generate("standby.example.com/shop").unwrap().parse().unwrap()
    }

    fn head(size: u64) -> Head {
        Head { size, root: Hash::leaf(&size.to_be_bytes()) }
    }

    #[test]
    fn what_a_key_signs_its_public_key_accepts_and_no_other() {
        let (ours, other) = (key(), key());
        let checkpoint = ours.sign(head(42)).unwrap();
        assert_eq!(checkpoint.head(), head(42));
        let keys: PublicKeys = format!("# ours\n\n{}\n", ours.public()).parse().unwrap();
        let public = ours.public();
        let (name, hash_and_key) = public.split_once('+').unwrap();
        let hash = hash_and_key.split_once('+').unwrap().0;
        assert_eq!(keys.signer_of(&checkpoint).unwrap(), format!("{name}+{hash}"));
        assert!(other.public().parse::<PublicKeys>().unwrap().signer_of(&checkpoint).is_none());
        assert!(!format!("{ours:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_key_is_followed_by_the_one_it_names() {
        let (old, new, other) = (key(), key(), key());
        let mut keys: PublicKeys = old.public().parse().unwrap();
        assert_eq!(keys.follow(&other.introduce(&new).unwrap()), Err(KeyError::Untrusted));
        assert_eq!(keys.follow(old.sign(head(1)).unwrap().as_str()), Err(KeyError::Statement));
        keys.follow(&old.introduce(&new).unwrap()).unwrap();
        assert!(keys.signer_of(&new.sign(head(2)).unwrap()).is_some());
        assert!(keys.signer_of(&old.sign(head(2)).unwrap()).is_some(), "what the old one signed stays signed");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for name in ["", "a b", "a+b"] {
            assert!(matches!(SigningKey::generate(name), Err(KeyError::Name(_))), "{name:?}");
        }
        assert!("PRIVATE+KEY+x".parse::<SigningKey>().is_err());
        assert!("".parse::<PublicKeys>().is_err());
        assert!("name+00000000+AAAA".parse::<PublicKeys>().is_err());
    }
}
