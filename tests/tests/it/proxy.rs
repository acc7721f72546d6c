//! Where nothing but a proxy leads out: Slack through a real one that wants a password, AWS, and the pair's endpoints.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, routing::get, serve::Listener};
use bot::{rehearse, slack::api::Api};
use commands::egress::{Connector, Proxies};
use http::StatusCode;
use rehearsal::{Fault, Region, Scenario, World, slack::Settings};
use storage::verify::{Trust, verify_with};
use tests::{Cast, Stage};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    audit::{compliance, received},
    process::{Process, free_addresses, standby},
    python,
};

/// Simulated seconds in a real one: slow enough for connections through another program to keep their deadlines.
const SPEED: f64 = 5.0;

#[tokio::test(start_paused = true)]
#[ignore = "needs Debian's tinyproxy-bin: see tests/third-party/README.md"]
async fn a_promote_and_an_export_go_through_a_proxy_with_a_password() {
    tokio::spawn(rehearse::pace(SPEED));
    let folder = tempfile::tempdir().unwrap();
    let proxy = Tinyproxy::start(folder.path());
    let door = Door::open(proxy.calls_from).await;
    let (url, counts) = (door.url(), door.counts.clone());

    let stage = Stage::with().configure(&compliance()).over_network(&url, connector(&proxy.named("standby:s3cret@")));
    let stage = stage.open().await;
    tokio::spawn(axum::serve(door, stage.slack.api()).into_future());
    stage.connected(2).await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    assert!(stage.says(Cast::MAYA, "promote the primary is dark").await.starts_with("Looking at"));
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.hears("is served by us-west-2").await;
    assert!(stage.says(Cast::SAM, "export all jsonl").await.contains("on its way"));
    let export = received(&stage).await.remove("audit-all.jsonl").unwrap();
    verify_with(export.as_slice(), None::<&[u8]>, Trust::default()).unwrap();
    assert_eq!(stage.reads("/readyz").await, (StatusCode::OK, "ready\n".to_owned()));

    let tunnels = counts.let_in.load(Ordering::Relaxed);
    assert!(tunnels >= 3, "two sockets and the calls came through the proxy, not {tunnels} connections");
    assert_eq!(counts.turned_away.load(Ordering::Relaxed), 0, "the bot connected past the proxy");
    println!("{tunnels} connections, all through the proxy");

    // Past the proxy nothing leads there, and through it nothing without the password.
    let cases = [
        (String::new(), "connection"),
        (proxy.named(""), "it wants a user and password; put USER:PASSWORD@ before the host in HTTP_PROXY"),
        (proxy.named("standby:wrong@"), "it doesn't accept the user and password in HTTP_PROXY"),
    ];
    for (named, told) in cases {
        let api = Api::over_network(&connector(&named), &format!("{url}/api"), &"xoxb-not-a-secret".into()).unwrap();
        let refused = api.identity().await.unwrap_err().to_string();
        assert!(refused.contains(told) && !refused.contains("wrong"), "{refused}");
    }
    assert_eq!(counts.turned_away.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_aws_go_through_the_proxy_and_those_for_credentials_do_not() {
    let (proxy, world, metadata) = (Tunnels::open().await, World::new(Scenario::pair()), listener().await);
    let (aws, credentials) = (listener().await, metadata.local_addr().unwrap());
    let port = aws.local_addr().unwrap().port();
    let served = world.clone();
    tokio::spawn(async move { served.serve(aws).await });
    let keys = "{\"AccessKeyId\":\"AKIDTASK\",\"SecretAccessKey\":\"not-a-secret\",\"Token\":\"t\",\"Expiration\":\"2099-01-01T00:00:00Z\"}";
    tokio::spawn(axum::serve(metadata, Router::new().route("/", get(async move || keys))).into_future());

    let role = "arn:aws:iam::210987654321:role/standby-dns";
    let arguments = ["init", "--global-cluster", "shop-global", "--dr-region", "us-west-2", "--zone-role", role];
    let mut command = standby(&arguments);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        // Nobody but the proxy knows the name.
        .env("AWS_ENDPOINT_URL", format!("http://aws.test:{port}"))
        .env("AWS_REGION", "us-west-2")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{credentials}/"))
        .env("ALL_PROXY", proxy.at.to_string());
    let found = tokio::task::spawn_blocking(move || python::run(command, "")).await.unwrap();
    assert!(found.success && found.out.contains("global_cluster = \"shop-global\""), "{}{}", found.out, found.err);
    let asked = proxy.asked();
    assert!(!asked.is_empty() && asked.iter().all(|target| *target == format!("aws.test:{port}")), "{asked:?}");
    let assumed = world.calls().into_iter().filter(|call| call.operation == "AssumeRole").count();
    assert!(assumed > 0, "the role was assumed through the proxy as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_proxy_is_told_at_the_start_without_its_password() {
    for verb in [&["init", "--global-cluster", "g", "--dr-region", "us-west-2"][..], &["serve", "--config"]] {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("standby.toml");
        let mut command = standby(verb);
        if verb == ["serve", "--config"] {
            let workspace = Settings::shop(Arc::new(|| Scenario::pair().epoch), 1);
            std::fs::write(&config, rehearse::toml(&Scenario::pair(), &workspace)).unwrap();
            let secrets = ["REHEARSAL_APP_TOKEN", "REHEARSAL_SIGNING_SECRET", "REHEARSAL_BOT_TOKEN"];
            command.arg(&config).current_dir(&folder).envs(secrets.map(|name| (name, "not-a-secret")));
        }
        command.env("HTTPS_PROXY", "socks5://maya:s3cret@proxy.example:1080");
        let told = tokio::task::spawn_blocking(move || python::run(command, "")).await.unwrap();
        assert!(!told.success && told.err.contains("HTTPS_PROXY isn't the URL of an HTTP proxy"), "{}", told.err);
        assert!(!told.err.contains("s3cret"), "{}", told.err);
    }
}

/// A proxy that reaches loopback alone, by whatever name, and keeps what it was asked for.
pub(crate) struct Tunnels {
    pub(crate) at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    pub(crate) async fn open() -> Self {
        let (listener, asked) = (listener().await, Arc::<Mutex<Vec<String>>>::default());
        let (at, kept) = (listener.local_addr().unwrap(), asked.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(tunnel(BufReader::new(stream), kept.clone()));
            }
        });
        Self { at, asked }
    }

    /// Hosts and ports, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The bot's connections with this proxy.
    pub(crate) fn connector(&self) -> Connector {
        connector(&self.at.to_string())
    }
}

async fn tunnel(mut from: BufReader<TcpStream>, asked: Arc<Mutex<Vec<String>>>) {
    let (mut head, mut line) = (String::new(), String::new());
    while from.read_line(&mut line).await.unwrap() > 2 {
        head.push_str(&line);
        line.clear();
    }
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).expect("CONNECT alone");
    let port = target.rsplit(':').next().unwrap().parse().unwrap();
    asked.lock().unwrap().push(target.to_owned());
    let mut to = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    from.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    // One of the two hangs up.
    let _ended = copy_bidirectional(&mut from, &mut to).await;
}

async fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// The bot's connections with that proxy, or with none.
pub(crate) fn connector(named: &str) -> Connector {
    let variable = |name: &str| name.ends_with("_PROXY").then(|| named.to_owned()).filter(|_| name != "NO_PROXY");
    Connector::through(Proxies::read(variable).unwrap()).unwrap()
}

/// tinyproxy, which lets in who has the password.
struct Tinyproxy {
    at: SocketAddr,
    /// Where its own connections come from.
    calls_from: IpAddr,
    _process: Process,
}

impl Tinyproxy {
    fn start(folder: &Path) -> Self {
        let [at, calls_from] = free_addresses();
        let calls_from = calls_from.ip();
        let settings = format!(
            "Port {}\nListen {}\nBind {calls_from}\nTimeout 600\nMaxClients 100\nAllow 127.0.0.0/8\nBasicAuth standby s3cret\n",
            at.port(),
            at.ip()
        );
        let file = folder.join("tinyproxy.conf");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(file);
        let mut process = Process::start(command, folder.join("tinyproxy.log"));
        process.listens(at);
        Self { at, calls_from, _process: process }
    }

    /// Its URL, with these credentials.
    fn named(&self, credentials: &str) -> String {
        format!("http://{credentials}{}", self.at)
    }
}

/// The stand-in Slack's door, which lets the proxy in alone.
struct Door {
    listener: TcpListener,
    proxy: IpAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    let_in: AtomicUsize,
    turned_away: AtomicUsize,
}

impl Door {
    async fn open(proxy: IpAddr) -> Self {
        Self { listener: listener().await, proxy, counts: Arc::default() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let (stream, from) = Listener::accept(&mut self.listener).await;
            let known = from.ip() == self.proxy;
            let count = if known { &self.counts.let_in } else { &self.counts.turned_away };
            count.fetch_add(1, Ordering::Relaxed);
            if known {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
