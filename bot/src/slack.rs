//! Slack: requests in, messages out. Nothing in here is on the path of a run.

pub mod api;
mod confirming;
pub mod directory;
#[cfg(test)]
mod fixture;
pub mod home;
pub mod inbound;
pub mod kit;
pub mod messages;
pub mod outbox;
mod payload;
mod signature;
pub mod socket;
pub mod text;
pub mod web;
pub mod whisper;
