//! What Slack sends, whichever way it came: commands, interactions, events. Each is handed to the desk, which makes it durable, and
//! answered; AWS is never waited for.

use std::time::Duration;

use commands::{
    desk::Desk,
    grammar,
    ids::RunId,
    journal::Refusal,
    request::{Press, Reply, Request},
    run::Run,
};
use serde_json::{Value, json};
use storage::{Actor, Origin};

use crate::audit::Compliance;

use super::{
    api::Api,
    home::Home,
    kit::Message,
    messages::{self, in_the_way, refused, told},
    outbox::asked,
    payload::{Click, Happened, Happening, SlashCommand, dedupe_key, kind, without_nulls},
    whisper::Whisper,
};

/// Slack gives up after 3 s; this leaves time for the answer to travel.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// What a payload is, as Slack addresses it: by path over HTTP, by the envelope's type in Socket Mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A slash command.
    Command,
    /// A click or another interaction.
    Interaction,
    /// An event that the app subscribed to.
    Event,
}

/// What Slack is to be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// It was taken.
    Taken,
    /// It was taken, and this is to be shown: the response's body, or the acknowledgement's payload.
    Shown(Value),
    /// It is not what Slack sends, which is recorded: why.
    Malformed(String),
}

/// Takes what Slack sends. Who brings it vouches that it is Slack's.
#[derive(Clone)]
pub struct Inbound {
    /// Where requests go.
    pub desk: Desk,
    /// Opens modals.
    pub slack: Api,
    /// Tells people what became of their clicks: Slack shows nothing of what a click is answered with.
    pub whisper: Whisper,
    /// Shows people the app's home.
    pub home: Home,
    /// Answers those who may read the log.
    pub compliance: Compliance,
}

impl Inbound {
    /// Takes one payload. It is durable when the answer is there, or the answer says that it is not.
    pub(super) async fn take(&self, kind: Kind, payload: Value) -> Answer {
        let payload = without_nulls(payload);
        let taken = match kind {
            Kind::Command => self.command(payload).await,
            Kind::Interaction => self.interaction(payload).await,
            Kind::Event => self.event(payload),
        };
        match taken {
            Ok(answer) => answer,
            Err(error) => self.malformed(&error).await,
        }
    }

    /// Refuses what cannot be read, and nobody can be named for.
    pub(super) async fn malformed(&self, error: &str) -> Answer {
        let reply = format!("this is not what Slack sends: {error}");
        self.desk.refuse(Origin::System, Refusal::Malformed, &reply).await;
        Answer::Malformed(reply)
    }

    async fn command(&self, payload: Value) -> Result<Answer, String> {
        let dedupe = dedupe_key(&payload);
        let command = SlashCommand::read(payload)?;
        let (actor, origin) = command.source()?;
        let request = Request { actor, origin, dedupe };
        let reply = match grammar::log_command(&command.text) {
            Some(asked) => in_time(self.compliance.clone().command(request, command.text, asked)).await,
            None => {
                let (desk, asked, text) = (self.desk.clone(), request.clone(), command.text.clone());
                let reply = in_time(async move { desk.command(asked, &text).await }).await;
                if let Ok(Reply::Unrecorded(_)) = &reply {
                    self.look(request, command.text);
                }
                reply
            }
        };
        // Only the person sees it.
        if let Ok(Reply::Offered { text, run, promote }) = &reply {
            let press = promote.clone().map(|promote| Press::Abort { run: run.clone(), promote: Some(promote) });
            let Message { text, blocks, .. } = in_the_way(text, press.as_ref(), &self.asked_by(run).await);
            return Ok(Answer::Shown(json!({ "response_type": "ephemeral", "text": text, "blocks": blocks })));
        }
        Ok(Answer::Shown(json!({ "response_type": "ephemeral", "text": in_words(reply) })))
    }

