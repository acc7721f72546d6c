//! Deciding in words: the modal that a button opens, and what is typed into it.

use commands::{
    desk::{Deed, ToConfirm},
    journal::Refusal,
    request::{Confirmation, Press, Reply, Request},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::Origin;

use super::{
    inbound::{Answer, Inbound, in_time, in_words},
    messages::{self, REASON, WORDS, refused},
    payload::{Clicked, Submission, dedupe_key},
};

/// What the modal keeps while a person types: what they pressed and where.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    press: String,
    channel: String,
    #[serde(default)]
    message: Option<String>,
}

impl Inbound {
    /// Opens the modal. The trigger lives for 3 s, so nothing else comes first; the click is acknowledged meanwhile.
    pub(super) fn ask_to_confirm(&self, asked: ToConfirm, press: &Press, clicked: Clicked) {
        let Clicked { origin, channel, user, trigger, .. } = clicked;
        let message = if let Origin::Slack { message, .. } = origin { message } else { None };
        let kept = json!(Kept { press: press.to_string(), channel: channel.clone(), message });
        let (view, instead) = match asked.deed {
            Deed::Approve(method) => (
                messages::confirmation(&asked.run, method, &kept.to_string()),
                format!("confirm at the terminal with `standby approve {}`", asked.run.id),
            ),
            Deed::Refuse => (
                messages::refusal(&asked.run, &kept.to_string()),
                format!("refuse at the terminal with `standby refuse {}`", asked.run.id),
            ),
        };
        let inbound = self.clone();
        tokio::spawn(async move {
            if let Err(error) = inbound.slack.open_modal(&trigger, &view).await {
                tracing::warn!(%error, user, "a modal was not opened");
                let text = format!("what asks you could not be opened ({error}): press again, or {instead}");
                inbound.whisper.tell(channel, user, refused(&text));
            }
        });
    }

    /// A person confirms, or refuses.
    pub(super) async fn submission(&self, payload: Value) -> Result<Answer, String> {
        let dedupe = dedupe_key(&payload);
        let submission = Submission::read(payload)?;
        let kept: Kept = serde_json::from_str(submission.kept()).map_err(|error| error.to_string())?;
        let reason = Some(submission.typed(REASON).to_owned()).filter(|reason| !reason.is_empty());
        let press = match kept.press.parse().map_err(|error| format!("{error}"))? {
            Press::Approve { run, method, .. } => {
                let confirmation = Some(Confirmation { typed: submission.typed(WORDS).to_owned(), reason });
                Press::Approve { run, method, confirmation }
            }
            Press::Refuse { run, .. } => Press::Refuse { run, reason },
            _ => return Err("the modal decides nothing".to_owned()),
        };
        let actor = submission.by()?;
        let origin = Origin::Slack { channel: kept.channel.clone(), message: kept.message };
        let request = Request { actor, origin, dedupe };
        let reply = in_time(self.press(request, press)).await;
        Ok(match reply {
            Ok(Reply::Accepted(_) | Reply::Told(_) | Reply::Unrecorded(_)) => {
                self.whisper.tell(kept.channel, submission.user().to_owned(), in_words(reply));
                Answer::Taken
            }
            Ok(Reply::Refused { reason: Refusal::NotConfirmed, text }) => wrong(WORDS, &text),
            Ok(Reply::Refused { reason: Refusal::NoReason, text }) => wrong(REASON, &text),
            Ok(Reply::Refused { .. } | Reply::Offered { .. }) | Err(_) => {
                Answer::Shown(json!({ "response_action": "update", "view": messages::not_done(&in_words(reply)) }))
            }
        })
    }
}

/// Shows at an input what is wrong with it; the modal stays open.
fn wrong(input: &str, text: &str) -> Answer {
    Answer::Shown(json!({ "response_action": "errors", "errors": { input: text.replace('`', "") } }))
}
