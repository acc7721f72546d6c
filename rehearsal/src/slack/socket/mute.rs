//! A stream that can be muted: what is written is lost, and the writer does not notice. So a connection is deaf though it
//! stays open, as behind a firewall that forgot it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream with its mute button.
#[derive(Debug)]
pub(super) struct Mute<S> {
    stream: S,
    is_muted: bool,
}

impl<S> Mute<S> {
    pub(super) fn new(stream: S) -> Mute<S> {
        Mute { stream, is_muted: false }
    }

    /// From here on everything that is written is lost.
    pub(super) fn mute(&mut self) {
        self.is_muted = true;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Mute<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Mute<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_muted {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