    /// Shows the person alone what they asked to see, while the log takes no records.
    fn look(&self, request: Request, text: String) {
        let inbound = self.clone();
        tokio::spawn(async move {
            let (Actor::Slack { user, .. }, Origin::Slack { channel, .. }) = (&request.actor, &request.origin) else {
                return;
            };
            let seen = inbound.desk.look(&request, &text).await;
            if let Some(message) = seen.and_then(|seen| messages::answer(&seen, None)) {
                inbound.whisper.show(channel.clone(), user.clone(), message);
            }
        });
    }

    /// What a run asks people at this moment.
    async fn asked_by(&self, run: &RunId) -> Vec<Message> {
        let records = match self.desk.log().run(run.as_str()).await {
            Ok(records) => records,
            Err(error) => {
                tracing::error!(%error, "what a run asks cannot be read");
                return Vec::new();
            }
        };
        let records = || records.iter().map(AsRef::as_ref);
        let run = Run::fold(records()).ok().flatten();
        run.map(|run| asked(&run, records()).into_iter().map(|asked| asked.message).collect()).unwrap_or_default()
    }

    async fn interaction(&self, payload: Value) -> Result<Answer, String> {
        match kind(&payload)? {
            "block_actions" => self.click(payload).await,
            "view_submission" => self.submission(payload).await,
            // Slack asks for an empty answer to interactions that mean nothing to an app.
            _ => Ok(Answer::Taken),
        }
    }

    async fn click(&self, payload: Value) -> Result<Answer, String> {
        let dedupe = dedupe_key(&payload);
        let clicked = Click::read(payload)?.clicked()?;
        let press = match clicked.value.parse::<Press>() {
            Ok(press) => press,
            Err(error) => {
                self.desk.refuse(clicked.origin, Refusal::NoSuchThing, &error.to_string()).await;
                self.whisper.tell(clicked.channel, clicked.user, refused(&error.to_string()));
                return Ok(Answer::Taken);
            }
        };
        let request = Request { actor: clicked.actor.clone(), origin: clicked.origin.clone(), dedupe };
        let reply = match self.desk.to_confirm(&request, &press).await {
            Ok(Some(asked)) => {
                self.ask_to_confirm(asked, &press, clicked);
                return Ok(Answer::Taken);
            }
            Ok(None) => in_time(self.press(request, press)).await,
            Err(reply) => Ok(reply),
        };
        self.whisper.tell(clicked.channel, clicked.user, in_words(reply));
        Ok(Answer::Taken)
    }

    /// Hands a press to the desk.
    pub(super) fn press(&self, request: Request, press: Press) -> impl Future<Output = Reply> + Send + use<> {
        let desk = self.desk.clone();
        async move { desk.press(request, press).await }
    }

    /// What is done about an event is not waited for.
    fn event(&self, payload: Value) -> Result<Answer, String> {
        let (team, event) = Happened::read(payload)?.of()?;
        match event {
            Happening::AppHomeOpened { user, tab } if tab == "home" => self.home.show(team, user),
            Happening::AppHomeOpened { .. } | Happening::Other => {}
        }
        Ok(Answer::Taken)
    }
}

/// What the desk replies; what to say instead if it does not in time. The work goes on either way: it is a task of its own, so neither Slack
/// hanging up nor a slow disk leaves it half done.
pub(super) async fn in_time(work: impl Future<Output = Reply> + Send + 'static) -> Result<Reply, String> {
    match tokio::time::timeout(PATIENCE, tokio::spawn(work)).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(error)) => {
            tracing::error!(%error, "a request ended abnormally");
            Err("❌ this failed inside the bot; its own log says why".to_owned())
        }
        Err(_) => Err("⏳ the audit log is slow to answer; see `/dr status` before trying again".to_owned()),
    }
}

/// What the person is told.
pub(super) fn in_words(reply: Result<Reply, String>) -> String {
    match reply {
        Ok(Reply::Accepted(text) | Reply::Told(text) | Reply::Unrecorded(text)) => told(&text),
        Ok(Reply::Refused { text, .. } | Reply::Offered { text, .. }) => refused(&text),
        Err(text) => text,
    }
}
