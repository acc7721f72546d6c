//! The mutations of `tests/mutations` still fit the code that they break: a sweep would tell only after minutes.

use std::{fs, path::Path, process::Command};

#[test]
fn every_mutation_applies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let patches = fs::read_dir(root.join("tests/mutations")).unwrap().map(|entry| entry.unwrap().path());
    let patches: Vec<_> =
        patches.filter(|path| path.extension().is_some_and(|extension| extension == "patch")).collect();
    assert!(!patches.is_empty());
    for patch in patches {
        let applies = Command::new("git").arg("apply").arg("--check").arg(&patch).current_dir(root).output();
        let Ok(output) = applies else { return eprintln!("skipped: git is not there") };
        assert!(output.status.success(), "{}: {}", patch.display(), String::from_utf8_lossy(&output.stderr));
    }
}
