//! Socket Mode: payloads go to the app over WebSockets that it opens.
//!
//! <https://docs.slack.dev/apis/events-api/using-socket-mode>: `apps.connections.open` answers with the URL of one
//! connection; the app may have ten, and a payload goes to any of them, in an envelope that the app acknowledges by its id.
//! Slack ends connections when it likes, with a warning ten seconds before.

mod connection;
mod envelope;
mod mute;
mod upgrade;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use super::api::Refusal;
use super::settings::Settings;

pub(super) use upgrade::connect;

/// Connections that one app may have: <https://docs.slack.dev/apis/events-api/using-socket-mode#multiple-connections>.
const MOST: usize = 10;

/// The WebSockets of the app. Clones are the same.
#[derive(Clone)]
pub struct Sockets(Arc<Shared>);

struct Shared {
    settings: Arc<Settings>,
    state: Mutex<State>,
    /// Counts changes of what is open.
    changes: watch::Sender<u64>,
}

struct State {
    is_enabled: bool,
    /// What happens to connections once they are open, if that is not that they stay.
    turning_away: Option<TurnedAway>,
    /// Handed out and not used yet.
    tickets: BTreeSet<String>,
    /// Open connections by number.
    open: BTreeMap<u64, mpsc::UnboundedSender<Order>>,
    /// Envelopes that are not acknowledged, by id.
    awaited: BTreeMap<String, oneshot::Sender<Option<Value>>>,
    next: u64,
    rng: ChaCha8Rng,
}

/// Slack opens a connection, and wants it no more.
#[derive(Clone, Debug)]
pub struct TurnedAway {
    /// The reason of the `disconnect` that follows on `hello`: `too_many_websockets`, `link_disabled`, `warning`, …
    pub reason: String,
    /// Whether Slack leaves the connection open all the same.
    pub left_open: bool,
}

/// What a connection is told to do.
enum Order {
    /// Send that text.
    Send(String),
    /// Send nothing any more, though it stays open.
    Deafen,
    /// Warn the app, and close ten seconds later.
    Refresh,
    /// Say why, and close at once.
    End(&'static str),
    /// Close without a word.
    Drop,
}

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sockets").field("open", &self.open()).finish_non_exhaustive()
    }
}

impl Sockets {
    pub(super) fn new(settings: Arc<Settings>) -> Sockets {
        let state = State {
            is_enabled: true,
            turning_away: None,
            tickets: BTreeSet::new(),
            open: BTreeMap::new(),
            awaited: BTreeMap::new(),
            next: 0,
            // Not the workspace's own sequence, so that its ids are the same in both modes.
            rng: ChaCha8Rng::seed_from_u64(!settings.seed),
        };
        Sockets(Arc::new(Shared { settings, state: Mutex::new(state), changes: watch::Sender::new(0) }))
    }

    /// Numbers of the open connections, the oldest first. A number is never given twice.
    pub fn open(&self) -> Vec<u64> {
        self.with(|state| state.open.keys().copied().collect())
    }

    /// Returns as soon as the open connections satisfy `predicate`. Waits without end: bound it with a timeout.
    pub async fn wait_for(&self, mut predicate: impl FnMut(&[u64]) -> bool) -> Vec<u64> {
        let mut changes = self.0.changes.subscribe();
        loop {
            let open = self.open();
            if predicate(&open) {
                return open;
            }
            // The sender lives as long as `self`.
            if changes.changed().await.is_err() {
                return open;
            }
        }
    }

    /// Lets a connection go deaf: nothing reaches the app any more, though it stays open and Slack does not notice.
    pub fn deafen(&self, number: u64) {
        self.order(number, Order::Deafen);
    }

    /// Announces the end of a connection, as Slack does every few hours, and closes it ten seconds later.
    pub fn refresh(&self, number: u64) {
        self.order(number, Order::Refresh);
    }

    /// Closes a connection without a word.
    pub fn drop_connection(&self, number: u64) {
        self.order(number, Order::Drop);
    }

    /// Turns every new connection away right after its hello, or none any more.
    pub fn turn_away(&self, how: Option<TurnedAway>) {
        self.with(|state| state.turning_away = how);
    }

