//! The stage that conversation tests play on: two simulated regions, a stand-in Slack, and the whole bot between them, in one process
//! and on paused time.
// A stage that cannot be set up fails its test.
#![allow(clippy::expect_used, clippy::panic)]

mod cast;
pub mod model;
mod reading;
mod s3;
mod stage;
pub mod sweep;
mod typist;

pub use cast::Cast;
pub use reading::{text_of, without_hashes};
pub use s3::S3;
pub use stage::{Stage, StageBuilder, retries_what_fails};
pub use typist::Typist;
