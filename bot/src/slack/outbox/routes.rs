//! Which channel is told of what, and where it finds more: by the configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use commands::{access::Access, ids::RunId};
use jiff::Timestamp;
use storage::{Origin, Record};

use crate::{config::Channels, web::Links};

/// Where messages go.
#[derive(Debug, Clone)]
pub struct Routes {
    applications: BTreeMap<String, Channels>,
    /// Channels in which commands are taken, and so answered.
    asked_in: BTreeSet<String>,
    links: Option<Links>,
}

impl Routes {
    /// Routes as configured.
    pub fn new(applications: BTreeMap<String, Channels>, access: &BTreeMap<String, Access>) -> Self {
        let asked_in = access.values().flat_map(|access| access.channels.iter().cloned()).collect();
        Self { applications, asked_in, links: None }
    }

    /// The same, with links to the incident pages, where there are any.
    #[must_use]
    pub fn linking(self, links: Option<Links>) -> Self {
        Self { links, ..self }
    }

    /// Address of a run's page, good from `now` on.
    pub(super) fn page(&self, run: &RunId, now: Timestamp) -> Option<String> {
        self.links.as_ref().map(|links| links.to(run, now))
    }

    /// Every channel that may be told anything.
    pub(super) fn channels(&self) -> BTreeSet<String> {
        let configured = self
            .applications
            .values()
            .flat_map(|channels| std::iter::once(&channels.channel).chain(&channels.stakeholders).cloned());
        configured.chain(self.asked_in.iter().cloned()).collect()
    }

    /// Whether `channel` gets the answer that a record is: it was asked there, or nothing can be told where it was asked any more.
    pub(super) fn answers(&self, channel: &str, record: &Record) -> bool {
        match &record.origin {
            Origin::Slack { channel: asked, .. } if self.asked_in.contains(asked) => asked == channel,
            Origin::Slack { .. } => self.of(record).is_some_and(|channels| channels.channel == channel),
            Origin::Terminal | Origin::System => false,
        }
    }

    /// Whether `channel` follows the run that a record is of.
    pub(super) fn follows(&self, channel: &str, record: &Record) -> bool {
        record.run.is_some() && self.of(record).is_some_and(|channels| channels.channel == channel)
    }

    /// How long the stakeholders of a record's run, who are in `channel`, are left without a message; `None` if they are not there.
    pub(super) fn stakeholders(&self, channel: &str, record: &Record) -> Option<Duration> {
        let channels = self.of(record).filter(|_| record.run.is_some())?;
        let told = channels.stakeholders.as_deref() == Some(channel);
        told.then(|| Duration::from_secs(channels.update_every))
    }

    /// Where messages for `channel` go that it does not take.
    pub(super) fn fallback(&self, channel: &str) -> Option<String> {
        self.applications.values().filter(|it| it.channel == channel).find_map(|it| it.fallback.clone())
    }

    fn of(&self, record: &Record) -> Option<&Channels> {
        self.applications.get(record.application.as_ref()?)
    }
}
