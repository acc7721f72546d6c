//! Connections to the host of a URL, below TLS and WebSocket.

use std::sync::Arc;

use commands::egress::{Connector, explain};
use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of bytes in both directions.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Connects to the host of a URL, or says why not.
pub type Dial = Arc<dyn Fn(Uri) -> BoxFuture<'static, Result<Box<dyn Wire>, String>> + Send + Sync>;

/// Connections over the network.
pub fn over(connector: &Connector) -> Dial {
    let connector = connector.clone();
    Arc::new(move |url| {
        let opening = connector.clone().open(url);
        Box::pin(async move {
            let stream = opening.await.map_err(|error| explain(&*error))?;
            Ok(Box::new(TokioIo::new(stream)) as Box<dyn Wire>)
        })
    })
}
