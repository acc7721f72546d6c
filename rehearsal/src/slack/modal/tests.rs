#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::tests::{CHANNEL, MAYA, SAM, fields, send, slack};
use super::super::{Deliver, DeliveryFailure, PersonError, Slack};

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

/// Asks for a target and, if one likes, for a reason and what comes after.
fn view() -> Value {
    let target = json!({"type": "plain_text_input", "action_id": "typed"});
    let reason = json!({"type": "plain_text_input", "action_id": "why", "max_length": 5});
    let options =
        json!([{"text": plain("Page them"), "value": "page"}, {"text": plain("Let them sleep"), "value": "no"}]);
    let after = json!({"type": "checkboxes", "action_id": "then", "options": options});
    json!({
        "type": "modal",
        "callback_id": "confirm",
        "private_metadata": "run-1",
        "title": plain("Promote us-west-2?"),
        "submit": plain("Promote"),
        "notify_on_close": true,
        "blocks": [
            {"type": "section", "text": plain("This cannot be undone.")},
            {"type": "input", "block_id": "target", "label": plain("Type us-west-2"), "element": target},
            {"type": "input", "block_id": "reason", "optional": true, "label": plain("Reason"), "element": reason},
            {"type": "input", "block_id": "after", "optional": true, "label": plain("After"), "element": after},
            {"type": "actions", "elements": [{"type": "button", "action_id": "more", "text": plain("More")}]},
        ],
    })
}

/// An app that records what it gets, and answers a submission by what is in the first input.
fn connected() -> (Slack, Arc<Mutex<Vec<Value>>>) {
    let slack = slack();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = seen.clone();
    let interactions = async move |body: String| {
        let payload: Value = serde_json::from_str(&fields(&body)["payload"]).unwrap();
        heard.lock().unwrap().push(payload.clone());
        let mut other = view();
        other["title"] = plain("Really?");
        other["callback_id"] = json!("really");
        match payload["view"]["state"]["values"]["target"]["typed"]["value"].as_str() {
            Some("us-east-1") => {
                Json(json!({"response_action": "errors", "errors": {"target": "Type us-west-2"}})).into_response()
            }
            Some("elsewhere") => Json(json!({"response_action": "errors", "errors": {"nowhere": "?"}})).into_response(),
            Some("update") => Json(json!({"response_action": "update", "view": other})).into_response(),
            Some("push") => Json(json!({"response_action": "push", "view": other})).into_response(),
            Some("clear") => Json(json!({"response_action": "clear"})).into_response(),
            Some("broken") => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Some("nonsense") => "thanks".into_response(),
            _ => ().into_response(),
        }
    };
    slack.deliver_to(Deliver::Router(
        Router::new().route("/slack/interactions", post(interactions)).route("/slack/commands", post(async || ())),
    ));
    (slack, seen)
}

async fn call(slack: &Slack, method: &str, arguments: Value) -> Value {
    let (_, body) = send(slack, &format!("https://slack.com/api/{method}"), arguments).await;
    serde_json::from_slice(&body).unwrap()
}

/// The trigger of a command that somebody typed just now.
fn trigger(slack: &Slack, user: &str) -> String {
    fields(&slack.command_body(user, CHANNEL, "promote").unwrap())["trigger_id"].clone()
}

async fn open(slack: &Slack, user: &str) -> Value {
    call(slack, "views.open", json!({"trigger_id": trigger(slack, user), "view": view()})).await
}

#[tokio::test(start_paused = true)]
async fn a_trigger_opens_one_modal_within_three_seconds() {
    let (slack, _) = connected();
    let trigger_id = trigger(&slack, MAYA);
    tokio::time::advance(Duration::from_secs(3)).await;
    let opened = call(&slack, "views.open", json!({"trigger_id": trigger_id, "view": view()})).await;
    assert_eq!((&opened["ok"], &opened["view"]["private_metadata"]), (&json!(true), &json!("run-1")), "{opened}");
    assert_eq!(slack.modal(MAYA).unwrap().title, "Promote us-west-2?");
    assert_eq!(slack.modal(SAM), None);

    let late = trigger(&slack, MAYA);
    tokio::time::advance(Duration::from_millis(3001)).await;
    for (trigger_id, error) in
        [(trigger_id, "exchanged_trigger_id"), (late, "expired_trigger_id"), ("1.2.3".to_owned(), "invalid_trigger_id")]
    {
        let refused = call(&slack, "views.open", json!({"trigger_id": trigger_id, "view": view()})).await;
        assert_eq!(refused["error"], error);
    }
}

