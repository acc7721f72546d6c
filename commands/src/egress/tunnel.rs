//! A tunnel through a proxy: `CONNECT`, and how a proxy can refuse it.

use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use bytes::Bytes;
use http::{
    Request, Response, StatusCode, Uri,
    header::{HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION},
};
use http_body_util::Empty;
use hyper::{
    body::Incoming,
    client::conn::http1,
    rt::{Read, Write},
    upgrade::{self, Upgraded},
};
use tokio::time::{Instant, timeout_at};
use tower::Service;

use super::{Proxy, causes::innermost};

/// Why a proxy led nowhere, and what people can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// No connection to the proxy.
    #[error("proxy {proxy} can't be reached: {cause}; check {variable} and that the proxy runs", variable = proxy.variable)]
    Unreachable {
        /// Which.
        proxy: Proxy,
        /// Why.
        cause: String,
    },
    /// The proxy is there, and says nothing in time.
    #[error("proxy {proxy} opened no connection to {target} within {after:?}; check that the proxy can reach it")]
    Silent {
        /// Which.
        proxy: Proxy,
        /// Host and port.
        target: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The proxy wants to know who asks.
    #[error("proxy {proxy} refused {target} ({status}): {}", credentials(proxy, offered))]
    Unauthorized {
        /// Which.
        proxy: Proxy,
        /// Host and port.
        target: String,
        /// The proxy's answer: 407, or tinyproxy's 401 to who has no credentials at all.
        status: StatusCode,
        /// How one can authenticate, as the proxy says.
        offered: String,
    },
    /// The proxy opens no connection to that target.
    #[error("proxy {proxy} refused {target} ({status}); {}", remedy(*status))]
    Refused {
        /// Which.
        proxy: Proxy,
        /// Host and port.
        target: String,
        /// The proxy's answer.
        status: StatusCode,
    },
    /// What answers there is no HTTP proxy.
    #[error("proxy {proxy} broke the connection to {target}: {cause}; check that {variable} names an HTTP proxy", variable = proxy.variable)]
    Broken {
        /// Which.
        proxy: Proxy,
        /// Host and port.
        target: String,
        /// Why.
        cause: String,
    },
}

impl ProxyError {
    /// Whether the proxy itself says no, whatever is behind it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Unauthorized { .. } => true,
            Self::Refused { status, .. } => status.is_client_error(),
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Broken { .. } => false,
        }
    }
}

fn credentials(proxy: &Proxy, offered: &str) -> String {
    let variable = proxy.variable;
    if !offered.is_empty() && !offered.to_lowercase().contains("basic") {
        return format!("it takes only {offered}, and Standby has Basic; allow Basic, or this host without a password");
    }
    match &proxy.authorization {
        None => format!("it wants a user and password; put USER:PASSWORD@ before the host in {variable}"),
        Some(_) => format!("it doesn't accept the user and password in {variable}; correct them"),
    }
}

fn remedy(status: StatusCode) -> &'static str {
    match status.is_server_error() {
        true => "check that the proxy can resolve and reach it",
        false => "allow that host and port on the proxy, or add the host to NO_PROXY",
    }
}

/// Opens a tunnel to the target.
pub(super) async fn open<C>(
    mut connector: C,
    proxy: Proxy,
    target: String,
    within: Duration,
) -> Result<Upgraded, ProxyError>
where
    C: Service<Uri, Response: Read + Write + Send + Unpin + 'static, Error = BoxError>,
{
    let deadline = Instant::now() + within;
    let unreachable = |cause: String| ProxyError::Unreachable { proxy: proxy.clone(), cause };
    let stream = match timeout_at(deadline, connector.call(proxy.uri.clone())).await {
        Ok(connected) => connected.map_err(|error| unreachable(innermost(&*error)))?,
        Err(_) => return Err(unreachable(format!("no connection within {within:?}"))),
    };
    let broken = |error: hyper::Error| ProxyError::Broken {
        proxy: proxy.clone(),
        target: target.clone(),
        cause: innermost(&error),
    };
    let answer = match timeout_at(deadline, ask(stream, &proxy, &target)).await {
        Ok(answer) => answer.map_err(broken)?,
        Err(_) => return Err(ProxyError::Silent { proxy, target, after: within }),
    };
    match answer.status() {
        status if status.is_success() => upgrade::on(answer).await.map_err(broken),
        status @ (StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED) => {
            let offers = answer.headers().get_all(PROXY_AUTHENTICATE).iter().filter_map(|offer| offer.to_str().ok());
            let schemes = offers.filter_map(|offer| offer.split([' ', ',']).next());
            let offered = schemes.collect::<Vec<_>>().join(", ");
            Err(ProxyError::Unauthorized { proxy, target, status, offered })
        }
        status => Err(ProxyError::Refused { proxy, target, status }),
    }
}

