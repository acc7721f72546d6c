//! Connections that leave the host: directly, or through the HTTP proxy that the environment names for the target.
//!
//! Slack's calls, uploads and sockets, the calls to AWS, and the health requests are all connected here, so one set of rules
//! ([`Proxies`]) decides for all. What goes through a proxy is a tunnel (`CONNECT`), for plain HTTP too: WebSockets need one, and so
//! do health requests, whose connection goes to another host than the URL's.

mod causes;
mod client;
mod names;
mod proxies;
mod stream;
mod tunnel;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, crypto::aws_lc_rs};
use tokio::time::timeout;
use tower::Service;

pub(crate) use self::causes::{causes, innermost};
pub use self::{
    causes::explain,
    client::Client,
    names::Via,
    proxies::{BadProxy, Proxies, Proxy},
    stream::Stream,
    tunnel::ProxyError,
};

/// Time for a connection, unless [`Connector::within`] says otherwise: less than any call has, so that what is told is why there is none.
const CONNECT: Duration = Duration::from_secs(5);

/// What is spoken over TLS.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why nothing can leave this host.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// A proxy variable is wrong.
    #[error(transparent)]
    Proxy(#[from] BadProxy),
    /// There are no authorities to trust.
    #[error(
        "the trusted certificates can't be loaded: {0}; install ca-certificates, or set SSL_CERT_FILE to a PEM file with them"
    )]
    Roots(io::Error),
}

/// Makes connections, below TLS: a connector for hyper's client. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    tcp: HttpConnector<Via>,
    /// The host that is connected to in place of the URL's.
    via: Option<String>,
    proxied: Option<Proxied>,
    within: Duration,
}

/// The way to the proxies, which may want TLS themselves.
#[derive(Clone)]
struct Proxied {
    proxies: Arc<Proxies>,
    tcp: HttpsConnector<HttpConnector<Via>>,
}

impl Connector {
    /// Connections as this process's environment has it.
    ///
    /// # Errors
    /// When a proxy variable is wrong, or a proxy is named and no authority is trusted.
    pub fn system() -> Result<Self, EgressError> {
        Self::through(Proxies::read(|name| std::env::var(name).ok())?)
    }

    /// Connections through these proxies.
    ///
    /// # Errors
    /// When a proxy is named and no authority is trusted.
    pub fn through(proxies: Proxies) -> Result<Self, EgressError> {
        let tcp = tcp(Via::default());
        let proxied = match proxies.are_named() {
            true => Some(Proxied { proxies: Arc::new(proxies), tcp: HttpsConnector::from((tcp.clone(), tls(&[])?)) }),
            false => None,
        };
        Ok(Self { tcp, via: None, proxied, within: CONNECT })
    }

    /// The same, with that time for each connection.
    #[must_use]
    pub fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// The same, with all connections going where `via` leads. Through a proxy it is the proxy that resolves the name.
    #[must_use]
    pub fn to(self, via: Via) -> Self {
        Self { via: via.name.clone(), tcp: tcp(via), ..self }
    }

    /// The same, with TLS for `https` URLs.
    ///
    /// # Errors
    /// When no authority is trusted.
    pub fn over_tls(self) -> Result<HttpsConnector<Self>, EgressError> {
        Ok(HttpsConnector::from((self, tls(&PROTOCOLS)?)))
    }

    /// Whether the environment names any proxy.
    pub fn has_proxies(&self) -> bool {
        self.proxied.is_some()
    }

    /// The proxy that a connection for that URL goes through. With [`Self::to`], an exception in `NO_PROXY` for either of the two hosts does.
    pub fn proxy(&self, url: &Uri) -> Option<Proxy> {
        let proxies = &self.proxied.as_ref()?.proxies;
        proxies.to(url).and_then(|_| proxies.to(&self.place(url)?))
    }

    /// Connects for that URL, as far as below TLS.
    ///
    /// # Errors
    /// A [`ProxyError`], or why the target was not reached directly.
    pub async fn open(mut self, url: Uri) -> Result<Stream, BoxError> {
        let place = self.place(&url).ok_or("the URL has no host")?;
        if let Some((proxy, proxied)) = self.proxy(&url).zip(self.proxied) {
            let target = place.authority().map(ToString::to_string).unwrap_or_default();
            return Ok(Stream::new(tunnel::open(proxied.tcp, proxy, target, self.within).await?));
        }
        let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {:?}", self.within));
        Ok(Stream::new(timeout(self.within, self.tcp.call(place)).await.map_err(|_| late())??))
    }

    /// Host and port that are connected to.
    fn place(&self, url: &Uri) -> Option<Uri> {
        let (scheme, port) = if is_tls(url) { ("https", 443) } else { ("http", 80) };
        let host = self.via.as_deref().or(url.host())?;
        let authority = format!("{host}:{}", url.port_u16().unwrap_or(port));
        Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build().ok()
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        Box::pin(self.clone().open(url))
    }
}

fn is_tls(url: &Uri) -> bool {
    matches!(url.scheme_str(), Some("https" | "wss"))
}

fn tcp(via: Via) -> HttpConnector<Via> {
    let mut tcp = HttpConnector::new_with_resolver(via);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp
}

/// TLS with the authorities that the system or `SSL_CERT_FILE` trusts.
fn tls(protocols: &[&[u8]]) -> Result<Arc<ClientConfig>, EgressError> {
    let versions = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| EgressError::Roots(io::Error::other(error)))?;
    let mut config = versions.with_native_roots().map_err(EgressError::Roots)?.with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}
