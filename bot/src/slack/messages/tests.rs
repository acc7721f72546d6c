//! What people see, and that Slack takes it whatever the sizes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod limits;
mod snapshots;
