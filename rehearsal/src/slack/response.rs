//! Response URLs: `/response/{id}`, good for five uses within half an hour.
//!
//! <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>

use axum::Json;
use axum::extract::{Path, State as Extract};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::Slack;
use super::api::{Arguments, MAX_POST_TEXT, Refusal};
use super::state::{Post, State, Viewer};

const USES: u32 = 5;
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// A response URL: what it answers to, and what is left of it.
#[derive(Clone, Debug)]
pub(super) struct ResponseUrl {
    pub(super) user: String,
    pub(super) channel: String,
    /// The message whose button was pressed; `None` for a command.
    pub(super) message: Option<String>,
    pub(super) thread_ts: Option<String>,
    issued: Timestamp,
    uses: u32,
}

/// Makes a response URL.
pub(super) fn issue(
    state: &mut State,
    user: &str,
    channel: &str,
    message: Option<&str>,
    thread_ts: Option<&str>,
) -> String {
    let id = format!("{}{}", state.next_id(), state.next_id());
    let response_url = ResponseUrl {
        user: user.to_owned(),
        channel: channel.to_owned(),
        message: message.map(str::to_owned),
        thread_ts: thread_ts.map(str::to_owned),
        issued: state.now(),
        uses: 0,
    };
    let url = format!("{}/response/{id}", state.settings.base_url);
    state.response_urls.insert(id, response_url);
    url
}

/// Answers a post to a response URL: `ok` in plain text, or 404 and why.
pub(super) async fn post(Extract(slack): Extract<Slack>, Path(id): Path<String>, body: Bytes) -> Response {
    match slack.change(|state| respond(state, &id, &body)) {
        Ok(()) => "ok".into_response(),
        Err(refusal @ (Refusal::UsedUrl | Refusal::ExpiredUrl)) => {
            (StatusCode::NOT_FOUND, Json(refusal.body())).into_response()
        }
        Err(refusal) => (StatusCode::BAD_REQUEST, Json(refusal.body())).into_response(),
    }
}

fn respond(state: &mut State, id: &str, body: &[u8]) -> Result<(), Refusal> {
    let now = state.now();
    let url = state.response_urls.get_mut(id).ok_or(Refusal::ExpiredUrl)?;
    if now.duration_since(url.issued) > LIFETIME {
        return Err(Refusal::ExpiredUrl);
    }
    if url.uses >= USES {
        return Err(Refusal::UsedUrl);
    }
    url.uses += 1;
    let url = url.clone();
    let arguments = Arguments::from_json(body)?;
    match &url.message {
        Some(ts) if arguments.flag("delete_original") => {
            state.delete(&url.channel, ts);
            Ok(())
        }
        Some(ts) if arguments.flag("replace_original") => {
            let content = arguments.content(MAX_POST_TEXT)?;
            state.message(&url.channel, ts, Viewer::Person(&url.user)).ok_or(Refusal::MessageNotFound)?;
            state.edit(&url.channel, ts, content);
            Ok(())
        }
        _ => show(state, &arguments, &url.user, &url.channel, url.thread_ts.as_deref()),
    }
}

/// Shows a response as a new message: to the person alone, unless it is said to be for the channel.
pub(super) fn show(
    state: &mut State,
    arguments: &Arguments,
    user: &str,
    channel: &str,
    thread_ts: Option<&str>,
) -> Result<(), Refusal> {
    let content = arguments.content(MAX_POST_TEXT)?;
    let author = state.settings.app.user_id.clone();
    let only_visible_to = if in_channel(arguments) { None } else { Some(user) };
    state.post(Post { channel, author: &author, thread_ts, only_visible_to, content });
    Ok(())
}

/// Whether a response is for everyone in the channel.
pub(super) fn in_channel(arguments: &Arguments) -> bool {
    arguments.text("response_type") == Some("in_channel")
}
