//! The program standby: configuration, Slack in and out, HTTP, the command line and rehearsals. What `/dr` does is
//! crate `commands`.

pub mod assembly;
pub mod audit;
pub mod check;
pub mod cli;
pub mod config;
pub mod failure;
#[cfg(test)]
mod fixture;
pub mod health;
pub mod http;
pub mod init;
pub mod metrics;
pub mod program;
pub mod rehearse;
pub mod serve;
pub mod slack;
pub mod terminal;
pub mod web;
