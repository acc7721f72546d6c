//! The incident page: `GET /incidents/{run}`, read-only, and its event stream. One more projection of the log; nobody is let in who has neither a link nor
//! a trusted proxy's word.

mod chart;
mod document;
mod door;
#[cfg(test)]
mod fixture;
mod incident;
mod lag;
mod link;
mod live;
mod page;
mod parts;
mod regions;
mod schedule;
mod state;
#[cfg(test)]
mod tests;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, FromRequestParts, Path, State},
    middleware::map_response,
    response::{IntoResponse, Response, Sse, sse::KeepAlive},
    routing::get,
};
use commands::{
    desk::Desk,
    ids::RunId,
    journal::{Event, Refusal, Viewer},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use secrecy::SecretString;
use storage::{Actor, Clock, Entry, Origin};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::limit::GlobalConcurrencyLimitLayer;

pub use link::Links;

use self::{
    document::{document, notice, protect},
    door::{Denied, Door, Shown},
    incident::Incident,
    live::{Viewing, events},
};
use crate::config::Web;

/// Most pages that are folded and written at once.
const AT_ONCE: usize = 8;
/// Most viewers whose pages are live at once.
const VIEWERS: usize = 128;

/// What the routes need.
#[derive(Clone)]
struct Pages {
    desk: Desk,
    door: Arc<Door>,
    clock: Clock,
    viewers: Arc<Semaphore>,
    stop: CancellationToken,
}

/// `GET /incidents/{run}` and `GET /incidents/{run}/events`; streams end when `stop` is cancelled.
pub fn router(desk: Desk, web: &Web, key: Option<SecretString>, clock: Clock, stop: CancellationToken) -> Router {
    let door = Arc::new(Door::new(web, key));
    let pages = Pages { desk, door, clock, viewers: Arc::new(Semaphore::new(VIEWERS)), stop };
    Router::new()
        .route("/incidents/{run}", get(show))
        .route("/incidents/{run}/events", get(follow))
        .with_state(pages)
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
        .layer(map_response(async |mut response: Response| {
            protect(response.headers_mut());
            response
        }))
}

/// Somebody who was let in, and the run that they look at.
struct Visit {
    incident: Incident,
    viewer: Viewer,
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let run = Path::<String>::from_request_parts(parts, pages).await.map_err(IntoResponse::into_response)?;
        // Who connected, where the server knows.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        pages.enter(&run.0, parts.uri.query(), peer, &parts.headers).await
    }
}

async fn show(State(pages): State<Pages>, Visit { incident, .. }: Visit) -> Response {
    let parts = page::parts(&incident, pages.clock.now());
    html(StatusCode::OK, document(&page::title(&incident.run), incident.ended.is_none(), &parts).into_string())
}

async fn follow(State(pages): State<Pages>, Visit { incident, viewer }: Visit) -> Response {
    let Ok(place) = pages.viewers.clone().try_acquire_owned() else {
        let said = ["Too many people follow runs live just now. The page itself goes on working: load it anew."];
        return html(StatusCode::SERVICE_UNAVAILABLE, notice("Not live", &said).into_string());
    };
    let until = match viewer {
        Viewer::Link { expires_at } => Some(expires_at),
        Viewer::Proxy { .. } => None,
    };
    let records = pages.desk.log().follow(incident.run.latest + 1);
    let viewing = Viewing { incident, records, clock: pages.clock, until, stop: pages.stop, _place: place };
    Sse::new(events(viewing)).keep_alive(KeepAlive::default()).into_response()
}

impl Pages {
    /// Lets somebody in, records that, and gives them the run; or says why not.
    async fn enter(
        &self,
        run: &str,
        query: Option<&str>,
        peer: Option<IpAddr>,
        headers: &HeaderMap,
    ) -> Result<Visit, Response> {
        let run = RunId::from(run);
        let link = query.and_then(|query| {
            url::form_urlencoded::parse(query.as_bytes()).find_map(|(name, value)| (name == "link").then_some(value))
        });
        let shown = Shown { link: link.as_deref(), headers, peer };
        let viewer = match self.door.admit(&run, &shown, self.clock.now()) {
            Ok(viewer) => viewer,
            Err(denied) => return Err(self.deny(denied).await),
        };
        let records = self.desk.log().run(run.as_str()).await.map_err(|error| unreadable(&error.to_string()))?;
        let incident =
            Incident::of(records.iter().map(AsRef::as_ref)).map_err(|error| unreadable(&error.to_string()))?;
        let Some(incident) = incident else {
            let said = ["The audit log holds no run of that name."];
            return Err(html(StatusCode::NOT_FOUND, notice("No such run", &said).into_string()));
        };
        self.record(&incident, viewer.clone()).await;
        Ok(Visit { incident, viewer })
    }

    /// Reading the log is an event of the log: once for each link and person, so that looking often does not fill it. A log that takes no records
    /// keeps nobody from looking: that is when people need the page most, and it changes nothing.
    async fn record(&self, incident: &Incident, by: Viewer) {
        let viewed = incident.run.id.clone();
        let dedupe = match &by {
            Viewer::Link { expires_at } => format!("viewed:{viewed}:link:{}", expires_at.as_second()),
            Viewer::Proxy { user } => format!("viewed:{viewed}:proxy:{user}"),
        };
        let entry = Event::PageViewed { viewed, by }.into_parts().map(|(event, data)| Entry {
            actor: Actor::Bot,
            origin: Origin::System,
            application: Some(incident.run.application.clone()),
            run: None,
            step: None,
            event,
            dedupe: Some(dedupe),
            data,
        });
        match entry {
            Ok(entry) => {
                if let Err(error) = self.desk.log().append(entry).await {
                    tracing::error!(%error, run = %incident.run.id, "a page was viewed without a record");
                }
            }
            Err(error) => tracing::error!(%error, run = %incident.run.id, "a page was viewed without a record"),
        }
    }

    /// The same page whether there is such a run or not.
    async fn deny(&self, denied: Denied) -> Response {
        let (reason, said) = match denied {
            Denied::Nothing => (Refusal::NotAllowed, "This page opens with a link from the incident channel."),
            Denied::Forged => (Refusal::BadSignature, "This link is not one that the bot gave for this page."),
            Denied::Expired => (Refusal::Expired, "This link has expired."),
        };
        self.desk.refuse(Origin::System, reason, said).await;
        let how = "For a new one, type /dr report RUN in the incident channel, with the run's name: the answer has it.";
        html(StatusCode::FORBIDDEN, notice("No entry", &[said, how]).into_string())
    }
}

fn unreadable(error: &str) -> Response {
    tracing::error!(error, "a page cannot be shown");
    let said = ["The audit log could not be read. The bot's own log says why."];
    html(StatusCode::INTERNAL_SERVER_ERROR, notice("Not readable", &said).into_string())
}

fn html(status: StatusCode, page: String) -> Response {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], page).into_response()
}
