//! How fast a slash command is acknowledged, beside the same command in Bolt for Python and Bolt for JavaScript:
//!
//! ```text
//! cargo build --release -p tests --bins
//! target/release/acks --python target/third-party/bin/python --modules target/third-party-node/node_modules
//! ```
//!
//! Signed `/dr help` commands arrive at a fixed rate, whether or not earlier ones were answered, and each one's time counts from when it was due.
//! The bot makes each durable before it answers; the others do nothing but answer. Everything is on loopback, one program after the other, and
//! ends by itself. Figures are worth something from an optimised build on a machine that does nothing else.
// Its figures are for whoever started it.
#![allow(clippy::print_stdout)]

use std::{
    ffi::OsStr,
    fs::File,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use clap::Parser;
use futures::future::join_all;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rehearsal::{
    Scenario,
    slack::{Settings, Slack},
};
use tests::Cast;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// Longest that an answer may take; Slack gives up then.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest that a program may take to listen.
const STARTING: Duration = Duration::from_secs(60);
/// Commands before the measured ones.
const WARM_UP: usize = 100;

/// Sends signed slash commands at a fixed rate to the bot and to Bolt, and prints times and memory.
#[derive(Parser)]
struct Args {
    /// Commands a second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Seconds for each program.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Python with slack_bolt and aiohttp.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Folder of Node's modules, with @slack/bolt in it.
    #[arg(long, default_value = "node_modules")]
    modules: PathBuf,
}

/// What a program did.
struct Figures {
    name: &'static str,
    /// Times to answer, the shortest first.
    took: Vec<Duration>,
    /// Most resident memory, in KiB.
    memory: u64,
}

impl Figures {
    fn percentile(&self, share: f64) -> f64 {
        let last = self.took.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        self.took.get(index).map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
    }

    fn mebibytes(&self) -> f64 {
        self.memory as f64 / 1024.0
    }
}

/// A program that ends with this value.
struct Server {
    name: &'static str,
    child: Child,
    at: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let slack = Slack::new(Settings::shop(Arc::new(jiff::Timestamp::now), 1));
    let mut all = Vec::new();
    for start in [standby, bolt_for_python, bolt_for_javascript] {
        let server = start(&args, folder.path(), slack.settings())?;
        let figures = measure(&server, &slack, &args).await.with_context(|| format!("{} fails", server.name))?;
        println!(
            "{:<20} {} of {} answered   p50 {:.2} ms   p99 {:.2} ms   max {:.2} ms   memory {:.1} MiB",
            figures.name,
            figures.took.len(),
            args.rate * args.seconds,
            figures.percentile(0.5),
            figures.percentile(0.99),
            figures.percentile(1.0),
            figures.mebibytes()
        );
        all.push(figures);
    }
    let [ours, theirs @ ..] = all.as_slice() else { bail!("nothing was measured") };
    for other in theirs {
        println!(
            "{} / {}: p99 {:.2}, memory {:.2}",
            ours.name,
            other.name,
            ours.percentile(0.99) / other.percentile(0.99),
            ours.mebibytes() / other.mebibytes()
        );
    }
    let wanted = args.rate * args.seconds;
    ensure!(ours.took.len() == wanted as usize, "{} of {wanted} were answered in time", ours.took.len());
    Ok(())
}

/// The program, unchanged, on a store of its own. `/dr help` asks nothing of AWS or Slack.
fn standby(_: &Args, folder: &Path, workspace: &Settings) -> anyhow::Result<Server> {
    let at = free_address()?;
    let config = bot::rehearse::toml(&Scenario::pair(), workspace)
        .replace("app_token_env = \"REHEARSAL_APP_TOKEN\"", "mode = \"http\"")
        .replace("listen = \"127.0.0.1:0\"", &format!("listen = \"{at}\""))
        .replace("path = \"rehearsal\"", &format!("path = {:?}", folder.join("store")));
    let file = folder.join("standby.toml");
    std::fs::write(&file, config)?;
    let program = std::env::current_exe()?.with_file_name("standby-tested");
    ensure!(program.exists(), "{} is not built: cargo build -p tests --bins", program.display());
    let mut command = Command::new(program);
    command.args([OsStr::new("serve"), OsStr::new("--config"), file.as_os_str()]);
    command.env("REHEARSAL_SIGNING_SECRET", &workspace.signing_secret).env("REHEARSAL_BOT_TOKEN", &workspace.bot_token);
    started("standby", command, folder, at)
}

fn bolt_for_python(args: &Args, folder: &Path, workspace: &Settings) -> anyhow::Result<Server> {
    let mut command = Command::new(&args.python);
    command.arg(script("bolt_python.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    bolt("Bolt for Python", command, folder, workspace)
}

fn bolt_for_javascript(args: &Args, folder: &Path, workspace: &Settings) -> anyhow::Result<Server> {
    let mut command = Command::new("node");
    command.arg(script("bolt_javascript.cjs")).env("NODE_PATH", std::path::absolute(&args.modules)?);
    bolt("Bolt for JavaScript", command, folder, workspace)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("third-party").join(name)
}

fn bolt(name: &'static str, mut command: Command, folder: &Path, workspace: &Settings) -> anyhow::Result<Server> {
    let at = free_address()?;
    command.env("SLACK_SIGNING_SECRET", &workspace.signing_secret).env("SLACK_BOT_TOKEN", &workspace.bot_token);
    command.env("PORT", at.port().to_string());
    started(name, command, folder, at)
}

/// Starts a program and waits until it listens.
fn started(name: &'static str, mut command: Command, folder: &Path, at: SocketAddr) -> anyhow::Result<Server> {
    let log = folder.join(format!("{name}.log"));
    let file = File::create(&log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
    let mut server = Server { name, child, at };
    let began = std::time::Instant::now();
    while TcpStream::connect(at).is_err() {
        if server.child.try_wait()?.is_some() || began.elapsed() > STARTING {
            bail!("{name} does not listen:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Sends the commands, and counts the answers that came in time.
async fn measure(server: &Server, slack: &Slack, args: &Args) -> anyhow::Result<Figures> {
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    for _ in 0..WARM_UP {
        ask(&client, request(slack, server.at)?).await.context("it does not answer")?;
    }
    let mut due = interval(Duration::from_secs(1) / args.rate);
    // Commands do not wait for each other.
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = Vec::new();
    for _ in 0..args.rate * args.seconds {
        let at = due.tick().await;
        let (client, request) = (client.clone(), request(slack, server.at)?);
        asked.push(tokio::spawn(async move {
            let answered = timeout(PATIENCE, ask(&client, request)).await;
            matches!(answered, Ok(Ok(()))).then(|| Instant::now() - at)
        }));
    }
    let answers = join_all(asked).await;
    let mut took: Vec<Duration> = answers.into_iter().filter_map(|answer| answer.ok().flatten()).collect();
    took.sort_unstable();
    Ok(Figures { name: server.name, took, memory: peak_memory(server.child.id())? })
}

fn request(slack: &Slack, at: SocketAddr) -> anyhow::Result<Request<Full<Bytes>>> {
    let body = slack.command_body(Cast::MAYA, Cast::INCIDENT, "help")?;
    let headers = slack.sign(&body, jiff::Timestamp::now().as_second());
    let mut request =
        Request::builder().method(Method::POST).uri(format!("http://{at}/slack/commands")).body(Full::from(body))?;
    *request.headers_mut() = headers;
    Ok(request)
}

async fn ask(client: &Client<HttpConnector, Full<Bytes>>, request: Request<Full<Bytes>>) -> anyhow::Result<()> {
    let answer = client.request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(status == StatusCode::OK && !body.is_empty(), "{status} {}", String::from_utf8_lossy(&body));
    Ok(())
}

/// Most memory that the process has had resident, in KiB.
fn peak_memory(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    peak.split_whitespace().next().context("no figure")?.parse().context("no number")
}
