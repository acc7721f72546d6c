//! All tests of the whole product, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aws;
mod aws_cli;
mod emulator;
mod kill;
mod process;
mod promote;
mod python;
mod refusals;
mod slack;
mod slack_sdk;
mod stranger;
