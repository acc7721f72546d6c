//! Terraform's own word: format, validity, and the plans that `terraform test` asserts with mocked providers.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::Command,
};

use super::{configurations, folder};
use crate::{
    process::succeeds,
    python::{self, isolate},
};

/// Terraform, without the machine's own configuration, and with a mirror of providers if the machine has one.
pub(crate) struct Terraform {
    settings: tempfile::TempDir,
}

impl Terraform {
    pub(crate) fn new() -> Self {
        let settings = tempfile::tempdir().unwrap();
        let installation = match mirror() {
            Some(mirror) => {
                format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n")
            }
            None => String::new(),
        };
        std::fs::write(settings.path().join("terraform.rc"), installation).unwrap();
        Self { settings }
    }

    /// A program that calls Terraform, or Terraform itself.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        isolate(&mut command);
        command
            .env("TF_CLI_CONFIG_FILE", self.settings.path().join("terraform.rc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_CLI_ARGS");
        command
    }

    fn run(&self, folder: &Path, args: &[&str]) -> String {
        let mut command = self.command("terraform");
        command.current_dir(folder).args(args);
        succeeds(command)
    }
}

/// A folder that holds `registry.terraform.io`: what `STANDBY_TERRAFORM_MIRROR` names, or a common place. Without one, Terraform asks the registry.
fn mirror() -> Option<PathBuf> {
    /// How deep a mirror is looked for below a common place.
    const DEPTH: usize = 3;
    if let Some(named) = std::env::var_os("STANDBY_TERRAFORM_MIRROR") {
        return Some(named.into());
    }
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".terraform.d"));
    let common = ["/usr/share/terraform", "/usr/local/share/terraform", "/opt"].map(PathBuf::from);
    let mut places: VecDeque<(PathBuf, usize)> = common.into_iter().chain(home).map(|place| (place, 0)).collect();
    while let Some((place, depth)) = places.pop_front() {
        if place.join("registry.terraform.io").is_dir() {
            return Some(place);
        }
        let Ok(entries) = std::fs::read_dir(&place) else { continue };
        let below =
            entries.flatten().filter(|entry| depth < DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir()));
        places.extend(below.map(|entry| (entry.path(), depth + 1)));
    }
    None
}

/// A copy of `deploy/`, for what Terraform leaves behind.
pub(crate) fn copy(to: &Path) -> PathBuf {
    let copied = to.join("deploy");
    let mut command = Command::new("cp");
    command.arg("-r").arg(folder()).arg(&copied);
    succeeds(command);
    copied.join("terraform")
}

#[test]
#[ignore = "needs Terraform and the AWS provider: see tests/third-party/README.md"]
fn terraform_finds_every_stack_and_module_formatted_valid_and_as_asserted() {
    let terraform = Terraform::new();
    terraform.run(&folder(), &["fmt", "-check", "-recursive", "-diff"]);
    let work = tempfile::tempdir().unwrap();
    let copied = copy(work.path());
    for found in configurations() {
        let below = found.strip_prefix(folder().join("terraform")).unwrap().to_owned();
        // Its ephemeral output is allowed in no root module: it is validated as a part of the platform.
        if below.ends_with("modules/administrator") {
            continue;
        }
        terraform.run(&copied.join(&below), &["init", "-backend=false", "-no-color"]);
        terraform.run(&copied.join(&below), &["validate", "-no-color"]);
        eprintln!("{}: valid", below.display());
    }
    // Mocked providers have no ephemeral resources.
    let administrator = copied.join("modules/administrator");
    std::fs::remove_file(administrator.join("outputs.tf")).unwrap();
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform/administrator.tf");
    std::fs::copy(stand_in, administrator.join("main.tf")).unwrap();
    let mut tested = 0;
    for found in configurations().into_iter().filter(|found| found.join("tests").is_dir()) {
        let below = found.strip_prefix(folder().join("terraform")).unwrap().to_owned();
        let said = terraform.run(&copied.join(&below), &["test", "-no-color"]);
        let sum = said.lines().find(|line| line.starts_with("Success!")).unwrap_or_else(|| panic!("{said}"));
        eprintln!("{}: {sum}", below.display());
        tested += 1;
    }
    assert_eq!(tested, 15, "stacks and modules with assertions");
}

/// A subnet plan for three zones in a region with two would fail half-way through an apply; a typing error in a variable must fail before.
#[test]
#[ignore = "needs Terraform and the AWS provider: see tests/third-party/README.md"]
fn terraform_refuses_what_the_variables_forbid() {
    let terraform = Terraform::new();
    let work = tempfile::tempdir().unwrap();
    let bootstrap = copy(work.path()).join("bootstrap");
    terraform.run(&bootstrap, &["init", "-no-color"]);
    let mut command = terraform.command("terraform");
    command.current_dir(&bootstrap).args(["plan", "-no-color", "-var", "app_name=Shop", "-var", "env=prod"]);
    command.args(["-var", "primary_region=us-east-1", "-var", "state={bucket=\"b-u\",region=\"us-east-1\"}"]);
    let outcome = python::run(command, "");
    assert!(!outcome.success);
    for message in ["app_name has 2 to 20 lower-case letters", "State must be outside the primary region"] {
        assert!(outcome.err.contains(message), "{}", outcome.err);
    }
}
