//! The stage that conversation tests play on: two simulated regions, a stand-in Slack, and the whole bot between them, in one process
//! and on paused time.

mod stage;

pub use stage::{Cast, Stage, StageBuilder, text_of};
