//! The program itself: the command line, logging and exit codes.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use crate::{
    audit, check,
    cli::{Cli, Command, LogFormat},
    failure::Failure,
    health, init, rehearse, serve, terminal,
};
use anyhow::Context as _;
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

/// Runs `standby` as the command line says.
pub fn main() -> ExitCode {
    // Two TLS stacks are linked, the AWS SDK's and Slack's: without one named as default, clients cannot be built.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    trace(cli.log_format, if matches!(cli.command, Command::Terminal(_)) { "warn" } else { "info" });
    let Err(failure) = run(cli.command) else { return ExitCode::SUCCESS };
    let told = failure.to_string();
    if !told.is_empty() {
        // Nobody is left to tell if standard error is gone.
        let _told = writeln!(std::io::stderr(), "standby: {told}");
    }
    ExitCode::from(failure.exit_code())
}

fn run(command: Command) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::Serve(args) => finish(serve::serve(&args)),
        Command::Rehearse(args) => rehearse::run(args, &mut out),
        Command::Check(args) => finish(check::check(&args.config, &mut out)),
        Command::Init(args) => finish(init::init(args, &mut out)),
        Command::Health(args) => health::health(&args.config),
        Command::Terminal(verb) => finish(terminal::run(verb)),
        Command::Audit(command) => finish(audit::run(command, &mut out)),
    }
}

/// Does the work on a runtime, which does not outlive it: connections that people hold open do not hold up the end.
fn finish(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// Sends the program's own log to standard error, from that level on unless RUST_LOG says otherwise: standard output belongs to exports and
/// reports, and who works at the terminal has no eyes for both.
fn trace(format: Option<LogFormat>, level: &str) {
    let terminal = std::io::stderr().is_terminal();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    match format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json }) {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
}
