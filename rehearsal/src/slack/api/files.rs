//! `files.*`: uploads in two calls, with the bytes between them.

use serde_json::{Value, json};

use super::super::files::{File, MAX_FILE};
use super::super::message::Content;
use super::super::state::{Post, State};
use super::arguments::Arguments;
use super::refusal::Refusal;
use super::{chat, joined};

/// <https://docs.slack.dev/reference/methods/files.getUploadURLExternal>
pub(super) fn upload_url(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let name = arguments.required("filename")?.to_owned();
    let size = arguments.number("length").filter(|&length| length > 0).ok_or(Refusal::MissingArgument)?;
    if size > MAX_FILE {
        return Err(Refusal::FileUploadSizeRestricted);
    }
    let id = format!("F{}", state.next_id()[..10].to_uppercase());
    let (title, upload_url) = (name.clone(), format!("{}/upload/{id}", state.settings.base_url));
    let file = File { id: id.clone(), name, title, size, channels: Vec::new(), bytes: None, is_complete: false };
    state.files.insert(id.clone(), file);
    Ok(json!({"ok": true, "upload_url": upload_url, "file_id": id}))
}

/// <https://docs.slack.dev/reference/methods/files.completeUploadExternal>: private to the app unless a channel is named.
pub(super) fn complete(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let named = match arguments.structured("files") {
        Some(Some(Value::Array(files))) if !files.is_empty() => files,
        _ => return Err(Refusal::missing("files")),
    };
    let channel = match arguments.text("channel_id") {
        Some(id) => Some(joined(state, state.place(id).ok_or(Refusal::ChannelNotFound)?)?),
        None => None,
    };
    let thread_ts = channel.as_deref().map(|channel| chat::thread(state, channel, arguments)).transpose()?.flatten();
    let ids: Vec<String> = named.iter().filter_map(|file| file["id"].as_str()).map(str::to_owned).collect();
    let ready = |id: &String| state.files.get(id).is_some_and(|file| file.bytes.is_some() && !file.is_complete);
    if ids.len() != named.len() || !ids.iter().all(ready) {
        return Err(Refusal::FileNotFound);
    }
    let mut files = Vec::new();
    for (id, named) in ids.iter().zip(&named) {
        if let Some(file) = state.files.get_mut(id) {
            file.is_complete = true;
            file.channels.extend(channel.clone());
            named["title"].as_str().unwrap_or(&file.name).clone_into(&mut file.title);
            files.push(file.clone());
        }
    }
    let shown: Vec<Value> = files.iter().map(|file| file.to_api(&state.settings)).collect();
    if let Some(channel) = &channel {
        let author = state.settings.app.user_id.clone();
        let content = Content { files, ..Content::text(arguments.text("initial_comment").unwrap_or_default()) };
        let thread_ts = thread_ts.as_deref();
        state.post(Post { channel, author: &author, thread_ts, only_visible_to: None, content });
    }
    Ok(json!({"ok": true, "files": shown}))
}
