//! The other side: independent emulators of AWS, and the application's health page.

use std::{
    path::Path,
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
        let [one, other] = free_addresses();
        let mut ministack = python::python();
        ministack
            .args(["-m", "ministack"])
            .env("GATEWAY_PORT", one.port().to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("MINISTACK_REGION", "us-east-1")
            .env("STATE_DIR", folder.join("state"))
            .env("S3_DATA_DIR", folder.join("s3"))
            // No containers, and no listeners on well-known ports: two tests may run side by side.
            .env("DOCKER_HOST", "unix:///nonexistent.sock")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0");
        let mut moto = python::python();
        moto.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &other.port().to_string()]);
        let mut processes =
            [Process::start(ministack, folder.join("ministack.log")), Process::start(moto, folder.join("moto.log"))];
        for (process, at) in processes.iter_mut().zip([one, other]) {
            process.listens(at);
        }
        Self { ministack: format!("http://{one}"), moto: format!("http://{other}"), _processes: processes }
    }

    /// Runs one of the scripts on them, which must be content; returns what it printed.
    pub(super) fn pass(&self, script: &str, input: &str) -> String {
        python::passes(script, &[&self.ministack, &self.moto], input)
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