    /// Turns Socket Mode off in the app's settings: connections end, and no new one is granted.
    pub fn disable(&self) {
        let open = self.with(|state| {
            state.is_enabled = false;
            state.open.keys().copied().collect::<Vec<_>>()
        });
        open.into_iter().for_each(|number| self.order(number, Order::End("link_disabled")));
    }

    /// Turns Socket Mode on again.
    pub fn enable(&self) {
        self.with(|state| state.is_enabled = true);
    }

    /// The URL of a connection that may be opened, once.
    pub(super) fn grant(&self) -> Result<Value, Refusal> {
        let ticket = self.with(|state| {
            if !state.is_enabled {
                return Err(Refusal::SocketModeNotEnabled);
            }
            let ticket = format!("{:016x}{:016x}", state.rng.next_u64(), state.rng.next_u64());
            state.tickets.insert(ticket.clone());
            Ok(ticket)
        })?;
        let Settings { base_url, app, .. } = &*self.0.settings;
        // `http` becomes `ws`, `https` becomes `wss`.
        let base = base_url.replacen("http", "ws", 1);
        Ok(json!({"ok": true, "url": format!("{base}/link/?ticket={ticket}&app_id={}", app.id)}))
    }

    /// Sends the content of a request that would go to `path` to any connection; the acknowledgement as the answer to the request.
    /// `None` if no connection is open; does not return if nobody acknowledges.
    pub async fn send(&self, path: &str, body: &str) -> Option<Response<Bytes>> {
        self.send_again(path, &HeaderMap::new(), body).await
    }

    /// The same, where the headers of the request say that it was sent before.
    pub(super) async fn send_again(&self, path: &str, headers: &HeaderMap, body: &str) -> Option<Response<Bytes>> {
        let id = self.with(|state| envelope::id(&mut state.rng));
        let text = envelope::of(&self.0.settings, path, headers, body, &id)?;
        let acknowledged = self.with(|state| {
            state.awaited.retain(|_, waiting| !waiting.is_closed());
            let chosen = state.rng.random_range(0..state.open.len().max(1));
            let orders = state.open.values().nth(chosen)?;
            // A connection that is just closing loses it, as Slack's would.
            let _lost = orders.send(Order::Send(text));
            let (acknowledge, acknowledged) = oneshot::channel();
            state.awaited.insert(id, acknowledge);
            Some(acknowledged)
        })?;
        match acknowledged.await {
            Ok(payload) => answer(payload.as_ref()),
            Err(_) => std::future::pending().await,
        }
    }

    fn acknowledge(&self, id: &str, payload: Option<Value>) {
        if let Some(waiting) = self.with(|state| state.awaited.remove(id)) {
            // Whoever typed it may have gone.
            let _late = waiting.send(payload);
        }
    }

    fn redeem(&self, ticket: &str) -> bool {
        self.with(|state| state.tickets.remove(ticket))
    }

    /// Counts a connection in; `None` if there are too many.
    fn join(&self) -> Option<(u64, mpsc::UnboundedReceiver<Order>, usize)> {
        let joined = self.with(|state| {
            if state.open.len() >= MOST {
                return None;
            }
            let (orders, ordered) = mpsc::unbounded_channel();
            let number = state.next;
            state.next += 1;
            state.open.insert(number, orders);
            Some((number, ordered, state.open.len()))
        });
        self.0.changes.send_modify(|count| *count += 1);
        joined
    }

    fn leave(&self, number: u64) {
        self.with(|state| state.open.remove(&number));
        self.0.changes.send_modify(|count| *count += 1);
    }

    fn order(&self, number: u64, order: Order) {
        self.with(|state| {
            if let Some(orders) = state.open.get(&number) {
                // It may be closing already.
                let _ended = orders.send(order);
            }
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An acknowledgement as the HTTP answer that means the same. SDKs send an empty payload where there is none.
fn answer(payload: Option<&Value>) -> Option<Response<Bytes>> {
    let said = payload.filter(|payload| payload.as_object().is_none_or(|members| !members.is_empty()));
    let body = said.map(|payload| Bytes::from(payload.to_string())).unwrap_or_default();
    let response = Response::builder().status(StatusCode::OK).header(header::CONTENT_TYPE, "application/json");
    response.body(body).ok()
}

#[cfg(test)]
mod tests;
