//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use rehearsal::OldPrimary;
use storage::{Filter, Head, export::Format};

use crate::terminal::Ask;

/// Fails an AWS active/passive pair over to its disaster-recovery region from Slack, with an audit log that anybody can
/// verify.
#[derive(Debug, Parser)]
#[command(name = "standby", version)]
pub struct Cli {
    /// Form of the program's own log on standard error [default: text at a terminal, json elsewhere]; RUST_LOG filters
    /// it.
    #[arg(long, global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Form of the program's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the bot.
    Serve(ServeArgs),
    /// Play a failover in two simulated AWS regions and a stand-in Slack, with nothing else needed.
    Rehearse(RehearseArgs),
    /// Check configuration and permissions without acting.
    Check(ConfigArg),
    /// Propose a configuration from what AWS has around a global cluster, for a person to review.
    Init(InitArgs),
    /// Ask the bot of this host whether it is alive: for a container's health check.
    Health(ConfigArg),
    /// What people ask and decide.
    #[command(flatten)]
    Terminal(Verb),
    /// Read the audit log.
    #[command(subcommand)]
    Audit(Audit),
}

/// How the bot runs.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Whom it serves, and how.
    #[command(flatten)]
    pub config: ConfigArg,
    /// Where the store has no log, restore it from its replica first, for a host whose disk does not outlive it. The bot
    /// does not start before the log is verified; with an empty bucket a new one begins.
    #[arg(long, env = "STANDBY_RESTORE")]
    pub restore: bool,
    /// Public keys that are trusted to have signed the replica, as for `standby audit restore`.
    #[arg(long, env = "STANDBY_RESTORE_KEYS", value_name = "FILE", requires = "restore")]
    pub keys: Option<PathBuf>,
}

/// What people ask and decide at the terminal, through the running bot or without one.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Which region serves, and what stands in the way of a promote: [APP].
    Status(Words),
    /// A dry run, nothing changed: promote [APP].
    Plan(Words),
    /// Ask for a promote and follow it: [APP] [REASON…].
    Promote(Words),
    /// Ask for a failback and follow it: [APP] [REASON…].
    Failback(Words),
    /// Say that you ran what a rebuild handed over, and follow it: [APP].
    Applied(Words),
    /// Try a step that failed again: [RUN] [STEP].
    Retry(Words),
    /// Go on without a step that failed: [RUN] [STEP].
    Skip(Words),
    /// End a run at a step that failed, leaving everything where it is: [RUN].
    Abort(Words),
    /// The last runs: [APP].
    History(Words),
    /// What happened in a run: RUN.
    Report(Words),
    /// See what a run asks, confirm it, and follow it: [RUN].
    Approve(RunArg),
    /// Refuse what a run asks: [RUN].
    Refuse(RefuseArgs),
    /// Take back what you asked for, as long as it is not confirmed: [RUN].
    Cancel(RunArg),
}

/// What is typed after the verb, as in Slack after `/dr`.
#[derive(Debug, Args)]
pub struct Words {
    /// The rest of the command, as in Slack.
    pub words: Vec<String>,
    /// Which pair, store and bot.
    #[command(flatten)]
    pub config: ConfigArg,
}

/// A run that asks for a confirmation.
#[derive(Debug, Args)]
pub struct RunArg {
    /// The run, such as promote-17 [default: the one that asks].
    pub run: Option<String>,
    /// Which pair, store and bot.
    #[command(flatten)]
    pub config: ConfigArg,
}

/// A refusal.
#[derive(Debug, Args)]
pub struct RefuseArgs {
    /// Which run.
    #[command(flatten)]
    pub run: RunArg,
    /// Why; it is recorded and shown.
    #[arg(long)]
    pub reason: Option<String>,
}

