//! A stand-in Slack: its Web API with Slack's own validation, people who type, press buttons and fill in modals, and a
//! web page.
//!
//! It is used in two ways. In one process, on paused tokio time and without sockets: the app calls the Web API through a
//! [`Connector`], and requests reach it through [`Deliver::Router`]. And over loopback HTTP: [`Slack::api`] serves any
//! Slack client, [`Slack::page`] a person's browser, and requests go out by [`Deliver::Http`].
//!
//! It knows nothing of the app, and it keeps a transcript of all that was said and done.

mod admin;
mod api;
mod connector;
mod deliver;
mod events;
mod fault;
mod files;
mod message;
mod modal;
mod page;
mod person;
mod rate;
mod response;
mod settings;
mod sign;
mod socket;
mod state;
mod transcript;
mod trigger;
mod validate;
mod view;
mod views;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::routing::{any, get, post};
use http::HeaderMap;
use tokio::sync::watch;

pub use api::{ApiCall, Method, Outcome, Refusal};
pub use connector::{Connector, Pipe};
pub use deliver::{Answer, Deliver, DeliveryFailure};
pub use fault::{Fault, FaultKind};
pub use files::File;
pub use message::{Edited, Message};
pub use page::{Region, Scene, SceneAction, SceneScenario, ServiceCount};
pub use person::PersonError;
pub use settings::{Account, App, Channel, Clock, Limits, Organization, Person, Rate, Settings, Team, Zone};
pub use sign::{SIGNATURE_HEADER, TIMESTAMP_HEADER, signature};
pub use socket::{Sockets, TurnedAway};
pub use transcript::{Entry, Event};
pub use view::{Surface, Values, View};

use state::State;

/// A workspace with one app in it. Clones are the same workspace.
#[derive(Clone)]
pub struct Slack {
    settings: Arc<Settings>,
    state: Arc<Mutex<State>>,
    sockets: Sockets,
    /// Counts changes, so that whoever waits or watches is woken by each.
    changes: Arc<watch::Sender<u64>>,
}

impl Slack {
    /// A workspace in which nothing has been said yet.
    pub fn new(settings: Settings) -> Slack {
        let settings = Arc::new(settings);
        let sockets = Sockets::new(settings.clone());
        Slack {
            state: Arc::new(Mutex::new(State::new(settings.clone(), sockets.clone()))),
            sockets,
            settings,
            changes: Arc::new(watch::Sender::new(0)),
        }
    }

    /// What it was made of.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The Web API under `/api/…`, uploads under `/upload/…`, the response URLs under `/response/…`, and Socket Mode's
    /// connections under `/link/`.
    pub fn api(&self) -> Router {
        Router::new()
            .route("/api/{method}", any(api::call))
            .route("/response/{id}", post(response::post))
            .route("/upload/{id}", post(files::upload).put(files::upload))
            .route("/link/", get(socket::connect))
            .with_state(self.clone())
    }

    /// A connector that reaches [`Slack::api`] without sockets, whatever the URL.
    pub fn connector(&self) -> Connector {
        Connector::new(self.api())
    }

    /// The WebSockets of the app.
    pub fn sockets(&self) -> Sockets {
        self.sockets.clone()
    }

    /// Says where commands and clicks go.
    pub fn deliver_to(&self, deliver: Deliver) {
        self.change(|state| state.deliver = Some(deliver));
    }

    /// The headers with which Slack would send this form at `timestamp` (Unix seconds), signature included.
    pub fn sign(&self, body: &str, timestamp: i64) -> HeaderMap {
        sign::headers(&self.settings.signing_secret, sign::FORM, body, timestamp)
    }

    /// Id of a person's conversation with the app.
    pub fn direct(&self, user: &str) -> String {
        self.look(|state| state.direct(user))
    }

    /// The messages of a channel as they are now, oldest first, with replies and ephemeral ones.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.look(|state| state.messages(channel).cloned().collect())
    }

    /// Everything that happened so far, in order.
    pub fn transcript(&self) -> Vec<Arc<Entry>> {
        self.look(|state| state.transcript.clone())
    }

    /// Every call of the Web API so far, in order.
    pub fn calls(&self) -> Vec<ApiCall> {
        self.look(|state| state.calls.clone())
    }

    /// Returns as soon as the transcript satisfies `predicate`. Waits without end: bound it with a timeout.
    pub async fn wait_for(&self, mut predicate: impl FnMut(&[Arc<Entry>]) -> bool) {
        let mut changes = self.changes.subscribe();
        while !predicate(&self.transcript()) {
            // The sender lives as long as `self`.
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Returns the first message of a channel, as it is at that moment, that satisfies `predicate`.
    /// Waits without end: bound it with a timeout.
    pub async fn wait_for_message(&self, channel: &str, mut predicate: impl FnMut(&Message) -> bool) -> Message {
        self.wait_for_some(|slack| slack.messages(channel).into_iter().find(|message| predicate(message))).await
    }

    /// Returns what `find` finds, looking again after every change.
    async fn wait_for_some<T>(&self, mut find: impl FnMut(&Slack) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
        result
    }
}

#[cfg(test)]
mod tests;
