//! What Slack sends: slash commands and clicks over HTTP. A request is bounded, checked, handed to the desk, which
//! makes it durable, and acknowledged; AWS is never waited for.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Json, Response},
    routing::post,
};
use bytes::Bytes;
use commands::{
    desk::Desk,
    journal::Refusal,
    request::{Press, Reply, Request},
};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use secrecy::SecretString;
use serde_json::json;
use storage::{Clock, Origin};
use tower::limit::GlobalConcurrencyLimitLayer;

use super::{
    api::Api,
    messages::{refused, told},
    payload::{Click, SlashCommand},
    signature::{self, Untrusted},
};

/// Most bytes of a slash command.
const COMMAND_LIMIT: usize = 64 * 1024;
/// Most bytes of an interaction, which carries the message that was clicked.
const INTERACTION_LIMIT: usize = 256 * 1024;
/// Slack gives up after 3 s; this leaves time for the answer to travel.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// Time for a body to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(2);

/// Most requests in hand at once; more wait, so that bodies take at most so many times their limit of memory.
const AT_ONCE: usize = 512;

/// What the routes need.
#[derive(Clone)]
pub struct Inbound {
    /// Where requests go.
    pub desk: Desk,
    /// Tells people what became of their clicks.
    pub slack: Api,
    /// Signs what Slack sends.
    pub signing_secret: SecretString,
    /// Says how old a request is.
    pub clock: Clock,
}

/// `POST /slack/commands` and `POST /slack/interactions`.
pub fn router(inbound: Inbound) -> Router {
    Router::new()
        .route("/slack/commands", post(command))
        .route("/slack/interactions", post(interaction))
        .with_state(inbound)
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
}

async fn command(State(inbound): State<Inbound>, headers: HeaderMap, body: Body) -> Response {
    let (body, signature) = match inbound.authentic(&headers, body, COMMAND_LIMIT).await {
        Ok(authentic) => authentic,
        Err(response) => return response,
    };
    let command = match SlashCommand::read(&body) {
        Ok(command) => command,
        Err(error) => return inbound.malformed(&error).await,
    };
    let (actor, origin) = command.source();
    let request = Request { actor, origin, dedupe: signature };
    let desk = inbound.desk.clone();
    ephemeral(&acknowledge(async move { desk.command(request, &command.text).await }).await)
}

async fn interaction(State(inbound): State<Inbound>, headers: HeaderMap, body: Body) -> Response {
    let (body, signature) = match inbound.authentic(&headers, body, INTERACTION_LIMIT).await {
        Ok(authentic) => authentic,
        Err(response) => return response,
    };
    let click = match Click::read(&body) {
        Ok(Some(click)) => click,
        // Slack asks for an empty 200 for interactions that mean nothing to an app.
        Ok(None) => return StatusCode::OK.into_response(),
        Err(error) => return inbound.malformed(&error).await,
    };
    let clicked = match click.clicked() {
        Ok(clicked) => clicked,
        Err(error) => return inbound.malformed(&error).await,
    };
    let reply = match clicked.value.parse::<Press>() {
        Ok(press) => {
            let request = Request { actor: clicked.actor, origin: clicked.origin, dedupe: signature };
            let desk = inbound.desk.clone();
            acknowledge(async move { desk.press(request, press).await }).await
        }
        Err(error) => {
            inbound.desk.refuse(clicked.origin, Refusal::NoSuchThing, &error.to_string()).await;
            refused(&error.to_string())
        }
    };
    inbound.tell(clicked.channel, clicked.user, reply);
    StatusCode::OK.into_response()
}

impl Inbound {
    /// The body, once it is known to be Slack's, with the signature that names the request.
    async fn authentic(&self, headers: &HeaderMap, body: Body, limit: usize) -> Result<(Bytes, String), Response> {
        let body = match tokio::time::timeout(BODY_DEADLINE, Limited::new(body, limit).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let reply = format!("the body is larger than {limit} bytes");
                return Err(self.refuse(StatusCode::PAYLOAD_TOO_LARGE, Refusal::TooLarge, &reply).await);
            }
            Ok(Err(_)) | Err(_) => {
                return Err(self
                    .refuse(StatusCode::BAD_REQUEST, Refusal::Malformed, "the body did not arrive whole")
                    .await);
            }
        };
        match signature::verify(&self.signing_secret, headers, &body, self.clock.now()) {
            Ok(signature) => Ok((body, signature)),
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

    /// Tells the person who clicked. Slack shows nothing of what a click is answered with, so it takes a call, which
    /// the answer does not wait for.
    fn tell(&self, channel: String, user: String, text: String) {
        let slack = self.slack.clone();
        tokio::spawn(async move {
            if let Err(error) = slack.tell(&channel, &user, &text).await {
                tracing::warn!(%error, channel, user, "a person was not told what became of their click");
            }
        });
    }

    async fn malformed(&self, error: &str) -> Response {
        self.refuse(StatusCode::BAD_REQUEST, Refusal::Malformed, &format!("this is not what Slack sends: {error}"))
            .await
    }

    /// Refuses what nobody can be named for.
    async fn refuse(&self, status: StatusCode, reason: Refusal, reply: &str) -> Response {
        self.desk.refuse(Origin::System, reason, reply).await;
        (status, reply.to_owned()).into_response()
    }
}

/// What the desk replies, or in time without it. The work goes on either way: it is a task of its own, so neither Slack
/// hanging up nor a slow disk leaves it half done.
async fn acknowledge(work: impl Future<Output = Reply> + Send + 'static) -> String {
    match tokio::time::timeout(PATIENCE, tokio::spawn(work)).await {
        Ok(Ok(Reply::Accepted(text) | Reply::Told(text))) => told(&text),
        Ok(Ok(Reply::Refused { text, .. })) => refused(&text),
        Ok(Err(error)) => {
            tracing::error!(%error, "a request ended abnormally");
            "❌ this failed inside the bot; its own log says why".to_owned()
        }
        Err(_) => "⏳ the audit log is slow to answer; see `/dr status` before trying again".to_owned(),
    }
}

/// A reply that only the person sees.
fn ephemeral(text: &str) -> Response {
    Json(json!({ "response_type": "ephemeral", "text": text })).into_response()
}
