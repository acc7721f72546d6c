//! All tests of the whole product, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aws;
mod aws_cli;
mod emulator;
mod process;
mod promote;
mod refusals;
mod python;
mod kill;
mod slack;
mod slack_sdk;
mod stranger;
