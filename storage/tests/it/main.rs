//! The log from outside: what it keeps, what it refuses, and what it finds wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod export;
mod format;
mod index;
mod log;
mod parts;
mod proofs;
mod recovery;
mod repair;
mod strangers;
mod support;
mod tiles;
