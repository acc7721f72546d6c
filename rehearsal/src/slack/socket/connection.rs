//! One WebSocket from hello to its end.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

use super::mute::Mute;
use super::{Order, Sockets, TurnedAway, envelope};

/// Time between two pings of Slack. Its SDK for Node.js takes a connection for dead after 30 s without.
const PING: Duration = Duration::from_secs(10);
/// Time between the warning and the end.
const WARNING: Duration = Duration::from_secs(10);
/// Time that the app has to close its side.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves one connection until either side ends it.
pub(super) async fn serve<S>(sockets: &Sockets, mut socket: WebSocketStream<Mute<S>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some((number, mut orders, open)) = sockets.join() else {
        farewell(sockets, &mut socket, 0, "too_many_websockets").await;
        return;
    };
    let mut pings = tokio::time::interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ends_at: Option<Instant> = None;
    let mut sent = socket.send(Message::text(envelope::hello(&sockets.0.settings, number, open))).await;
    match sockets.with(|state| state.turning_away.clone()) {
        Some(TurnedAway { reason, left_open: true }) if sent.is_ok() => {
            sent = socket.send(Message::text(envelope::disconnect(number, &reason))).await;
        }
        Some(TurnedAway { reason, left_open: false }) if sent.is_ok() => {
            sockets.leave(number);
            farewell(sockets, &mut socket, number, &reason).await;
            return;
        }
        _ => {}
    }
    while sent.is_ok() {
        let due = async {
            match ends_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        sent = tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Order::Send(text)) => socket.send(Message::text(text)).await,
                Some(Order::Deafen) => {
                    socket.get_mut().mute();
                    Ok(())
                }
                Some(Order::Refresh) => {
                    ends_at = Some(Instant::now() + WARNING);
                    socket.send(Message::text(envelope::disconnect(number, "warning"))).await
                }
                Some(Order::End(reason)) => {
                    sockets.leave(number);
                    farewell(sockets, &mut socket, number, reason).await;
                    return;
                }
                Some(Order::Drop) | None => break,
            },
            received = socket.next() => match received {
                Some(Ok(Message::Text(text))) => {
                    acknowledged(sockets, &text);
                    Ok(())
                }
                // Pings are answered, and a close too, by the library.
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => break,
            },
            _ = pings.tick() => socket.send(Message::Ping(Vec::new().into())).await,
            () = due => {
                sockets.leave(number);
                farewell(sockets, &mut socket, number, "refresh_requested").await;
                return;
            }
        };
    }
    sockets.leave(number);
}

/// Says why, waits a moment for the app to acknowledge what it has in hand, and closes.
async fn farewell<S>(sockets: &Sockets, socket: &mut WebSocketStream<Mute<S>>, number: u64, reason: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let announcing = async {
        socket.send(Message::text(envelope::disconnect(number, reason))).await?;
        while let Some(received) = socket.next().await {
            if let Message::Text(text) = received? {
                acknowledged(sockets, &text);
            }
        }
        Ok::<(), tungstenite::Error>(())
    };
    // An app that hangs up first has lost nothing.
    let _gone = tokio::time::timeout(FAREWELL, announcing).await;
    let closing = async {
        socket.close(None).await?;
        while socket.next().await.transpose()?.is_some() {}
        Ok::<(), tungstenite::Error>(())
    };
    let _gone = tokio::time::timeout(FAREWELL, closing).await;
}

fn acknowledged(sockets: &Sockets, text: &str) {
    match serde_json::from_str(text) {
        Ok(envelope::Acknowledgement { envelope_id, payload }) => sockets.acknowledge(&envelope_id, payload),
        Err(error) => tracing::warn!(%error, "the app sent something other than an acknowledgement"),
    }
}
