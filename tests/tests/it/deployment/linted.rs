//! Other people's linters over what is deployed. A finding is mended, or skipped in place with a reason.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{files, folder, watch::PROGRAMS};
use crate::{process::succeeds, python};

/// A program of the Python environment that `.ci/run` makes, or the machine's own.
fn linter(name: &str) -> Command {
    let beside = std::env::var_os("STANDBY_LINTERS").map(|folder| PathBuf::from(folder).join(name));
    Command::new(beside.unwrap_or_else(|| name.into()))
}

#[test]
#[ignore = "needs checkov: see tests/third-party/README.md"]
fn checkov_has_no_finding_without_a_reason() {
    let mut command = linter("checkov");
    command.arg("--directory").arg(folder());
    command.args([
        "--framework",
        "terraform",
        "dockerfile",
        "--output",
        "json",
        "--quiet",
        "--compact",
        "--skip-download",
    ]);
    let outcome = python::run(command, "");
    let found: Value = serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}{}", outcome.out, outcome.err));
    let reports = found.as_array().cloned().unwrap_or_else(|| vec![found.clone()]);
    let mut failed = Vec::new();
    for report in &reports {
        let sum = &report["summary"];
        eprintln!(
            "checkov, {}: {} passed, {} failed, {} skipped",
            report["check_type"], sum["passed"], sum["failed"], sum["skipped"]
        );
        assert_eq!(sum["parsing_errors"], 0, "what cannot be read is not checked");
        let checks = report["results"]["failed_checks"].as_array().into_iter().flatten();
        failed.extend(checks.map(|check| {
            let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}: {}", text("check_id"), text("file_path"), text("resource"), text("check_name"))
        }));
    }
    assert!(reports.iter().any(|report| report["check_type"] == "terraform"), "{found}");
    assert!(reports.iter().any(|report| report["check_type"] == "dockerfile"), "{found}");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    reasons();
}

/// `checkov:skip=ID` alone would be a finding that somebody has hidden.
fn reasons() {
    for file in files(&folder(), ".tf") {
        for line in std::fs::read_to_string(&file).unwrap().lines().filter(|line| line.contains("checkov:skip=")) {
            let reason = line.split_once("skip=").unwrap().1.split_once(':').map(|(_, reason)| reason.len());
            assert!(reason.is_some_and(|length| length > 15), "{}: {line}", file.display());
        }
    }
}

#[test]
#[ignore = "needs hadolint: see tests/third-party/README.md"]
fn hadolint_has_nothing_to_say_of_the_dockerfile() {
    let mut command = linter("hadolint");
    command.arg(folder().join("Dockerfile"));
    succeeds(command);
}

#[test]
#[ignore = "needs shellcheck: see tests/third-party/README.md"]
fn shellcheck_has_nothing_to_say_of_the_scripts() {
    let mut command = Command::new("shellcheck");
    command.args(["install", "attach", "secrets", "watch"].map(|name| folder().join("host").join(name)));
    command.args(["aws", "curl", "sleep"].map(|name| Path::new(PROGRAMS).join(name)));
    // What host.env sets is not in the scripts, and what it is called is in its README.
    command.arg(folder().join("terraform/stack")).args(["--exclude", "SC1091,SC2154"]);
    succeeds(command);
}

#[test]
#[ignore = "needs systemd-analyze: see tests/third-party/README.md"]
fn systemd_finds_the_unit_well_confined() {
    for unit in files(&folder().join("systemd"), ".service") {
        let mut command = Command::new("systemd-analyze");
        command.args(["security", "--offline=true", "--no-pager"]).arg(&unit);
        let said = succeeds(command);
        let sum = said.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{said}"));
        eprintln!("{}", sum.trim());
        let score = sum
            .split(": ")
            .nth(1)
            .and_then(|score| score.split(' ').next())
            .and_then(|score| score.parse::<f64>().ok());
        let bound = if unit.ends_with("standby.service") { 1.5 } else { 5.0 };
        assert!(score.is_some_and(|score| score <= bound), "{sum}");
    }
}
