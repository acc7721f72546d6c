//! The page's event stream: its parts again whenever the run moved, and every few seconds while time alone moves them. Each event is a fold of the log,
//! so a viewer who was away has missed nothing.

use std::{convert::Infallible, time::Duration};

use axum::response::sse::Event;
use futures::{Stream, StreamExt as _, stream::unfold};
use jiff::Timestamp;
use storage::{Clock, Records};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{incident::Incident, page};

/// Time in which further records join an event.
const GATHER: Duration = Duration::from_millis(300);
/// Time after which the bars are drawn anew though the run did not move.
const REDRAW: Duration = Duration::from_secs(5);
/// Time after which a browser connects again, unless it was told that it is over.
const RETRY: Duration = Duration::from_secs(3);

/// One viewer.
pub(super) struct Viewing {
    /// The run as last sent.
    pub(super) incident: Incident,
    /// The log from there on.
    pub(super) records: Records,
    pub(super) clock: Clock,
    /// When the right to view ends, if it does.
    pub(super) until: Option<Timestamp>,
    pub(super) stop: CancellationToken,
    /// The viewer's place among those that there can be at once.
    pub(super) _place: OwnedSemaphorePermit,
}

enum Turn {
    Send,
    Wait,
    End,
    Over,
}

/// The events: `state` with the page's parts, and at the end `end`, after which there is nothing to connect for again.
pub(super) fn events(viewing: Viewing) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold((viewing, Turn::Send), async |(mut viewing, mut turn)| {
        if matches!(turn, Turn::Wait) {
            turn = viewing.wait().await;
        }
        match turn {
            Turn::Send | Turn::Wait => {
                let next = if viewing.incident.ended.is_some() { Turn::End } else { Turn::Wait };
                Some((Ok(viewing.state()), (viewing, next)))
            }
            Turn::End => Some((Ok(Event::default().event("end").data("the run ended")), (viewing, Turn::Over))),
            Turn::Over => None,
        }
    })
}

impl Viewing {
    /// Waits until there is something to send, or nothing more will be.
    async fn wait(&mut self) -> Turn {
        let redraw = Instant::now() + REDRAW;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Turn::Over,
                record = self.records.next() => match record.map(|record| record.map(|record| self.incident.apply(&record))) {
                    Some(Ok(Ok(true))) => return self.gather().await,
                    Some(Ok(Ok(false))) => {}
                    // The browser connects again, and what is wrong is told then.
                    Some(Ok(Err(_)) | Err(_)) | None => return Turn::Over,
                },
                () = tokio::time::sleep_until(redraw) => return if self.may_view() { Turn::Send } else { Turn::Over },
            }
        }
    }

    /// Takes in what follows at once.
    async fn gather(&mut self) -> Turn {
        let until = Instant::now() + GATHER;
        while let Ok(Some(record)) = tokio::time::timeout_at(until, self.records.next()).await {
            match record.map(|record| self.incident.apply(&record)) {
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return Turn::Over,
            }
        }
        if self.may_view() { Turn::Send } else { Turn::Over }
    }

    fn may_view(&self) -> bool {
        self.until.is_none_or(|until| self.clock.now() < until)
    }

    fn state(&self) -> Event {
        let parts = page::parts(&self.incident, self.clock.now()).into_string();
        // A stream of events has no carriage returns; as a reference, it is the same text.
        let event = Event::default().event("state").retry(RETRY).data(parts.replace('\r', "&#13;"));
        event.id(self.incident.run.latest.to_string())
    }
}
