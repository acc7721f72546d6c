//! The house in which one play follows another: a page that stays where it is while rooms come and go behind it.

use std::{net::TcpListener, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::StreamExt as _;
use http::StatusCode;
use rehearsal::OldPrimary;
use serde_json::json;
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};
use tower::ServiceExt as _;

use super::{pacer, pipeline::Pipeline, play::Play, room::Room, scene::scene, stagehand::Stagehand};
use crate::failure::Failure;

/// What is the same for every play.
pub(super) struct Setup {
    pub(super) seed: u64,
    pub(super) speed: f64,
    /// What becomes of the old primary where the play does not say.
    pub(super) old_primary: OldPrimary,
    /// The folder in which each room has its store.
    pub(super) folder: PathBuf,
    /// Where the simulated AWS is.
    pub(super) aws: TcpListener,
    /// Where runs have their own pages; they have none where links would cross a network unencrypted.
    pub(super) page: Option<String>,
}

/// The house.
pub(super) struct Theatre {
    setup: Setup,
    /// What the page and the app's addresses lead to now.
    playing: watch::Sender<Router>,
    stage: Mutex<Stage>,
}

/// What is on stage now.
#[derive(Default)]
struct Stage {
    room: Option<Room>,
    tasks: Vec<JoinHandle<()>>,
    rooms: u32,
}

impl Theatre {
    /// An empty house.
    pub(super) fn new(setup: Setup) -> Arc<Self> {
        Arc::new(Self { setup, playing: watch::Sender::new(Router::new()), stage: Mutex::default() })
    }

    /// The store of the next room.
    pub(super) async fn store(&self) -> PathBuf {
        self.setup.store(self.stage.lock().await.rooms)
    }

    /// Ends what is played, and begins that play in a new room.
    pub(super) async fn begin(&self, play: Play) -> Result<(), Failure> {
        let mut stage = self.stage.lock().await;
        stage.clear("another rehearsal").await;
        let (number, setup) = (stage.rooms, &self.setup);
        stage.rooms += 1;
        // Without a pacer time leaps: what went before the play takes no time of the people's.
        let patience = setup.speed.max(1.0);
        let old_primary = play.old_primary(setup.old_primary);
        let room = Room::open(setup.seed, old_primary, &setup.store(number), patience, setup.page.as_deref()).await?;
        let pair = room.scenario.pairs.first().context("the scenario has no pair")?.clone();
        let pipeline = play.has_pipeline().then(|| Pipeline::new(room.world.clone(), pair.clone()));
        let stagehand = Stagehand::new(room.world.clone(), room.slack.clone(), pair.clone(), pipeline.clone());
        play.begin(&room, &stagehand).await?;

        let listener = self.setup.aws.try_clone().and_then(tokio::net::TcpListener::from_std);
        let listener = listener.context("failed to listen for the AWS CLI")?;
        let world = room.world.clone();
        stage.tasks = vec![
            tokio::spawn(pacer::pace(setup.speed)),
            tokio::spawn(async move {
                let ended = world.serve(listener).await;
                tracing::warn!(?ended, "the simulated AWS is not served any more");
            }),
        ];
        let log = room.bot.desk.log();
        stage.tasks.extend(pipeline.map(|pipeline| tokio::spawn(pipeline.lurk(log.clone()))));
        let (world, acting, speed) = (room.world.clone(), stagehand.clone(), setup.speed);
        let rights = super::settings::rights(room.slack.settings());
        let router = room
            .slack
            .page(
                move || scene(&world, &pair, &stagehand, play, speed, rights.clone()),
                move |action| acting.act(action),
            )
            .merge(room.slack.api())
            .merge(room.bot.router.clone());
        self.playing.send_modify(|playing| *playing = router);
        stage.room = Some(room);
        Ok(())
    }

    /// Name of the DR region of what is played.
    pub(super) async fn dr(&self) -> Option<String> {
        let stage = self.stage.lock().await;
        let pair = stage.room.as_ref()?.scenario.pairs.first()?;
        Some(pair.dr.region.to_string())
    }

    /// Ends what is played.
    pub(super) async fn close(&self) {
        self.stage.lock().await.clear("signal").await;
    }

    /// Whatever is played now, and `POST /scenario/{id}` for something else.
    pub(super) fn router(self: &Arc<Self>) -> Router {
        Router::new().route("/scenario/{id}", post(begin)).fallback(show).with_state(self.clone())
    }
}

impl Setup {
    fn store(&self, number: u32) -> PathBuf {
        self.folder.join(if number == 0 { "store".to_owned() } else { format!("store-{number}") })
    }
}

impl Stage {
    async fn clear(&mut self, reason: &str) {
        self.tasks.drain(..).for_each(|task| task.abort());
        if let Some(room) = self.room.take() {
            room.close(reason).await;
        }
    }
}

async fn begin(State(theatre): State<Arc<Theatre>>, Path(id): Path<String>) -> Response {
    let Some(play) = Play::of(&id) else { return StatusCode::NOT_FOUND.into_response() };
    match theatre.begin(play).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::error!(%error, "a rehearsal could not begin");
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error.to_string() }))).into_response()
        }
    }
}

/// What is played now answers; its answer ends with it, so that a page that listens comes back to what follows.
async fn show(State(theatre): State<Arc<Theatre>>, request: Request) -> Response {
    let mut playing = theatre.playing.subscribe();
    let router = playing.borrow_and_update().clone();
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let over = async move { playing.changed().await };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(over))))
}

#[cfg(test)]
mod tests;
