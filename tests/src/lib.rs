//! The stage that conversation tests play on: two simulated regions, a stand-in Slack, and the whole bot between them, in one process
//! and on paused time.
// A stage that cannot be set up fails its test.
#![allow(clippy::expect_used, clippy::panic)]

pub mod model;
mod stage;
pub mod sweep;
mod typist;

pub use stage::{Cast, Stage, StageBuilder, retries_what_fails, text_of, without_hashes};
pub use typist::Typist;
