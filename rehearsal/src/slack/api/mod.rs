//! The Web API: `/api/{method}`.
//!
//! <https://docs.slack.dev/apis/web-api>: a token, arguments as JSON or as a form, HTTP 200 with `ok: true` or with
//! `ok: false` and an error code, 429 with `Retry-After` when called too often.

mod arguments;
mod chat;
mod conversations;
mod files;
mod method;
mod people;
mod refusal;
mod views;

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State as Extract};
use axum::response::{AppendHeaders, IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(super) use arguments::Arguments;
pub(super) use chat::MAX_POST_TEXT;
pub use method::Method;
pub use refusal::Refusal;
pub(super) use views::valid as valid_view;

use super::Slack;
use super::fault::FaultKind;
use super::settings::Settings;
use super::state::State;

/// What the token may do: <https://docs.slack.dev/authentication/installing-with-oauth>.
const SCOPES_HEADER: HeaderName = HeaderName::from_static("x-oauth-scopes");

/// One call of the Web API.
#[derive(Clone, Debug)]
pub struct ApiCall {
    /// When.
    pub at: Timestamp,
    /// The method called, which the stand-in may not have.
    pub method: String,
    /// The arguments without the token.
    pub arguments: Value,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It took effect; this was answered.
    Done(Value),
    /// It was refused with an error code.
    Refused(Refusal),
    /// It came too soon.
    RateLimited {
        /// How long to wait, if that was said.
        retry_after: Option<Duration>,
    },
    /// HTTP 500, injected.
    ServerError,
    /// No answer ever, injected.
    Hung,
    /// A connection that broke in the middle of the answer, injected.
    Reset,
}

/// Answers one call, and records it.
pub(super) async fn call(
    Extract(slack): Extract<Slack>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parsed = Arguments::parse(&headers, query.as_deref().unwrap_or_default(), &body);
    let (outcome, scopes) = slack.change(|state| {
        let (arguments, token) = match parsed {
            Ok((arguments, token)) => (arguments, Ok(token)),
            Err(refusal) => (Arguments::default(), Err(refusal)),
        };
        let outcome = decide(state, &method, &arguments, token);
        let at = state.now();
        state.calls.push(ApiCall { at, method, arguments: arguments.to_value(), outcome: outcome.clone() });
        (outcome, Vec::from_iter(state.scopes.iter().cloned()).join(","))
    });
    ([(SCOPES_HEADER, scopes)], outcome.respond().await).into_response()
}

fn decide(state: &mut State, method: &str, arguments: &Arguments, token: Result<Option<String>, Refusal>) -> Outcome {
    let Some(method) = Method::parse(method) else { return Outcome::Refused(Refusal::UnknownMethod) };
    match state.faults.strike(method) {
        None => answer(state, method, arguments, token),
        Some(FaultKind::AfterEffect(fault)) => match answer(state, method, arguments, token) {
            Outcome::Done(_) => befall(*fault),
            other => other,
        },
        Some(fault) => befall(fault),
    }
}

/// What the caller sees of a fault.
fn befall(fault: FaultKind) -> Outcome {
    match fault {
        FaultKind::RateLimited { retry_after } => Outcome::RateLimited { retry_after },
        FaultKind::ServerError => Outcome::ServerError,
        FaultKind::Hang => Outcome::Hung,
        FaultKind::Reset => Outcome::Reset,
        FaultKind::Error(code) => Outcome::Refused(Refusal::Injected(code)),
        FaultKind::AfterEffect(fault) => befall(*fault),
    }
}

/// The answer to a call that nothing befalls.
fn answer(state: &mut State, method: Method, arguments: &Arguments, token: Result<Option<String>, Refusal>) -> Outcome {
    if let Err(refusal) = token.and_then(|token| authenticate(state, method, token)) {
        return Outcome::Refused(refusal);
    }
    // Posts are limited by channel, everything else for the workspace as a whole.
    let channel = if method == Method::ChatPostMessage { arguments.text("channel") } else { None };
    if let Some(rate) = method.rate(&state.settings.limits)
        && let Err(retry_after) = state.rates.admit(method, channel.unwrap_or_default(), rate, Instant::now())
    {
        return Outcome::RateLimited { retry_after: Some(retry_after) };
    }
    match perform(state, method, arguments) {
        Ok(answer) => Outcome::Done(answer),
        Err(refusal) => Outcome::Refused(refusal),
    }
}

fn authenticate(state: &State, method: Method, token: Option<String>) -> Result<(), Refusal> {
    let Settings { bot_token, app_token, .. } = &*state.settings;
    let wanted = if method == Method::AppsConnectionsOpen { app_token } else { bot_token };
    match token {
        _ if method == Method::ApiTest => return Ok(()),
        None => return Err(Refusal::NotAuthed),
        Some(token) if token == *wanted => {}
        Some(token) if token == *bot_token || token == *app_token => return Err(Refusal::NotAllowedTokenType),
        Some(_) => return Err(Refusal::InvalidAuth),
    }
    match method.scope() {
        Some(scope) if !state.scopes.contains(scope) => {
            Err(Refusal::MissingScope(scope, state.scopes.iter().cloned().collect()))
        }
        _ => Ok(()),
    }
}

fn perform(state: &mut State, method: Method, arguments: &Arguments) -> Result<Value, Refusal> {
    match method {
        Method::ApiTest => Ok(json!({"ok": true, "args": arguments.to_value()})),
        Method::AppsConnectionsOpen => state.sockets.grant(),
        Method::AuthTest => Ok(people::auth_test(state)),
        Method::ChatDelete => chat::delete(state, arguments),
        Method::ChatGetPermalink => chat::permalink(state, arguments),
        Method::ChatPostEphemeral => chat::post_ephemeral(state, arguments),
        Method::ChatPostMessage => chat::post_message(state, arguments),
        Method::ChatUpdate => chat::update(state, arguments),
        Method::ConversationsHistory => conversations::history(state, arguments),
        Method::ConversationsInfo => conversations::info(state, arguments),
        Method::ConversationsJoin => conversations::join(state, arguments),
        Method::ConversationsOpen => conversations::open(state, arguments),
        Method::ConversationsReplies => conversations::replies(state, arguments),
        Method::FilesCompleteUploadExternal => files::complete(state, arguments),
        Method::FilesGetUploadUrlExternal => files::upload_url(state, arguments),
        Method::UsergroupsUsersList => people::usergroup_members(state, arguments),
        Method::UsersInfo => people::info(state, arguments),
        Method::ViewsOpen => views::open(state, arguments),
        Method::ViewsPublish => views::publish(state, arguments),
        Method::ViewsPush => views::push(state, arguments),
        Method::ViewsUpdate => views::update(state, arguments),
    }
}

impl Outcome {
    async fn respond(self) -> Response {
        match self {
            Outcome::Done(answer) => Json(answer).into_response(),
            Outcome::Refused(refusal) => Json(refusal.body()).into_response(),
            Outcome::RateLimited { retry_after } => {
                let seconds = retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
                let headers = seconds.map(|seconds| AppendHeaders([(header::RETRY_AFTER, seconds.to_string())]));
                let body = json!({"ok": false, "error": "ratelimited"});
                (StatusCode::TOO_MANY_REQUESTS, headers, Json(body)).into_response()
            }
            Outcome::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, "upstream error").into_response(),
            Outcome::Reset => {
                let torn = futures::stream::iter([
                    Ok(Bytes::from_static(b"{\"ok\":")),
                    Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
                ]);
                Body::from_stream(torn).into_response()
            }
            Outcome::Hung => std::future::pending().await,
        }
    }
}

/// The id of the channel or conversation that a call names.
fn channel(state: &State, arguments: &Arguments) -> Result<String, Refusal> {
    state.place(arguments.required("channel")?).ok_or(Refusal::ChannelNotFound)
}

/// The id of the channel that a call names, which the app must be in.
fn joined_channel(state: &State, arguments: &Arguments) -> Result<String, Refusal> {
    joined(state, channel(state, arguments)?)
}

/// That channel, if the app is in it; it is in all its conversations.
fn joined(state: &State, id: String) -> Result<String, Refusal> {
    if state.joined.contains(&id) || state.settings.channel(&id).is_none() {
        Ok(id)
    } else {
        Err(Refusal::NotInChannel)
    }
}

#[cfg(test)]
mod tests;
