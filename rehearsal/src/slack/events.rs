//! Events: what the app is told without being asked, in the envelopes of the Events API.
//!
//! <https://docs.slack.dev/apis/events-api>: JSON, signed like everything else. An event that is not acknowledged is sent
//! three times more, and says so: over HTTP in headers, in Socket Mode in a new envelope.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::deliver::{Answer, DeliveryFailure};
use super::person::{PersonError, VERIFICATION_TOKEN, answered, person};
use super::state::State;
use super::transcript::Event;
use super::{Slack, sign};

/// Number of a retry.
pub(super) const RETRY_NUMBER: HeaderName = HeaderName::from_static("x-slack-retry-num");
/// What was wrong with the try before.
pub(super) const RETRY_REASON: HeaderName = HeaderName::from_static("x-slack-retry-reason");
/// How long after a failure each retry comes: <https://docs.slack.dev/apis/events-api#retries>.
const RETRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)];

impl Slack {
    /// A person opens the app's home. Returns what became of the event at the first try; retries go on by themselves.
    pub async fn open_home(&self, user: &str) -> Result<Answer, PersonError> {
        let event = self.change(|state| {
            person(state, user)?;
            state.record(Event::HomeOpened { user: user.to_owned() });
            let mut event = json!({
                "type": "app_home_opened",
                "user": user,
                "channel": state.direct(user),
                "tab": "home",
                "event_ts": state.next_ts(),
            });
            // Before the first `views.publish` there is no view.
            if let Some(view) = state.views.home(user) {
                event["view"] = view.to_api(&state.settings);
            }
            Ok(envelope(state, &event).to_string())
        })?;
        let answer = self.tell(&event, HeaderMap::new()).await?;
        if let Some(failure) = answer.failure {
            let slack = self.clone();
            tokio::spawn(async move { slack.retry(&event, failure).await });
        }
        Ok(answer)
    }

    /// Asks the app whether the address for events is its own, as Slack does when the address is entered. Whether it is:
    /// <https://docs.slack.dev/reference/events/url_verification>.
    pub async fn verify_events_url(&self) -> Result<bool, PersonError> {
        let challenge = self.change(|state| state.next_id());
        let body = json!({"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"});
        let answer = self.tell(&body.to_string(), HeaderMap::new()).await?;
        let as_json = serde_json::from_str::<Value>(&answer.body).ok();
        let echoed = answer.body.trim() == challenge || as_json.is_some_and(|body| body["challenge"] == challenge);
        Ok(answer.failure.is_none() && echoed)
    }

    /// Sends an event again until it is acknowledged, as often as Slack does.
    async fn retry(self, event: &str, mut failure: DeliveryFailure) {
        for (index, pause) in RETRIES.into_iter().enumerate() {
            tokio::time::sleep(pause).await;
            let reason = match failure {
                DeliveryFailure::OperationTimeout => "http_timeout",
                _ => "http_error",
            };
            let headers = HeaderMap::from_iter([
                (RETRY_NUMBER, HeaderValue::from(index + 1)),
                (RETRY_REASON, HeaderValue::from_static(reason)),
            ]);
            match self.tell(event, headers).await {
                Ok(Answer { failure: Some(again), .. }) => failure = again,
                _ => return,
            }
        }
    }

    async fn tell(&self, body: &str, more: HeaderMap) -> Result<Answer, PersonError> {
        let (deliver, now) = self.change(|state| (state.deliver.clone(), state.now()));
        let mut headers = sign::headers(&self.settings().signing_secret, sign::JSON, body, now.as_second());
        headers.extend(more);
        let start = Instant::now();
        let deliver = deliver.ok_or(PersonError::NotConnected)?;
        let result = deliver.send(&self.settings().events_path, headers, body.to_owned()).await;
        Ok(answered(result, start.elapsed()).1)
    }
}

fn envelope(state: &mut State, event: &Value) -> Value {
    let (id, context) = (state.next_id(), state.next_id());
    let settings = &state.settings;
    json!({
        "token": VERIFICATION_TOKEN,
        "team_id": settings.team.id,
        "api_app_id": settings.app.id,
        "event": event,
        "type": "event_callback",
        "event_id": format!("Ev{}", id[..10].to_uppercase()),
        "event_time": state.now().as_second(),
        "authorizations": [{
            "enterprise_id": null,
            "team_id": settings.team.id,
            "user_id": settings.app.user_id,
            "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false,
        "event_context": format!("4-{context}"),
    })
}

#[cfg(test)]
mod tests;
