//! The web page: a person's rehearsal room.
//!
//! `/` is a single static page without a build step and without a request to anywhere else. It shows what `/events`
//! streams (the whole state, sent anew on every change) and posts what a person does, in the workspace (`acts`) or to the
//! world around it (`/world/{action}`).

mod acts;
mod scene;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State as Extract};
use axum::response::sse::{Event as ServerEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio_stream::wrappers::{IntervalStream, WatchStream};

use super::Slack;
use super::message::ts;
use super::transcript::Event;
pub use scene::{Region, Scene, SceneAction, SceneScenario, ServiceCount};

/// How often the scene is looked at again.
const SCENE_EVERY: Duration = Duration::from_millis(500);
/// Everything the page loads comes from where it came from itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files of the page: path, media type, content.
const FILES: [(&str, &str, &str); 10] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/assets/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/assets/blocks.css", "text/css; charset=utf-8", include_str!("blocks.css")),
    ("/assets/page.js", "text/javascript; charset=utf-8", include_str!("page.js")),
    ("/assets/blocks.js", "text/javascript; charset=utf-8", include_str!("blocks.js")),
    ("/assets/inputs.js", "text/javascript; charset=utf-8", include_str!("inputs.js")),
    ("/assets/messages.js", "text/javascript; charset=utf-8", include_str!("messages.js")),
    ("/assets/modal.js", "text/javascript; charset=utf-8", include_str!("modal.js")),
    ("/assets/mrkdwn.js", "text/javascript; charset=utf-8", include_str!("mrkdwn.js")),
    ("/assets/scene.js", "text/javascript; charset=utf-8", include_str!("scene.js")),
];

/// What the page needs: the workspace, and the world that its top bar shows.
#[derive(Clone)]
struct Page {
    slack: Slack,
    look: Arc<dyn Fn() -> Scene + Send + Sync>,
    act: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl Slack {
    /// The web page. `look` gives what its top bar shows of the world; `act` carries out one of the scene's actions by id
    /// and says whether there is such an action.
    pub fn page(
        &self,
        look: impl Fn() -> Scene + Send + Sync + 'static,
        act: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Router {
        let page = Page { slack: self.clone(), look: Arc::new(look), act: Arc::new(act) };
        let mut router = Router::new();
        for (path, media_type, content) in FILES {
            router = router.route(path, get(async move || file(media_type, content)));
        }
        router
            .route("/events", get(events))
            .route("/state", get(async |Extract(page): Extract<Page>| Json(page.state())))
            .route("/world", get(async |Extract(page): Extract<Page>| Json((page.look)())))
            .route("/world/{action}", post(act_on_world))
            .with_state(page)
            .merge(acts::router(self.clone()))
    }
}

fn file(media_type: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, content).into_response()
}

/// The state on every change, and the scene on every tick.
async fn events(Extract(page): Extract<Page>) -> Sse<impl Stream<Item = Result<ServerEvent, Infallible>>> {
    let for_scene = page.clone();
    let changes = WatchStream::new(page.slack.changes.subscribe());
    let states = changes.map(move |_| ServerEvent::default().event("state").json_data(page.state()));
    let ticks = IntervalStream::new(tokio::time::interval(SCENE_EVERY));
    let scenes = ticks.map(move |_| ServerEvent::default().event("scene").json_data((for_scene.look)()));
    // A value that does not serialise is a defect of this program; the page keeps what it has.
    let events = futures::stream::select(states, scenes).filter_map(async |event| event.ok().map(Ok));
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn act_on_world(Extract(page): Extract<Page>, Path(action): Path<String>) -> StatusCode {
    if (page.act)(&action) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

impl Page {
    /// Everything that the page shows of the workspace. Ephemeral messages are in it, because the person in front of it
    /// plays everyone; the page shows each to its addressee.
    fn state(&self) -> Value {
        let settings = self.slack.settings();
        let (messages, modals, homes, notices) = self.slack.look(|state| {
            let messages: Vec<_> = state.all_messages().cloned().collect();
            let modals: Vec<_> = state.views.tops().cloned().collect();
            let homes: Vec<_> = state.views.homes().cloned().collect();
            let notices: Vec<_> = state.transcript.iter().filter_map(|entry| notice(entry.at, &entry.event)).collect();
            (messages, modals, homes, notices)
        });
        json!({
            "team": settings.team,
            "app": settings.app,
            "channels": settings.channels,
            "people": settings.people,
            "suggestions": settings.suggestions,
            "messages": messages,
            "modals": modals,
            "homes": homes,
            "notices": notices,
        })
    }
}

/// The lines between messages that only one person sees: what they typed, and what failed.
fn notice(at: jiff::Timestamp, event: &Event) -> Option<Value> {
    let (kind, user, channel, text) = match event {
        Event::Command { user, channel, text } => ("command", user, channel, text.clone()),
        Event::Failed { user, channel: Some(channel), what, failure } => ("failed", user, channel, failure.shown(what)),
        _ => return None,
    };
    Some(json!({"kind": kind, "user": user, "channel": channel, "text": text, "ts": ts(at.as_microsecond())}))
}

#[cfg(test)]
mod tests;
