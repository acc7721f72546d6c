//! `GET /link/`: a request becomes a WebSocket, if it has a ticket. <https://www.rfc-editor.org/rfc/rfc6455#section-4.2>

use axum::extract::{Query, Request, State as Extract};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::super::Slack;
use super::connection;
use super::mute::Mute;

/// What the URL says.
#[derive(Debug, Deserialize)]
pub(in crate::slack) struct Link {
    #[serde(default)]
    ticket: String,
}

/// Opens a connection.
pub(in crate::slack) async fn connect(
    Extract(slack): Extract<Slack>,
    Query(link): Query<Link>,
    mut request: Request,
) -> Response {
    let Some(key) = websocket_key(request.headers()) else { return StatusCode::UPGRADE_REQUIRED.into_response() };
    let accepted = derive_accept_key(key);
    let sockets = slack.sockets();
    if !sockets.redeem(&link.ticket) {
        return (StatusCode::UNAUTHORIZED, "the ticket is unknown, or was used").into_response();
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // The client may be gone by now.
        let Ok(upgraded) = upgraded.await else { return };
        let stream = Mute::new(TokioIo::new(upgraded));
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        connection::serve(&sockets, socket).await;
    });
    let headers = [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_ACCEPT, accepted.as_str()),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

fn websocket_key(headers: &HeaderMap) -> Option<&[u8]> {
    let upgrade = headers.get(header::UPGRADE)?.to_str().ok()?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    upgrade.eq_ignore_ascii_case("websocket").then_some(key.as_bytes())
}
