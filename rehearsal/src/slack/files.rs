//! Files: `/upload/{id}` takes their bytes between `files.getUploadURLExternal` and `files.completeUploadExternal`.
//!
//! <https://docs.slack.dev/messaging/working-with-files>

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Multipart, Path, Request, State as Extract};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::Slack;
use super::settings::Settings;

/// Bytes of a file: <https://slack.com/help/articles/201330736>.
pub(super) const MAX_FILE: usize = 1_000_000_000;
/// What a multipart form adds to the file in it, at most.
const MAX_FORM: usize = 10_000;

/// A file as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct File {
    /// `F…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its title, which is the name unless the app said otherwise.
    pub title: String,
    /// Its length in bytes, as the app announced it.
    pub size: usize,
    /// The channels and conversations in which it was shared. Nobody but the app sees it elsewhere.
    pub channels: Vec<String>,
    /// Its bytes, once they are there.
    #[serde(skip)]
    pub bytes: Option<Bytes>,
    /// Whether the app said that it is complete.
    #[serde(skip)]
    pub(super) is_complete: bool,
}

/// All files, by id.
pub(super) type Files = BTreeMap<String, File>;

impl Slack {
    /// A file that the app completed.
    pub fn file(&self, id: &str) -> Option<File> {
        self.look(|state| state.files.get(id).filter(|file| file.is_complete).cloned())
    }
}

impl File {
    /// The file as the Web API gives it: <https://docs.slack.dev/reference/objects/file-object>.
    pub(super) fn to_api(&self, settings: &Settings) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "size": self.size,
            "user": settings.app.user_id,
            "user_team": settings.team.id,
            "mode": "hosted",
            "is_external": false,
            "is_public": false,
            "channels": self.channels,
            "url_private": format!("{}/files/{}/{}", settings.base_url, self.id, self.name),
        })
    }
}

/// Takes the bytes, raw or in a form, and says how many it got.
pub(super) async fn upload(Extract(slack): Extract<Slack>, Path(id): Path<String>, request: Request) -> Response {
    let Some(size) = slack.look(|state| state.files.get(&id).filter(|file| !file.is_complete).map(|file| file.size))
    else {
        return (StatusCode::NOT_FOUND, "no such upload").into_response();
    };
    let Some(bytes) = read(request, size).await else {
        return (StatusCode::BAD_REQUEST, "the body cannot be read").into_response();
    };
    if bytes.len() != size {
        return (StatusCode::BAD_REQUEST, format!("{} bytes instead of {size}", bytes.len())).into_response();
    }
    slack.change(|state| {
        if let Some(file) = state.files.get_mut(&id) {
            file.bytes = Some(bytes);
        }
    });
    format!("OK - {size}").into_response()
}

async fn read(request: Request, size: usize) -> Option<Bytes> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = media_type.is_some_and(|media_type| media_type.starts_with("multipart/form-data"));
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, size + MAX_FORM).await.ok()?;
    if !is_form {
        return Some(bytes);
    }
    let mut form = Multipart::from_request(Request::from_parts(parts, Body::from(bytes)), &()).await.ok()?;
    while let Some(field) = form.next_field().await.ok()? {
        if field.file_name().is_some() {
            return field.bytes().await.ok();
        }
    }
    None
}

#[cfg(test)]
mod tests;
