//! `chat.*`: posting, editing and deleting messages.

use serde_json::{Value, json};

use super::super::message::{Content, Message};
use super::super::state::{Post, State, Viewer};
use super::super::validate;
use super::arguments::Arguments;
use super::refusal::Refusal;
use super::{channel, joined_channel};

/// Characters of a post's text: <https://docs.slack.dev/changelog/2018-truncating-really-long-messages>.
pub(in crate::slack) const MAX_POST_TEXT: usize = 40_000;
/// Characters of an edit's text: <https://docs.slack.dev/reference/methods/chat.update>, error `msg_too_long`.
const MAX_UPDATE_TEXT: usize = 4_000;

/// <https://docs.slack.dev/reference/methods/chat.postMessage>
pub(super) fn post_message(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    // A person's id stands for the conversation with them.
    let channel = match state.person(arguments.required("channel")?) {
        Some(person) => state.direct(&person.id),
        None => joined_channel(state, arguments)?,
    };
    not_archived(state, &channel, Refusal::IsArchived)?;
    let content = known(state, arguments.content(MAX_POST_TEXT)?)?;
    if content.metadata == Some(json!({})) {
        return Err(Refusal::InvalidMetadataFormat);
    }
    let thread_ts = thread(state, &channel, arguments)?;
    let author = state.settings.app.user_id.clone();
    let post =
        Post { channel: &channel, author: &author, thread_ts: thread_ts.as_deref(), only_visible_to: None, content };
    let message = state.post(post);
    Ok(json!({"ok": true, "channel": channel, "ts": message.ts, "message": message.to_api(&state.settings)}))
}

/// <https://docs.slack.dev/reference/methods/chat.postEphemeral>
pub(super) fn post_ephemeral(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let channel = joined_channel(state, arguments)?;
    not_archived(state, &channel, Refusal::IsArchived)?;
    let user = arguments.required("user")?;
    if state.person(user).is_none() {
        return Err(Refusal::UserNotInChannel);
    }
    let content = arguments.content(MAX_POST_TEXT)?;
    let thread_ts = thread(state, &channel, arguments)?;
    let author = state.settings.app.user_id.clone();
    let post = Post {
        channel: &channel,
        author: &author,
        thread_ts: thread_ts.as_deref(),
        only_visible_to: Some(user),
        content,
    };
    let message = state.post(post);
    Ok(json!({"ok": true, "message_ts": message.ts}))
}

/// <https://docs.slack.dev/reference/methods/chat.update>
pub(super) fn update(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let channel = channel(state, arguments)?;
    let message = named(state, &channel, arguments, "ts")?;
    if message.user != state.settings.app.user_id {
        return Err(Refusal::CantUpdateMessage);
    }
    let ts = message.ts.clone();
    not_archived(state, &channel, Refusal::IsInactive)?;
    let content = known(state, arguments.content(MAX_UPDATE_TEXT)?)?;
    let message = state.edit(&channel, &ts, content).ok_or(Refusal::MessageNotFound)?;
    let shown = message.to_api(&state.settings);
    Ok(json!({"ok": true, "channel": channel, "ts": ts, "text": message.text, "message": shown}))
}

/// <https://docs.slack.dev/reference/methods/chat.delete>
pub(super) fn delete(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let channel = channel(state, arguments)?;
    let message = named(state, &channel, arguments, "ts")?;
    if message.user != state.settings.app.user_id {
        return Err(Refusal::CantDeleteMessage);
    }
    let ts = message.ts.clone();
    state.delete(&channel, &ts);
    Ok(json!({"ok": true, "channel": channel, "ts": ts}))
}

/// <https://docs.slack.dev/reference/methods/chat.getPermalink>
pub(super) fn permalink(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let channel = channel(state, arguments)?;
    let message = named(state, &channel, arguments, "message_ts")?;
    let domain = &state.settings.team.domain;
    let mut permalink = format!("https://{domain}.slack.com/archives/{channel}/p{}", message.ts.replace('.', ""));
    if let Some(thread_ts) = &message.thread_ts {
        permalink.push_str(&format!("?thread_ts={thread_ts}&cid={channel}"));
    }
    Ok(json!({"ok": true, "channel": channel, "permalink": permalink}))
}

/// The content, if the workspace knows all of its blocks.
fn known(state: &State, content: Content) -> Result<Content, Refusal> {
    let failures = validate::unknown(content.blocks.as_deref().unwrap_or_default(), &state.unknown_blocks);
    if failures.is_empty() { Ok(content) } else { Err(Refusal::InvalidBlocks(failures)) }
}

fn not_archived(state: &State, channel: &str, refusal: Refusal) -> Result<(), Refusal> {
    if state.archived.contains(channel) { Err(refusal) } else { Ok(()) }
}

fn named<'s>(state: &'s State, channel: &str, arguments: &Arguments, name: &str) -> Result<&'s Message, Refusal> {
    let ts = arguments.required(name)?;
    state.message(channel, ts, Viewer::Api).ok_or(Refusal::MessageNotFound)
}

/// The thread that a post goes to: that of the message named, which itself may be a reply.
pub(super) fn thread(state: &State, channel: &str, arguments: &Arguments) -> Result<Option<String>, Refusal> {
    let Some(ts) = arguments.text("thread_ts") else { return Ok(None) };
    let message = state.message(channel, ts, Viewer::Api).ok_or(Refusal::ThreadNotFound)?;
    Ok(Some(message.thread_ts.as_ref().unwrap_or(&message.ts).clone()))
}
