//! What a person does on the page, posted as JSON and carried out in the workspace.

use axum::extract::State as Extract;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::super::{Answer, PersonError, Slack};

/// The routes to post to.
pub(super) fn router(slack: Slack) -> Router {
    Router::new()
        .route("/command", post(command))
        .route("/click", post(click))
        .route("/fill", post(fill))
        .route("/press", post(press))
        .route("/submit", post(submit))
        .route("/close", post(close))
        .route("/home", post(home))
        .route("/press-home", post(press_home))
        .with_state(slack)
}

#[derive(Deserialize)]
struct Command {
    user: String,
    channel: String,
    text: String,
}

async fn command(Extract(slack): Extract<Slack>, Json(command): Json<Command>) -> Response {
    report(slack.command(&command.user, &command.channel, &command.text).await)
}

#[derive(Deserialize)]
struct Click {
    user: String,
    channel: String,
    ts: String,
    action_id: String,
}

async fn click(Extract(slack): Extract<Slack>, Json(click): Json<Click>) -> Response {
    report(slack.click(&click.user, &click.channel, &click.ts, &click.action_id).await)
}

#[derive(Deserialize)]
struct Fill {
    user: String,
    input: String,
    value: String,
}

async fn fill(Extract(slack): Extract<Slack>, Json(fill): Json<Fill>) -> Response {
    done(slack.fill(&fill.user, &fill.input, &fill.value))
}

#[derive(Deserialize)]
struct Press {
    user: String,
    action_id: String,
}

async fn press(Extract(slack): Extract<Slack>, Json(press): Json<Press>) -> Response {
    report(slack.click_in_modal(&press.user, &press.action_id).await)
}

async fn press_home(Extract(slack): Extract<Slack>, Json(press): Json<Press>) -> Response {
    report(slack.click_in_home(&press.user, &press.action_id).await)
}

#[derive(Deserialize)]
struct By {
    user: String,
}

async fn submit(Extract(slack): Extract<Slack>, Json(by): Json<By>) -> Response {
    report(slack.submit(&by.user).await)
}

async fn close(Extract(slack): Extract<Slack>, Json(by): Json<By>) -> Response {
    done(slack.close_modal(&by.user).await)
}

async fn home(Extract(slack): Extract<Slack>, Json(by): Json<By>) -> Response {
    report(slack.open_home(&by.user).await)
}

fn report(result: Result<Answer, PersonError>) -> Response {
    match result {
        Ok(answer) => Json(json!({
            "status": answer.status.map(|status| status.as_u16()),
            "elapsed_ms": answer.elapsed.as_millis(),
            "failure": answer.failure,
        }))
        .into_response(),
        Err(error) => refused(&error),
    }
}

fn done(result: Result<(), PersonError>) -> Response {
    result.map_or_else(|error| refused(&error), |()| StatusCode::NO_CONTENT.into_response())
}

fn refused(error: &PersonError) -> Response {
    // What is incomplete is shown in the modal itself.
    let kind = if matches!(error, PersonError::Incomplete(_)) { "incomplete" } else { "refused" };
    (StatusCode::CONFLICT, Json(json!({"kind": kind, "error": error.to_string()}))).into_response()
}
