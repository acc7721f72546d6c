//! The other side: independent emulators of AWS, and the application's health page.

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, http::HeaderMap, routing::get};
use serde_json::Value;

use crate::{
    process::{Process, free_addresses},
    python,
};

/// ministack for everything; moto for what ministack has not, or has only in part.
pub(crate) struct Emulators {
    pub(crate) ministack: String,
    pub(crate) moto: String,
    _processes: [Process; 2],
}

impl Emulators {
    pub(crate) fn start(folder: &Path) -> Self {
        let (mut ministack, mut moto) = (python::python(), python::python());
        ministack.arg(python::folder().join("ministack_completed.py"));
        moto.args(["-m", "moto.server"]);
        let [one, other] = free_addresses();
        Self::launch(folder, (one, ministack), (other, moto))
    }

    /// The same, completed so that Terraform can apply the stacks of a pair.
    pub(super) fn completed(folder: &Path) -> Self {
        let [one, other] = free_addresses();
        let (mut ministack, mut moto) = (python::python(), python::python());
        ministack.arg(python::folder().join("ministack_on_moto.py")).arg(format!("http://{other}"));
        moto.arg(python::folder().join("moto_completed.py"));
        Self::launch(folder, (one, ministack), (other, moto))
    }

    fn launch(
        folder: &Path,
        (one, mut ministack): (SocketAddr, Command),
        (other, mut moto): (SocketAddr, Command),
    ) -> Self {
        ministack
            .env("GATEWAY_PORT", one.port().to_string())
            .env("BIND_HOST", one.ip().to_string())
            .env("MINISTACK_HOST", one.ip().to_string())
            .env("MINISTACK_REGION", "us-east-1")
            .env("STATE_DIR", folder.join("state"))
            .env("S3_DATA_DIR", folder.join("s3"))
            // No containers, and no listeners on well-known ports: two tests may run side by side.
            .env("DOCKER_HOST", "unix:///nonexistent.sock")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0");
        moto.args(["-H", &other.ip().to_string(), "-p", &other.port().to_string()]);
        let mut processes =
            [Process::start(ministack, folder.join("ministack.log")), Process::start(moto, folder.join("moto.log"))];
        for (process, at) in processes.iter_mut().zip([one, other]) {
            process.listens(at);
        }
        Self { ministack: format!("http://{one}"), moto: format!("http://{other}"), _processes: processes }
    }

    /// Variables that send the SDK of the bot to whichever emulator knows a service.
    pub(super) fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.ministack.clone()),
            ("AWS_ENDPOINT_URL_ACM", self.moto.clone()),
            ("AWS_ENDPOINT_URL_APIGATEWAYV2", self.moto.clone()),
            ("AWS_ENDPOINT_URL_API_GATEWAY", self.moto.clone()),
            ("AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING", self.moto.clone()),
            ("AWS_ENDPOINT_URL_EC2", self.moto.clone()),
            ("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", self.moto.clone()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.moto.clone()),
            ("AWS_ENDPOINT_URL_SERVICE_QUOTAS", self.moto.clone()),
        ]
    }

    /// Runs one of the scripts on them, which must be content; returns what it printed.
    pub(super) fn pass(&self, script: &str, input: &str) -> String {
        python::passes(script, &[&self.ministack, &self.moto], input)
    }

    /// The same with more arguments.
    pub(super) fn pass_with(&self, script: &str, args: &[&str]) -> String {
        python::passes(script, &[&[self.ministack.as_str(), self.moto.as_str()], args].concat(), "")
    }
}

/// The application's health page at both endpoints' addresses; counts who asks for it by the public name.
pub(super) struct Health {
    pub(super) port: u16,
    asked: Arc<AtomicUsize>,
}

impl Health {
    pub(super) async fn start(pair: &Value) -> Self {
        let public = pair["record"]["name"].as_str().unwrap().to_owned();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let page = move |headers: HeaderMap| async move {
            let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
            if host.split(':').next() == Some(public.as_str()) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            "ok"
        };
        let pages = Router::new().route("/healthz", get(page));
        let mut port = 0;
        // The public URL has one port, so both endpoints have it.
        for side in ["dr", "primary"] {
            let host = pair[side]["endpoint"]["dns_name"].as_str().unwrap();
            let listener = tokio::net::TcpListener::bind((host, port)).await.unwrap();
            port = listener.local_addr().unwrap().port();
            tokio::spawn(axum::serve(listener, pages.clone()).into_future());
        }
        Self { port, asked }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}
