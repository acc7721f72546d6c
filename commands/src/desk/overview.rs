//! Everything at a glance, for one person.

use futures::future::try_join_all;
use storage::{Actor, Origin};

use super::{Desk, Pair};
use crate::{access::Access, engine::EngineError, history::PastRun, observe::observe, status::Status};

/// One application at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Where it stands.
    pub status: Status,
    /// Its last run that ended.
    pub last: Option<PastRun>,
}

impl Desk {
    /// The applications that a person may look at, each observed now. Nothing is recorded: nobody asked for anything.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn overview(&self, person: &Actor) -> Result<Vec<Overview>, EngineError> {
        let seen =
            self.0.pairs.values().filter(|pair| self.0.access.get(&pair.name).is_some_and(|it| sees(it, person)));
        try_join_all(seen.map(|pair| self.glance(pair))).await
    }

    async fn glance(&self, pair: &Pair) -> Result<Overview, EngineError> {
        let observation = observe(&pair.aws, &pair.app, &pair.clock).await;
        let status = self.status_of(pair, observation).await?;
        let mut last = None;
        for id in self.last_runs(&pair.name).await? {
            if let Some(run) = self.run(&id).await?.filter(|run| run.ended.is_some()) {
                last = Some(PastRun::of(&run));
                break;
            }
        }
        Ok(Overview { status, last })
    }
}

/// Whether a person may look at it from any of its channels.
fn sees(access: &Access, person: &Actor) -> bool {
    let mut channels = access.channels.iter();
    channels.any(|channel| access.may_look(person, &Origin::Slack { channel: channel.clone(), message: None }).is_ok())
}
