//! Everything at a glance, for one person.

use futures::future::try_join_all;
use storage::{Actor, Origin};

use super::{Desk, Pair};
use crate::{access::Right, engine::EngineError, history::PastRun, observe::observe, request::Request, status::Status};

/// One application at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Where it stands.
    pub status: Status,
    /// Whether the person may ask for a run of it.
    pub asks: bool,
    /// Its last run that ended.
    pub last: Option<PastRun>,
}

impl Desk {
    /// The applications that a person may look at, each observed now. Nothing is recorded: nobody asked for anything.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn overview(&self, person: &Actor) -> Result<Vec<Overview>, EngineError> {
        let mut seen = Vec::new();
        for pair in self.0.pairs.values() {
            if self.anywhere(pair, Right::Look, person).await {
                seen.push((pair, self.anywhere(pair, Right::Ask, person).await));
            }
        }
        try_join_all(seen.into_iter().map(|(pair, asks)| self.glance(pair, asks))).await
    }

    /// Whether a person has that right in any of the application's channels.
    async fn anywhere(&self, pair: &Pair, right: Right, person: &Actor) -> bool {
        for channel in &pair.access.channels {
            let origin = Origin::Slack { channel: channel.clone(), message: None };
            let request = Request { actor: person.clone(), origin, dedupe: String::new() };
            if self.allowed(&request, pair, right).await.is_ok() {
                return true;
            }
        }
        false
    }

    async fn glance(&self, pair: &Pair, asks: bool) -> Result<Overview, EngineError> {
        let observation = observe(&pair.aws, &pair.app, &pair.clock).await;
        let status = self.status_of(pair, observation).await?;
        let mut last = None;
        for id in self.last_runs(&pair.name).await? {
            if let Some(run) = self.run(&id).await?.filter(|run| run.ended.is_some()) {
                last = Some(PastRun::of(&run));
                break;
            }
        }
        Ok(Overview { status, asks, last })
    }
}
