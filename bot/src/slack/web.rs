//! What Slack sends over HTTP: requests are bounded, checked to be Slack's, and taken in.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse, Json, Response},
    routing::post,
};
use bytes::Bytes;
use commands::journal::Refusal;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use secrecy::SecretString;
use serde_json::Value;
use storage::{Clock, Origin};
use tower::limit::GlobalConcurrencyLimitLayer;

use super::{
    inbound::{Answer, Inbound, Kind},
    payload,
    signature::{self, Untrusted},
};

/// Most bytes of a slash command.
const COMMAND_LIMIT: usize = 64 * 1024;
/// Most bytes of an interaction, which carries the message that was clicked, and of an event.
const INTERACTION_LIMIT: usize = 256 * 1024;
/// Time for a body to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(2);

/// Most requests in hand at once; more wait, so that bodies take at most so many times their limit of memory.
const AT_ONCE: usize = 512;

/// What the routes need.
#[derive(Clone)]
pub struct Web {
    /// Takes what was found to be Slack's.
    pub inbound: Inbound,
    /// Signs what Slack sends.
    pub signing_secret: SecretString,
    /// Says how old a request is.
    pub clock: Clock,
}

/// Where commands, interactions and events are posted to.
pub(super) const PATHS: [&str; 3] = ["/slack/commands", "/slack/interactions", "/slack/events"];

/// `POST` to each of [`PATHS`].
pub fn router(web: Web) -> Router {
    let [commands, interactions, events] = PATHS;
    Router::new()
        .route(commands, post(command).get(probe))
        .route(interactions, post(interaction))
        .route(events, post(event))
        .with_state(web)
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
}

async fn command(State(web): State<Web>, headers: HeaderMap, body: Body) -> Response {
    match web.whole(body, COMMAND_LIMIT).await {
        Ok(body) if payload::is_ssl_check(&body) => StatusCode::OK.into_response(),
        Ok(body) => match web.signed(&headers, body).await {
            Ok(body) => web.take(Kind::Command, payload::form(&body)).await,
            Err(response) => response,
        },
        Err(response) => response,
    }
}

/// Slack looks now and then whether a command's address has a good certificate, unsigned; the answer tells nothing.
/// <https://docs.slack.dev/interactivity/implementing-slash-commands>
async fn probe(RawQuery(query): RawQuery) -> StatusCode {
    match query.is_some_and(|query| payload::is_ssl_check(query.as_bytes())) {
        true => StatusCode::OK,
        false => StatusCode::METHOD_NOT_ALLOWED,
    }
}

async fn interaction(State(web): State<Web>, headers: HeaderMap, body: Body) -> Response {
    match web.authentic(&headers, body, INTERACTION_LIMIT).await {
        Ok(body) => web.take(Kind::Interaction, payload::in_form(&body)).await,
        Err(response) => response,
    }
}

async fn event(State(web): State<Web>, headers: HeaderMap, body: Body) -> Response {
    let body = match web.authentic(&headers, body, INTERACTION_LIMIT).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let event = serde_json::from_slice::<Value>(&body).map_err(|error| error.to_string());
    // Slack asks once whether the address is the app's: <https://docs.slack.dev/reference/events/url_verification>.
    match event.as_ref().map(|event| (event["type"].as_str(), event["challenge"].as_str())) {
        Ok((Some("url_verification"), Some(challenge))) => challenge.to_owned().into_response(),
        _ => web.take(Kind::Event, event).await,
    }
}

impl Web {
    async fn take(&self, kind: Kind, payload: Result<Value, String>) -> Response {
        let answer = match payload {
            Ok(payload) => self.inbound.take(kind, payload).await,
            Err(error) => self.inbound.malformed(&error).await,
        };
        match answer {
            Answer::Taken => StatusCode::OK.into_response(),
            Answer::Shown(shown) => Json(shown).into_response(),
            Answer::Malformed(why) => (StatusCode::BAD_REQUEST, why).into_response(),
        }
    }

    /// The body, once it is known to be Slack's.
    async fn authentic(&self, headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Response> {
        let body = self.whole(body, limit).await?;
        self.signed(headers, body).await
    }

    /// The body, once all of it is there.
    async fn whole(&self, body: Body, limit: usize) -> Result<Bytes, Response> {
        match tokio::time::timeout(BODY_DEADLINE, Limited::new(body, limit).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let reply = format!("the body is larger than {limit} bytes");
                Err(self.refuse(StatusCode::PAYLOAD_TOO_LARGE, Refusal::TooLarge, &reply).await)
            }
            Ok(Err(_)) | Err(_) => {
                Err(self.refuse(StatusCode::BAD_REQUEST, Refusal::Malformed, "the body did not arrive whole").await)
            }
        }
    }

    /// The same body, if Slack signed it.
    async fn signed(&self, headers: &HeaderMap, body: Bytes) -> Result<Bytes, Response> {
        match signature::verify(&self.signing_secret, headers, &body, self.clock.now()) {
            Ok(()) => Ok(body),
            Err(Untrusted::BadSignature) => {
                let reply = "the signature does not fit; check slack.signing_secret";
                Err(self.refuse(StatusCode::UNAUTHORIZED, Refusal::BadSignature, reply).await)
            }
            Err(Untrusted::Stale) => {
                let reply = "the request is more than 5 minutes old or ahead; check the host's clock";
                Err(self.refuse(StatusCode::UNAUTHORIZED, Refusal::Stale, reply).await)
            }
        }
    }

    /// Refuses what nobody can be named for.
    async fn refuse(&self, status: StatusCode, reason: Refusal, reply: &str) -> Response {
        self.inbound.desk.refuse(Origin::System, reason, reply).await;
        (status, reply.to_owned()).into_response()
    }
}
