//! Connections without sockets: a hyper client whose every connection is a pipe to this Slack.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tower::{Service, ServiceExt};

/// Bytes in flight in each direction of a connection.
const PIPE: usize = 64 * 1024;

/// A connector for hyper-util's legacy client: whatever host it is asked for, it reaches this Slack.
#[derive(Clone, Debug)]
pub struct Connector {
    api: Router,
}

impl Connector {
    pub(super) fn new(api: Router) -> Connector {
        Connector { api }
    }
}

impl Service<Uri> for Connector {
    type Response = Pipe;
    type Error = Infallible;
    type Future = Ready<Result<Pipe, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(Ok(Pipe(TokioIo::new(self.open()))))
    }
}

impl Connector {
    /// A new connection.
    pub fn open(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(PIPE);
        let api = self.api.clone();
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            api.clone().oneshot(request.map(Body::new))
        });
        tokio::spawn(async move {
            // An error here is the client hanging up, which is its right.
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service);
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "connection to the stand-in Slack ended");
            }
        });
        client
    }
}

/// The client's end of a connection.
#[derive(Debug)]
pub struct Pipe(TokioIo<DuplexStream>);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
