//! `conversations.*`: channels and what was said in them.

use serde_json::{Value, json};

use super::super::message::Message;
use super::super::state::{State, Viewer};
use super::arguments::Arguments;
use super::refusal::Refusal;
use super::{channel, joined_channel};

/// Messages in a page, unless told: <https://docs.slack.dev/reference/methods/conversations.history>.
const DEFAULT_PAGE: usize = 100;

/// <https://docs.slack.dev/reference/methods/conversations.info>
pub(super) fn info(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let id = channel(state, arguments)?;
    Ok(json!({"ok": true, "channel": describe(state, &id)}))
}

/// <https://docs.slack.dev/reference/methods/conversations.join>
pub(super) fn join(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let id = channel(state, arguments)?;
    if state.archived.contains(&id) {
        return Err(Refusal::IsArchived);
    }
    let mut answer = json!({"ok": true});
    if !state.joined.insert(id.clone()) {
        answer["warning"] = json!("already_in_channel");
    }
    answer["channel"] = describe(state, &id);
    Ok(answer)
}

/// <https://docs.slack.dev/reference/methods/conversations.open>, with one person.
pub(super) fn open(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let person = state.person(arguments.required("users")?).ok_or(Refusal::UserNotFound)?;
    Ok(json!({"ok": true, "channel": {"id": state.direct(&person.id)}}))
}

/// <https://docs.slack.dev/reference/methods/conversations.history>: without replies, newest first.
pub(super) fn history(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let id = joined_channel(state, arguments)?;
    let top_level = state.messages(&id).rev().filter(|message| message.thread_ts.is_none());
    Ok(page(state, arguments, top_level, |ts, cursor| ts < cursor))
}

/// <https://docs.slack.dev/reference/methods/conversations.replies>: the parent, then its replies, oldest first.
pub(super) fn replies(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let id = joined_channel(state, arguments)?;
    let named = arguments.required("ts")?;
    let named = state.message(&id, named, Viewer::Api).ok_or(Refusal::ThreadNotFound)?;
    let parent = named.thread_ts.as_ref().unwrap_or(&named.ts);
    let thread =
        state.messages(&id).filter(|message| message.ts == *parent || message.thread_ts.as_ref() == Some(parent));
    Ok(page(state, arguments, thread, |ts, cursor| ts > cursor))
}

/// One page of messages; `beyond` says whether a message lies past the cursor, which is the last page's last `ts`.
fn page<'s>(
    state: &State,
    arguments: &Arguments,
    messages: impl Iterator<Item = &'s Message>,
    beyond: impl Fn(&str, &str) -> bool,
) -> Value {
    let limit = arguments.number("limit").unwrap_or(DEFAULT_PAGE).clamp(1, 1000);
    let mut found = messages
        .filter(|message| message.only_visible_to.is_none())
        .filter(|message| within(arguments, &message.ts))
        .filter(|message| arguments.text("cursor").is_none_or(|cursor| beyond(&message.ts, cursor)))
        .peekable();
    let shown: Vec<&Message> = found.by_ref().take(limit).collect();
    let has_more = found.peek().is_some();
    let with_metadata = arguments.flag("include_all_metadata");
    let mut answer = json!({
        "ok": true,
        "messages": shown.iter().map(|message| in_history(state, message, with_metadata)).collect::<Vec<_>>(),
        "has_more": has_more,
    });
    if let (true, Some(last)) = (has_more, shown.last()) {
        answer["response_metadata"] = json!({"next_cursor": last.ts});
    }
    answer
}

/// Whether a `ts` lies between `oldest` and `latest`, whose ends count if `inclusive`.
fn within(arguments: &Arguments, ts: &str) -> bool {
    let inclusive = arguments.flag("inclusive");
    let after = arguments.text("oldest").is_none_or(|oldest| ts > oldest || (inclusive && ts == oldest));
    let before = arguments.text("latest").is_none_or(|latest| ts < latest || (inclusive && ts == latest));
    after && before
}

/// A message with what is known of its thread.
fn in_history(state: &State, message: &Message, with_metadata: bool) -> Value {
    let mut shown = message.to_api(&state.settings);
    if !with_metadata && let Some(shown) = shown.as_object_mut() {
        shown.remove("metadata");
    }
    let replies: Vec<&Message> = state
        .messages(&message.channel)
        .filter(|reply| reply.only_visible_to.is_none() && reply.thread_ts.as_ref() == Some(&message.ts))
        .collect();
    if let Some(latest) = replies.last() {
        let mut users: Vec<&str> = replies.iter().map(|reply| reply.user.as_str()).collect();
        users.sort_unstable();
        users.dedup();
        shown["thread_ts"] = json!(message.ts);
        shown["reply_count"] = json!(replies.len());
        shown["reply_users_count"] = json!(users.len());
        shown["reply_users"] = json!(users);
        shown["latest_reply"] = json!(latest.ts);
    }
    shown
}

fn describe(state: &State, id: &str) -> Value {
    let Some(channel) = state.settings.channel(id) else {
        let user = state.people.iter().find(|person| state.direct(&person.id) == id).map(|person| person.id.as_str());
        return json!({"id": id, "created": 1_700_000_000, "is_im": true, "is_archived": false, "user": user});
    };
    let name = &channel.name;
    json!({
        "id": id,
        "name": name,
        "name_normalized": name,
        "created": 1_700_000_000,
        "is_channel": true,
        "is_group": false,
        "is_im": false,
        "is_mpim": false,
        "is_private": false,
        "is_archived": state.archived.contains(id),
        "is_general": false,
        "is_shared": false,
        "is_org_shared": false,
        "is_member": state.joined.contains(id),
        "num_members": state.settings.people.len() + usize::from(state.joined.contains(id)),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    })
}