#[tokio::test(start_paused = true)]
async fn a_submission_carries_what_was_filled_in() {
    let (slack, seen) = connected();
    open(&slack, MAYA).await;
    slack.fill(MAYA, "typed", "us-west-2").unwrap();
    slack.fill(MAYA, "reason", "fire").unwrap();
    slack.fill(MAYA, "then", "page").unwrap();
    slack.fill(MAYA, "then", "no").unwrap();
    slack.fill(MAYA, "then", "page").unwrap();
    let answer = slack.submit(MAYA).await.unwrap();
    assert_eq!((answer.failure, slack.modal(MAYA)), (None, None));
    let payload = seen.lock().unwrap()[0].clone();
    assert_eq!((&payload["type"], &payload["user"]["id"]), (&json!("view_submission"), &json!(MAYA)));
    let view = &payload["view"];
    assert_eq!((&view["callback_id"], &view["private_metadata"]), (&json!("confirm"), &json!("run-1")));
    assert_eq!(
        view["state"]["values"],
        json!({
            "target": {"typed": {"type": "plain_text_input", "value": "us-west-2"}},
            "reason": {"why": {"type": "plain_text_input", "value": "fire"}},
            "after": {"then": {"type": "checkboxes", "selected_options": [
                {"text": plain("Let them sleep"), "value": "no"},
            ]}},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn slack_itself_stops_what_is_incomplete() {
    let (slack, seen) = connected();
    open(&slack, MAYA).await;
    slack.fill(MAYA, "reason", "far too long").unwrap();
    let Err(PersonError::Incomplete(unmet)) = slack.submit(MAYA).await else { panic!("it was submitted") };
    assert_eq!(unmet["target"], "Please complete this required field.");
    assert_eq!(unmet["reason"], "This field takes at most 5 characters.");
    assert_eq!(slack.modal(MAYA).unwrap().errors, unmet);
    assert!(seen.lock().unwrap().is_empty());
    assert!(matches!(slack.fill(MAYA, "nothing", "x"), Err(PersonError::NoSuchInput { .. })));
    assert!(matches!(slack.fill(MAYA, "then", "x"), Err(PersonError::NoSuchOption { .. })));
    assert_eq!(slack.fill(SAM, "typed", "x"), Err(PersonError::NoModal(SAM.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_submission_is_carried_out() {
    let (slack, _) = connected();
    open(&slack, MAYA).await;
    let submit = async |typed: &str| {
        slack.fill(MAYA, "typed", typed).unwrap();
        slack.submit(MAYA).await.unwrap().failure
    };
    assert_eq!(submit("us-east-1").await, None);
    assert_eq!(slack.modal(MAYA).unwrap().errors["target"], "Type us-west-2");
    for (typed, failure) in [
        ("elsewhere", DeliveryFailure::InvalidViewResponse),
        ("nonsense", DeliveryFailure::InvalidViewResponse),
        ("broken", DeliveryFailure::DispatchFailed),
    ] {
        assert_eq!(submit(typed).await, Some(failure), "{typed}");
        assert_eq!(slack.modal(MAYA).unwrap().failure.as_deref(), Some("We had some trouble connecting. Try again?"));
    }
    assert_eq!(submit("push").await, None);
    let pushed = slack.modal(MAYA).unwrap();
    assert_eq!((pushed.title.as_str(), pushed.errors.len()), ("Really?", 0));
    slack.close_modal(MAYA).await.unwrap();
    assert_eq!(slack.modal(MAYA).unwrap().title, "Promote us-west-2?");
    assert_eq!(submit("update").await, None);
    let updated = slack.modal(MAYA).unwrap();
    assert_eq!(updated.title, "Really?");
    assert_eq!(updated.values["target"]["typed"]["value"], "update", "what was typed stays");
    assert_eq!(submit("push").await, None);
    assert_eq!(submit("clear").await, None);
    assert_eq!(slack.modal(MAYA), None);
}

#[tokio::test(start_paused = true)]
async fn an_open_modal_is_updated_unless_somebody_was_faster() {
    let (slack, _) = connected();
    let opened = open(&slack, MAYA).await["view"].clone();
    let mut filled = view();
    filled["blocks"][0]["text"]["text"] = json!("Checked 2 s ago.");
    let mut update = json!({"view_id": opened["id"], "hash": opened["hash"], "view": filled});
    let updated = call(&slack, "views.update", update.clone()).await;
    assert_eq!(updated["view"]["blocks"][0]["text"]["text"], "Checked 2 s ago.", "{updated}");
    assert_eq!(call(&slack, "views.update", update.clone()).await["error"], "hash_conflict");
    slack.close_modal(MAYA).await.unwrap();
    update["hash"] = Value::Null;
    assert_eq!(call(&slack, "views.update", update).await["error"], "not_found");
}

#[tokio::test(start_paused = true)]
async fn three_modals_lie_on_each_other() {
    let (slack, seen) = connected();
    open(&slack, MAYA).await;
    for expected in [json!(null), json!(null), json!("push_limit_reached")] {
        slack.click_in_modal(MAYA, "more").await.unwrap();
        let click = seen.lock().unwrap().last().unwrap().clone();
        assert_eq!(click["container"], json!({"type": "view", "view_id": slack.modal(MAYA).unwrap().id}));
        assert_eq!(click["actions"][0]["action_id"], "more");
        let pushed = call(&slack, "views.push", json!({"trigger_id": click["trigger_id"], "view": view()})).await;
        assert_eq!(pushed["error"], expected);
    }
    let nothing_below = json!({"trigger_id": trigger(&slack, SAM), "view": view()});
    assert_eq!(call(&slack, "views.push", nothing_below).await["error"], "not_found");
}

#[tokio::test(start_paused = true)]
async fn the_app_hears_of_a_close_if_it_asked_to() {
    let (slack, seen) = connected();
    open(&slack, MAYA).await;
    slack.close_modal(MAYA).await.unwrap();
    let closed = seen.lock().unwrap()[0].clone();
    assert_eq!((&closed["type"], &closed["is_cleared"]), (&json!("view_closed"), &json!(false)));
    assert_eq!(closed["view"]["private_metadata"], "run-1");
    let mut quiet = view();
    quiet["notify_on_close"] = json!(false);
    call(&slack, "views.open", json!({"trigger_id": trigger(&slack, MAYA), "view": quiet})).await;
    slack.close_modal(MAYA).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn modals_have_limits() {
    let (slack, _) = connected();
    let refused = async |key: &str, value: Value| {
        let mut view = view();
        view[key] = value;
        let refused = call(&slack, "views.open", json!({"trigger_id": trigger(&slack, MAYA), "view": view})).await;
        assert_eq!(refused["error"], "invalid_arguments", "{refused}");
        refused["response_metadata"]["messages"][0].as_str().unwrap().to_owned()
    };
    for (key, value, message) in [
        ("title", plain(&"x".repeat(25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        ("submit", plain(&"x".repeat(25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (
            "private_metadata",
            json!("x".repeat(3001)),
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        (
            "blocks",
            json!(vec![json!({"type": "divider"}); 101]),
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (
            "blocks",
            json!([{"type": "markdown", "text": "x"}]),
            "unsupported type: markdown [json-pointer:/view/blocks/0/type]",
        ),
        ("colour", json!("red"), "invalid additional property: colour [json-pointer:/view]"),
    ] {
        assert_eq!(refused(key, value).await, format!("[ERROR] {message}"));
    }
    let mut unsubmittable = view();
    unsubmittable.as_object_mut().unwrap().remove("submit");
    let refused = call(&slack, "views.open", json!({"trigger_id": "1.2.3", "view": unsubmittable})).await;
    assert_eq!(refused["errors"][0], "missing required field: submit [json-pointer:/view]");
}