async fn ask<T>(stream: T, proxy: &Proxy, target: &str) -> hyper::Result<Response<Incoming>>
where
    T: Read + Write + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(stream).await?;
    // It ends with the tunnel, or with the answer if that is no tunnel; the answer says how.
    tokio::spawn(async move { connection.with_upgrades().await.ok() });
    let mut request = Request::connect(target).header(HOST, target);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    let request = request.body(Empty::<Bytes>::new());
    sender.send_request(request.unwrap_or_default()).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hyper_util::rt::TokioIo;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::super::{Connector, Proxies, Via};

    const CREDENTIALS: &str = "standby:s3cret@";

    /// A proxy that answers one request so, then echoes; what a connector with these credentials makes of it, and what it was asked.
    async fn asked(credentials: &str, url: &'static str, answer: &'static str) -> (Result<String, String>, String) {
        let listener = TcpListener::bind("[::1]:0").await.unwrap();
        let named = format!("http://{credentials}{}", listener.local_addr().unwrap());
        let proxy = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            let (mut from, mut to) = stream.split();
            let _ended = tokio::io::copy(&mut from, &mut to).await;
            String::from_utf8_lossy(&request[..read]).to_lowercase()
        });
        let proxies = Proxies::read(|name| (name == "ALL_PROXY").then(|| named.clone())).unwrap();
        let via = Via { name: Some("dr.example".to_owned()), ..Via::default() };
        let opened = Connector::through(proxies).unwrap().to(via).open(url.parse().unwrap()).await;
        let told = match opened {
            Ok(stream) => {
                let mut stream = TokioIo::new(stream);
                stream.write_all(b"echo").await.unwrap();
                let mut back = [0; 4];
                stream.read_exact(&mut back).await.unwrap();
                Ok(String::from_utf8_lossy(&back).into_owned())
            }
            Err(error) => Err(error.to_string()),
        };
        (told, proxy.await.unwrap())
    }

    #[tokio::test]
    async fn tunnel_leads_to_the_chosen_host_with_the_credentials_of_the_proxy() {
        for (url, target) in [
            ("https://app.shop.example/health", "dr.example:443"),
            ("http://app.shop.example/health", "dr.example:80"),
            ("wss://app.shop.example:8443/link", "dr.example:8443"),
        ] {
            let (told, request) = asked(CREDENTIALS, url, "HTTP/1.1 200 Connection established\r\n\r\n").await;
            assert_eq!(told.unwrap(), "echo");
            assert!(request.starts_with(&format!("connect {target} http/1.1\r\n")), "{request}");
            assert!(request.contains(&format!("host: {target}\r\n")), "{request}");
            assert!(request.contains("proxy-authorization: basic c3rhbmrietpzm2nyzxq=\r\n"), "{request}");
        }
    }

    #[tokio::test]
    async fn refusal_names_the_proxy_and_the_fix() {
        const URL: &str = "https://slack.com/api/";
        for (credentials, answer, wanted) in [
            (
                "",
                "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x",
                "put USER:PASSWORD@ before the host in ALL_PROXY",
            ),
            (
                CREDENTIALS,
                "407 No\r\nProxy-Authenticate: Basic realm=x",
                "doesn't accept the user and password in ALL_PROXY",
            ),
            (
                CREDENTIALS,
                "407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM",
                "takes only Negotiate, NTLM",
            ),
            ("", "403 Filtered", "(403 Forbidden); allow that host and port on the proxy"),
            ("", "503 Service Unavailable", "(503 Service Unavailable); check that the proxy can resolve and reach it"),
            ("", "nonsense", "check that ALL_PROXY names an HTTP proxy"),
        ] {
            let answer: &'static str = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").leak();
            let told = asked(credentials, URL, answer).await.0.unwrap_err();
            assert!(told.starts_with("proxy http://[::1]:") && told.contains("dr.example:443"), "{told}");
            assert!(told.contains(wanted) && !told.contains("s3cret"), "{told}");
        }
    }

    #[tokio::test]
    async fn proxy_that_is_not_there_or_says_nothing_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let proxies = || Proxies::read(|name| (name == "https_proxy").then(|| at.to_string())).unwrap();
        let open = async || {
            let connector = Connector::through(proxies()).unwrap().within(std::time::Duration::from_millis(200));
            connector.open("https://slack.com/api/".parse().unwrap()).await.err().unwrap().to_string()
        };
        let silent = open().await;
        assert!(
            silent.starts_with(&format!("proxy http://{at} opened no connection to slack.com:443 within")),
            "{silent}"
        );
        drop(listener);
        let gone = open().await;
        assert!(gone.starts_with(&format!("proxy http://{at} can't be reached: Connection refused")), "{gone}");
        assert!(gone.contains("check https_proxy"), "{gone}");
    }
}
