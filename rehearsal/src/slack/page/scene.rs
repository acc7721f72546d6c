//! What the page's top bar shows of the world outside Slack.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// The world at a glance, as the embedding program sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Scene {
    /// Simulated time.
    pub now: Timestamp,
    /// Simulated seconds in a real one.
    pub speed: f64,
    /// The regions, in the order in which they are drawn.
    pub regions: Vec<Region>,
    /// Replication lag in milliseconds; `None` while nothing replicates or nothing is known.
    pub lag_ms: Option<f64>,
    /// One line on what is going on, if there is something to say.
    pub note: Option<String>,
    /// What a person can do to the world.
    pub actions: Vec<SceneAction>,
    /// What can be played; begun by a post to `/scenario/{id}`, which the embedding program answers.
    pub scenarios: Vec<SceneScenario>,
    /// What each person may do, in a few words, by their id.
    pub rights: BTreeMap<String, String>,
}

/// Something that can be played.
#[derive(Clone, Debug, Serialize)]
pub struct SceneScenario {
    /// Posted to `/scenario/{id}`.
    pub id: String,
    /// What it is about.
    pub label: String,
    /// Whether it is being played.
    pub chosen: bool,
}

/// One region at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct Region {
    /// As AWS names it.
    pub name: String,
    /// What it is in the pair, as people say it.
    pub role: String,
    /// Nothing in it answers.
    pub dark: bool,
    /// The application's traffic goes here.
    pub serves: bool,
    /// The database's writer is here.
    pub writes: bool,
    /// Its services' tasks.
    pub services: Vec<ServiceCount>,
}

/// Tasks of a service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceCount {
    /// The service.
    pub name: String,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that should.
    pub desired: u32,
}

/// A button of the top bar.
#[derive(Clone, Debug, Serialize)]
pub struct SceneAction {
    /// Posted to `/world/{id}`.
    pub id: String,
    /// What the button says.
    pub label: String,
    /// Whether it does harm; such a button shows whether it is in force.
    pub danger: bool,
    /// Whether it is in force.
    pub active: bool,
}
