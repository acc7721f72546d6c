//! A real browser: Debian's Chromium, driven through `tests/third-party/browser.py`. Its calls block; on a stage, whose time stands still
//! meanwhile, they are made on a thread of their own (`tokio::task::spawn_blocking`).

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use serde_json::{Value, json};

use crate::python;

/// Where pictures are kept, as artifacts of the run.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screenshots");

/// A browser with one window.
pub(crate) struct Browser {
    child: Child,
    told: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts it.
    pub(crate) fn start() -> Self {
        let mut command = python::python();
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/third-party/browser.py")).arg(PICTURES);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python");
        let says = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { told: child.stdin.take(), says, child }
    }

    fn ask(&mut self, request: &Value) -> Value {
        let told = self.told.as_mut().expect("a browser that runs");
        writeln!(told, "{request}").expect("a browser that listens");
        let mut line = String::new();
        self.says.read_line(&mut line).expect("a browser that answers");
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{request}: the browser ended"));
        assert!(answer["error"].is_null(), "{request}: {}", answer["error"].as_str().unwrap_or_default());
        answer["value"].take()
    }

    /// Sets the window's size; narrow ones are a phone's. `scheme` is `light` or `dark`, `zone` the reader's time zone.
    pub(crate) fn screen(&mut self, width: u32, height: u32, scheme: &str, zone: &str) {
        self.ask(&json!(["screen", width, height, scheme, zone]));
    }

    /// Whether pages may run scripts from now on.
    pub(crate) fn scripts(&mut self, allowed: bool) {
        self.ask(&json!(["scripts", allowed]));
    }

    /// Opens a page.
    pub(crate) fn open(&mut self, url: &str) {
        self.ask(&json!(["open", url]));
    }

    /// The value of an expression on the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        self.ask(&json!(["evaluate", expression]))
    }

    /// Waits until an expression holds.
    pub(crate) fn wait(&mut self, expression: &str) -> Value {
        self.ask(&json!(["wait", expression]))
    }

    /// Clicks the first element that the selector finds.
    pub(crate) fn click(&mut self, selector: &str) {
        self.ask(&json!(["click", selector]));
    }

    /// Types into the first element that the selector finds, key by key.
    pub(crate) fn types(&mut self, selector: &str, text: &str) {
        self.ask(&json!(["type", selector, text]));
    }

    /// Keeps a picture of the whole page.
    pub(crate) fn picture(&mut self, name: &str) {
        self.ask(&json!(["picture", name]));
    }

    /// Keeps the page as it is printed.
    pub(crate) fn printed(&mut self, name: &str) {
        self.ask(&json!(["printed", name]));
    }

    /// What pages asked for since this was last asked, and what their console said.
    pub(crate) fn watched(&mut self) -> (Vec<String>, Vec<String>) {
        let watched = self.ask(&json!(["watched"]));
        let list = |value: &Value| {
            value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        (list(&watched["asked"]), list(&watched["said"]))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends at the end of its orders, and takes Chromium with it.
        drop(self.told.take());
        let _reaped = self.child.wait();
    }
}
