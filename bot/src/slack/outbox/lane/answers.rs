//! Answers to people who asked in a channel.

use commands::{journal::Event, run::Run, status::OpenRun};
use futures::TryStreamExt as _;
use jiff::SignedDuration;
use storage::{Actor, Origin, Record};

use super::{
    super::{
        delivery::{Ended, Post, Tries},
        questions::{Asked, ECHO, asked},
        run_view::key,
    },
    Lane,
};
use crate::slack::{kit::Message, messages};

/// A person who pressed so long ago has seen what came of it.
const TOO_LATE: SignedDuration = SignedDuration::from_mins(5);

impl Lane {
    /// Answers where it was asked, if that is what a record does.
    pub(super) async fn answer(&mut self, record: &Record, event: &Event) -> Result<(), Ended> {
        if let Event::CommandFailed { command, error, refused: Some(_), .. } = event {
            return self.refuse(record, *command, error).await;
        }
        if let Some(message) = self.message_of(record, event) {
            self.post_once("answer", record, None, &message).await?;
        }
        match event {
            Event::StatusAnswered { status, .. } => self.ask_again(record, status.run.as_ref()).await,
            _ => Ok(()),
        }
    }

    /// Shows people who ask for a status what the open run asks, with its buttons: wherever they are, and whatever became of the message that asked.
    /// Where Slack puts it off, it would be decided by the time that it came.
    async fn ask_again(&mut self, record: &Record, open: Option<&OpenRun>) -> Result<(), Ended> {
        let Some(OpenRun { id, .. }) = open else { return Ok(()) };
        let records = self.log.run(id).await?;
        let records = || records.iter().map(AsRef::as_ref);
        // Who reads it decides on what is open now.
        let Ok(Some(run)) = Run::fold(records()) else { return Ok(()) };
        for Asked { name, message, .. } in asked(&run, records()) {
            let key = key(id, &format!("{name}{ECHO}{}", record.seq));
            if !self.delivery.was_posted(&key).await? {
                self.delivery.post(&about(&key, record, Some(id), &message)).await?;
            }
        }
        Ok(())
    }

    /// A press that was taken and then refused, since it came too late or its person may not any more: that is for them alone, as any other
    /// refusal. After a restart or an outage of Slack it is too late to tell.
    async fn refuse(&self, record: &Record, command: u64, error: &str) -> Result<(), Ended> {
        let Origin::Slack { channel, .. } = &record.origin else { return Ok(()) };
        if self.delivery.may_be_posted(record.seq) || self.clock.now().duration_since(record.at) > TOO_LATE {
            return Ok(());
        }
        let asked = self.log.read(command..=command).try_next().await?;
        if let Some(Actor::Slack { user, .. }) = asked.map(|asked| asked.actor.clone()) {
            let text = format!("{error} (audit #{})", record.seq);
            self.whisper.tell(channel.clone(), user, messages::refused(&text));
        }
        Ok(())
    }

    /// The message that a record is, if it is an answer. At the terminal, the terminal answers.
    fn message_of(&self, record: &Record, event: &Event) -> Option<Message> {
        let seq = record.seq;
        Some(match event {
            Event::StatusAnswered { .. } => {
                messages::with_troubles(messages::answer(event, Some(seq))?, &self.all.troubles())
            }
            Event::ReportAnswered { timeline, .. } => {
                let page = self.routes.page(&timeline.run.run, self.clock.now());
                messages::linked(messages::answer(event, Some(seq))?, page.as_deref())
            }
            Event::HandoffLooked { lacks, .. } => {
                messages::looked(record.application.as_deref().unwrap_or_default(), lacks.as_deref(), seq)
            }
            _ => return messages::answer(event, Some(seq)),
        })
    }

    /// Posts what one record says by itself.
    pub(super) async fn post_once(
        &mut self,
        what: &str,
        record: &Record,
        run: Option<&str>,
        message: &Message,
    ) -> Result<(), Ended> {
        let key = format!("{what}/{}", record.seq);
        if self.delivery.was_posted(&key).await? {
            return Ok(());
        }
        self.delivery.post_in_order(about(&key, record, run, message)).await.map(drop)
    }
}

fn about<'a>(key: &'a str, record: &'a Record, run: Option<&'a str>, message: &'a Message) -> Post<'a> {
    Post {
        key,
        application: record.application.as_deref(),
        run,
        thread: None,
        cause: (record.seq, record.at),
        message,
        tries: Tries::Aside(0),
    }
}
