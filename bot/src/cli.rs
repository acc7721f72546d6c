//! The command line.

mod audit;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use rehearsal::OldPrimary;

pub use self::audit::{Audit, ExportArgs, ExportFormat, FilterArgs, RestoreArgs, StoreArg, VerifyArgs};
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
    /// A dry run, nothing changed: promote|failback|restore|rescue [APP].
    Plan(Words),
    /// Ask for a promote and follow it: [APP] [REASON…].
    Promote(Words),
    /// Ask for a failback and follow it: [APP] [REASON…].
    Failback(Words),
    /// Ask for the configured capacity of the region that serves, and follow it: [APP] [REASON…]. Not `standby audit restore`, which brings a lost
    /// store back.
    Restore(Words),
    /// Ask for a copy of the snapshot that Aurora took of the old primary, and follow it: [APP] [REASON…]. The copy doesn't expire.
    Rescue(Words),
    /// Say that you ran what a rebuild handed over, and follow it: [APP].
    Applied(Words),
    /// Try a step that failed again: [RUN] [STEP].
    Retry(Words),
    /// Go on without a step that failed: [RUN] [STEP].
    Skip(Words),
    /// End a paused run whose switchover AWS refused, and ask for a failover instead, with a plan and a confirmation of its own.
    Failover(Words),
    /// End an open run, whatever it is doing, leaving everything where it is: [RUN].
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
            Self::Restore(words) => command("restore", words),
            Self::Rescue(words) => command("rescue", words),
            Self::Applied(words) => command("applied", words),
            Self::Retry(words) => command("retry", words),
            Self::Skip(words) => command("skip", words),
            Self::Failover(words) => command("failover", words),
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
    /// A role to assume for hosted zones of another account, beside this one's. May be given several times.
    #[arg(long = "zone-role", value_name = "ARN")]
    pub zone_roles: Vec<String>,
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

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.1..=1_000.0).contains(&factor) => Ok(factor),
        _ => Err("give a number from 0.1 to 1000".to_owned()),
    }
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
    fn speeds_are_bounded() {
        assert_eq!(speed("10"), Ok(10.0));
        assert!(speed("0").is_err() && speed("nan").is_err() && speed("1e9").is_err());
    }
}
