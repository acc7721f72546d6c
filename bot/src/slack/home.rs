//! The app's home: whoever opens it sees the applications that they may look at, as they are at that moment.

use std::sync::Arc;

use commands::desk::Desk;
use storage::{Actor, Clock};
use tokio::sync::Semaphore;

use super::{api::Api, messages};

/// Most homes in the making at once: each looks at both regions of every application.
const AT_ONCE: usize = 16;

/// Shows people the app's home.
#[derive(Clone)]
pub struct Home {
    desk: Desk,
    slack: Api,
    clock: Clock,
    places: Arc<Semaphore>,
}

impl Home {
    /// Homes of what `desk` knows.
    pub fn new(desk: Desk, slack: Api, clock: Clock) -> Self {
        Self { desk, slack, clock, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Makes the person's home anew; nobody waits for it. Whoever comes when too many are in the making sees the old one.
    pub fn show(&self, team: String, user: String) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            tracing::warn!(user, "too many open the app's home; this person sees the old one");
            return;
        };
        let home = self.clone();
        tokio::spawn(async move {
            home.publish(team, &user).await;
            drop(place);
        });
    }

    async fn publish(&self, team: String, user: &str) {
        let person = Actor::Slack { team, user: user.to_owned(), name: None };
        let blocks = match self.desk.overview(&person).await {
            Ok(overview) => messages::home(&overview, self.clock.now()),
            Err(error) => {
                tracing::error!(%error, user, "the app's home could not be made");
                return;
            }
        };
        if let Err(error) = self.slack.publish_home(user, &blocks).await {
            tracing::warn!(%error, user, "the app's home could not be shown");
        }
    }
}
