//! What machines ask the bot: is it alive, is it ready, how is it doing.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use commands::desk::Desk;
use http::{StatusCode, header::CONTENT_TYPE};

use crate::{
    metrics::Metrics,
    slack::{
        outbox::{Progress, Trouble},
        socket::Hearing,
    },
};

/// Media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the routes need.
#[derive(Clone)]
pub struct Health {
    /// Says whether requests are taken.
    pub desk: Desk,
    /// The metrics.
    pub metrics: Metrics,
    /// Whether Slack is heard, in Socket Mode.
    pub hearing: Option<Hearing>,
    /// How far messages get.
    pub outbox: Arc<Progress>,
}

/// `GET /healthz`, `GET /readyz` and `GET /metrics`.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// 503 with the reason while requests are refused or do not arrive: a load balancer then sends them elsewhere, and people are paged. What does not stop
/// requests is a line of its own, whatever the status.
async fn ready(State(health): State<Health>) -> Response {
    let heard = || health.hearing.as_ref().map_or(Ok(None), Hearing::heard);
    let (status, lines) = match health.desk.ready().and_then(|()| heard()) {
        Ok(missing) => (StatusCode::OK, std::iter::once("ready".to_owned()).chain(missing).collect()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, vec![why]),
    };
    let troubles = health.outbox.troubles();
    let troubles = troubles.iter().map(|(channel, trouble)| undelivered(channel, trouble));
    let text: String = lines.into_iter().chain(troubles).map(|line| line + "\n").collect();
    (status, text).into_response()
}

fn undelivered(channel: &str, Trouble { since, error, instead }: &Trouble) -> String {
    let meanwhile = match instead {
        Some(instead) => format!("new ones go to {instead}"),
        None => "they wait".to_owned(),
    };
    format!("messages to {channel} don't get through since {since:.0}: {error}; {meanwhile}")
}

async fn metrics(State(health): State<Health>) -> Response {
    match health.metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
