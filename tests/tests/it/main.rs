//! All tests of the whole product, in one binary.
// A failed expectation fails its test; figures are printed for whoever asks with `--nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod alone;
mod approvals;
mod audit;
mod aws;
mod aws_cli;
mod blocks;
mod browser;
mod cases;
mod check;
mod codebuild;
mod databases;
mod deployment;
mod emulator;
mod evidence;
mod failback;
mod home;
mod init;
mod kill;
mod largest;
mod manifest;
mod node;
mod page;
mod page_in_chromium;
mod people;
mod privilege;
mod process;
mod promote;
mod python;
mod records;
mod refusals;
mod refused;
mod rehearsal_in_chromium;
mod replica;
mod restore;
mod slack;
mod slack_faults;
mod slack_sdk;
mod socket_clients;
mod socket_mode;
mod store;
mod stranger;
mod sweep;
mod terminal;
mod typed;