impl Verb {
    /// The configuration file and what is asked for.
    pub fn ask(self) -> (PathBuf, Ask) {
        let command = |verb: &str, words: Words| {
            let text = std::iter::once(verb.to_owned()).chain(words.words).collect::<Vec<_>>().join(" ");
            (words.config.config, Ask::Command(text))
        };
        match self {
            Self::Status(words) => command("status", words),
            Self::Plan(words) => command("plan", words),
            Self::Promote(words) => command("promote", words),
            Self::Failback(words) => command("failback", words),
            Self::Applied(words) => command("applied", words),
            Self::Retry(words) => command("retry", words),
            Self::Skip(words) => command("skip", words),
            Self::Abort(words) => command("abort", words),
            Self::History(words) => command("history", words),
            Self::Report(words) => command("report", words),
            Self::Approve(RunArg { run, config }) => (config.config, Ask::Approve(run)),
            Self::Refuse(RefuseArgs { run: RunArg { run, config }, reason }) => {
                (config.config, Ask::Refuse { run, reason })
            }
            Self::Cancel(RunArg { run, config }) => (config.config, Ask::Cancel(run)),
        }
    }
}

/// The configuration file.
#[derive(Debug, Args)]
pub struct ConfigArg {
    /// Configuration file.
    #[arg(long, env = "STANDBY_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
}

/// What a configuration is proposed for.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Identifier of the Aurora global cluster.
    #[arg(long, value_name = "NAME")]
    pub global_cluster: String,
    /// The region that serves in steady state [default: the writer's].
    #[arg(long, value_name = "REGION")]
    pub primary_region: Option<String>,
    /// The disaster-recovery region, which is asked first [default: the other member's].
    #[arg(long, value_name = "REGION")]
    pub dr_region: Option<String>,
    /// Where to write the configuration [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "output")]
    pub overwrite: bool,
}

/// How a rehearsal is played.
#[derive(Debug, Args)]
pub struct RehearseArgs {
    /// Play unattended, print the conversation, and end.
    #[arg(long, value_enum)]
    pub script: Option<Script>,
    /// What becomes of the old primary after a failover, when a person plays.
    #[arg(long, value_enum, default_value = "rejoins")]
    pub old_primary: Fate,
    /// Simulated seconds in a real one [default: 10, or as fast as it goes with --script].
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    pub speed: Option<f64>,
    /// The same seed plays the same rehearsal.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Address of the page.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub listen: SocketAddr,
}

/// What is played unattended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Script {
    /// The primary goes dark; one person asks for a promote, another confirms.
    Promote,
    /// The same, then the way back from a detached primary: snapshot, deletion, Terraform, switchover.
    Failback,
    /// The same, where Aurora took the old primary in again.
    FailbackRejoined,
}

/// What becomes of the old primary after a failover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fate {
    /// Aurora takes it in again as a secondary.
    Rejoins,
    /// It stands alone with stale data.
    Detached,
}

impl From<Fate> for OldPrimary {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Rejoins => Self::Rejoins,
            Fate::Detached => Self::Detached,
        }
    }
}

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

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.1..=1_000.0).contains(&factor) => Ok(factor),
        _ => Err("give a number from 0.1 to 1000".to_owned()),
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
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_a_verb_is_passed_on_as_typed() {
        let cli = Cli::parse_from(["standby", "promote", "shop", "it", "is  dark", "--config", "a.toml"]);
        let Command::Terminal(verb) = cli.command else { unreachable!() };
        assert_eq!(verb.ask(), ("a.toml".into(), Ask::Command("promote shop it is  dark".to_owned())));
    }

    #[test]
    fn a_head_is_size_and_root() {
        let root = "ab".repeat(32);
        assert_eq!(head(&format!("42:{root}")).map(|head| (head.size, head.root.to_string())), Ok((42, root)));
        for wrong in ["", "42", "42:ab", ":ab", "x:y"] {
            assert!(head(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn speeds_are_bounded() {
        assert_eq!(speed("10"), Ok(10.0));
        assert!(speed("0").is_err() && speed("nan").is_err() && speed("1e9").is_err());
    }
}
