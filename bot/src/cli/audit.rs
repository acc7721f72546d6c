//! The command line of `standby audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use storage::{Filter, Head, export::Format};

use super::ConfigArg;

/// Reading the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// The last records, a line each.
    List {
        /// Which log.
        #[command(flatten)]
        store: StoreArg,
        /// How many records.
        #[arg(short, long, default_value_t = 20, value_name = "N")]
        number: u64,
    },
    /// The log, or a part of it with proofs, for anybody to verify. Works beside a running bot.
    Export(ExportArgs),
    /// Whether an export, or a folder of tiles, is whole and unchanged.
    Verify(VerifyArgs),
    /// Write the log as a folder that any client of transparency logs reads (C2SP tlog-tiles).
    Tiles {
        /// Which log.
        #[command(flatten)]
        store: StoreArg,
        /// Where to; what is there is added to.
        #[arg(long, value_name = "FOLDER")]
        output: PathBuf,
    },
    /// Prove to a client of transparency logs that a record is in the log, or that the log only grew.
    Prove {
        /// Which log.
        #[command(flatten)]
        store: StoreArg,
        /// The record: a tlog-proof of it is printed.
        #[arg(long, value_name = "NUMBER", required_unless_present = "since", conflicts_with = "since")]
        record: Option<u64>,
        /// The number of records that the log once had: the hashes of a consistency proof are printed, and the checkpoint that they lead to.
        #[arg(long, value_name = "SIZE")]
        since: Option<u64>,
    },
    /// Make the key that signs checkpoints; its public half is printed.
    Keygen {
        /// The log's name in its checkpoints, such as standby.example.com/shop.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// New file for the secret key.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Make the key that follows the one in use; that one says so in the log.
    Rotate {
        /// Which log, and the key in use.
        #[command(flatten)]
        config: ConfigArg,
        /// New file for the secret key.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// What is kept of people beside the log, an object a line: the e-mail addresses that its commitments stand for, to be given to `verify --people`.
    People {
        /// Which log.
        #[command(flatten)]
        store: StoreArg,
    },
    /// Erase what is kept of a person beside the log; the log stays as it is, and says so.
    Erase {
        /// Which log.
        #[command(flatten)]
        store: StoreArg,
        /// The person: a Slack user's id.
        user: String,
        /// Erase; without it, only what would be erased is shown.
        #[arg(long)]
        yes: bool,
    },
    /// Take a damaged log into use again: what is not sound is kept in a folder beside, and a record says so.
    Repair {
        /// Which log; nothing else may have it open.
        #[command(flatten)]
        store: StoreArg,
    },
    /// Make a store that was lost anew from its replica, and verify it; with --dry-run only verify the replica, beside a running bot.
    Restore(RestoreArgs),
    /// Sign the log as it is now, and print that.
    Checkpoint {
        /// Which log.
        #[command(flatten)]
        store: StoreArg,
    },
}

/// What is exported, and where to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Which log.
    #[command(flatten)]
    pub store: StoreArg,
    /// Which records.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Form of the export. What proves a csv or ocsf one goes to a second file, OUTPUT.proofs.
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: ExportFormat,
    /// Where to [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Which records: those that have everything that is given.
#[derive(Debug, Clone, Default, Args)]
pub struct FilterArgs {
    /// Appended then or later, such as 2026-11-22T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Appended before.
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// Of this run.
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Of this application.
    #[arg(long, value_name = "NAME")]
    pub application: Option<String>,
    /// By them: a Slack user's id or name, the host's user, or bot.
    #[arg(long, value_name = "WHO")]
    pub actor: Option<String>,
    /// Of this event, such as gate.decided, or of all whose name begins so, such as gate.
    #[arg(long, value_name = "EVENT")]
    pub kind: Option<String>,
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Self {
        let FilterArgs { since, until, run, application, actor, kind } = args;
        Self { actor, application, kind, run, since, until }
    }
}

/// What is verified, and with what.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The export, or a folder of tiles with its checkpoint.
    pub file: PathBuf,
    /// What proves a csv or ocsf export [default: FILE.proofs].
    #[arg(long, value_name = "FILE")]
    pub proofs: Option<PathBuf>,
    /// A head that was kept elsewhere, such as the one in a run's report: the export must begin with those records.
    #[arg(long, value_name = "SIZE:ROOT", value_parser = head)]
    pub head: Option<Head>,
    /// Checkpoints that were kept elsewhere, such as copied from the incident channel: the log must still agree with each.
    #[arg(long, value_name = "FILE")]
    pub witness: Vec<PathBuf>,
    /// Public keys that are trusted, one a line: checkpoints must be signed by them, or by keys that follow them.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// What `standby audit people` printed: the records must commit to each address in it.
    #[arg(long, value_name = "FILE")]
    pub people: Option<PathBuf>,
}

/// What is restored, and whom that takes to be true.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The store, which must not have a log, and its replica.
    #[command(flatten)]
    pub config: ConfigArg,
    /// Public keys that are trusted, one a line [default: the configured signing key's]. Where keys were rotated: all of
    /// them, the first one above all.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// A version of the checkpoint to leave out, by its id, after people have looked at it.
    #[arg(long, value_name = "VERSION")]
    pub except: Vec<String>,
    /// Fetch and verify, and restore nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Which log.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct StoreArg {
    /// Configuration file that names the store.
    #[arg(long, env = "STANDBY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the store.
    #[arg(long, value_name = "FOLDER")]
    pub store: Option<PathBuf>,
}

/// Form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// The log's lines, byte for byte, with proofs among them, and a last line with the head.
    Jsonl,
    /// A table that is safe to open in a spreadsheet.
    Csv,
    /// Events of the Open Cybersecurity Schema Framework, for a SIEM: API Activity, a JSON object a line.
    Ocsf,
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Jsonl => Self::Jsonl,
            ExportFormat::Csv => Self::Csv,
            ExportFormat::Ocsf => Self::Ocsf,
        }
    }
}

fn head(text: &str) -> Result<Head, String> {
    let read = || {
        let (size, root) = text.split_once(':')?;
        Some(Head { size: size.parse().ok()?, root: root.parse().ok()? })
    };
    read().ok_or_else(|| "write it as SIZE:ROOT, the root in 64 hex digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_size_and_root() {
        let root = "ab".repeat(32);
        assert_eq!(head(&format!("42:{root}")).map(|head| (head.size, head.root.to_string())), Ok((42, root)));
        for wrong in ["", "42", "42:ab", ":ab", "x:y"] {
            assert!(head(wrong).is_err(), "{wrong}");
        }
    }
}
