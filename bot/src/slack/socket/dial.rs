//! Connections to a host, below TLS and WebSocket.

use std::{io, sync::Arc};

use futures::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// A stream of bytes in both directions.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Connects to a host and port.
pub type Dial = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Box<dyn Wire>>> + Send + Sync>;

/// Connections over TCP.
pub fn over_tcp() -> Dial {
    Arc::new(|host, port| {
        Box::pin(async move {
            let stream = TcpStream::connect((host, port)).await?;
            // Acknowledgements are small, and people wait for them.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Wire>)
        })
    })
}
