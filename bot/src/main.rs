//! The program `standby`.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use bot::{
    audit, check,
    cli::{Cli, Command, LogFormat},
    failure::Failure,
    rehearse, serve,
};
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // Two TLS stacks are linked, the AWS SDK's and Slack's: without one named as default, clients cannot be built.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    trace(cli.log_format);
    let Err(failure) = run(cli.command) else { return ExitCode::SUCCESS };
    let told = failure.to_string();
    if !told.is_empty() {
        // Nobody is left to tell if standard error is gone.
        let _told = writeln!(std::io::stderr(), "standby: {told}");
    }
    ExitCode::from(failure.exit_code())
}

fn run(command: Command) -> Result<(), Failure> {
    if let Command::Rehearse(args) = command {
        return rehearse::run(args);
    }
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let mut out = std::io::stdout().lock();
    let done = runtime.block_on(async {
        match command {
            Command::Serve(args) => serve::serve(&args.config).await,
            Command::Check(args) => check::check(&args.config, &mut out).await,
            Command::Audit(command) => audit::run(command, &mut out).await,
            Command::Rehearse(args) => rehearse::run(args),
        }
    });
    // Connections that people hold open do not hold up the end.
    runtime.shutdown_background();
    done
}

/// Sends the program's own log to standard error: standard output belongs to exports and reports.
fn trace(format: Option<LogFormat>) {
    let terminal = std::io::stderr().is_terminal();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    match format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json }) {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
}
