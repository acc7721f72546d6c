//! What is in `deploy/`: held against its own descriptions, Terraform, other people's linters, and emulators that it is applied to.

pub(crate) mod checked;
mod linted;
mod text;
mod watch;

use std::path::{Path, PathBuf};

/// The folder `deploy/`.
fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy")).canonicalize().unwrap()
}

/// Folders with Terraform's configuration: modules and stacks.
fn configurations() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = files(&folder().join("terraform"), "versions.tf");
    found.iter_mut().for_each(|file| {
        file.pop();
    });
    assert!(found.len() > 10, "{found:?}");
    found
}

/// Files below a folder whose names end so, in order; what Terraform leaves behind is none.
fn files(below: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != ".terraform" {
            found.extend(files(&path, ending));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}
