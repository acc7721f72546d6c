//! The real program at the terminal: through the running bot's socket, and without a bot on the store itself.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tests::Cast;

use crate::{
    kill::{DARK, Live},
    process::succeeds,
    python,
};

#[tokio::test(flavor = "multi_thread")]
async fn terminal_asks_the_running_bot_and_does_without_one() {
    let stage = Live::open(DARK).await;
    allow(&stage);
    let bot = stage.start();
    socket_is_open_to_the_group(&stage).await;
    let status = told(&stage, &["status"]).await;
    assert!(status.contains("us-west-2") && status.contains("audit #"), "{status}");
    assert!(bot.terminate().success());
    assert!(!stage.store().join("standby.sock").exists());

    let history = told(&stage, &["history"]).await;
    assert!(history.contains("There was none yet"), "{history}");

    let mut promote = Terminal::open(stage.standby(&["promote", "nobody", "else", "is", "here"]));
    promote = promote.waits_for("Type exactly `promote us-west-2`").await;
    // Meanwhile it is the bot: others join it, and a second one is kept out.
    let joined = told(&stage, &["history"]).await;
    assert!(joined.contains("waiting for a decision"), "{joined}");
    let second = python::run(stage.standby(&["serve"]), "");
    assert!(!second.success && second.err.contains("is in use by process"), "{}", second.err);
    promote.types("promote us-west-2");
    let (ended_well, seen) = promote.ends().await;
    assert!(ended_well && seen.contains("is served by us-west-2"), "{seen}");

    // Slack was never asked for anything; when the bot is back, the channel has the whole story.
    assert!(stage.slack.messages(Cast::INCIDENT).is_empty());
    let bot = stage.start();
    stage.hears(|message| message.text.contains("is served by")).await;
    let gate = stage.hears(|message| message.text.contains("*Approved*")).await;
    assert!(gate.text.contains("(terminal)") && gate.buttons().count() == 0, "{}", gate.text);
    assert!(bot.terminate().success());
}

/// Lets whoever runs this test use the terminal as Maya.
fn allow(stage: &Live) {
    let mut id = Command::new("id");
    id.arg("-un");
    let user = succeeds(id);
    let text = std::fs::read_to_string(&stage.config).unwrap();
    let terminal =
        format!("viewers = [\"*\"]\nrequester_may_approve = true\nterminal = {{ {} = {:?} }}", user.trim(), Cast::MAYA);
    std::fs::write(&stage.config, text.replace("viewers = [\"*\"]", &terminal)).unwrap();
}

/// Waits for the socket, which comes after the log was read.
async fn socket_is_open_to_the_group(stage: &Live) {
    let mode = || std::fs::metadata(stage.store().join("standby.sock")).map(|file| file.permissions().mode() & 0o777);
    let open = async {
        while mode().ok() != Some(0o660) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), open).await.is_ok(), "{:?}", mode());
}

/// Runs the program to a good end; what it told.
async fn told(stage: &Live, args: &[&str]) -> String {
    let command = stage.standby(args);
    tokio::task::spawn_blocking(move || succeeds(command)).await.unwrap()
}

/// The program, with somebody who reads and types.
struct Terminal {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    seen: String,
}

impl Terminal {
    fn open(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, seen: String::new() }
    }

    /// Reads on until a line has that text.
    async fn waits_for(mut self, text: &'static str) -> Self {
        let read = tokio::task::spawn_blocking(move || {
            loop {
                let from = self.seen.len();
                assert!(self.out.read_line(&mut self.seen).unwrap() > 0, "it ended without {text:?}:\n{}", self.seen);
                if self.seen[from..].contains(text) {
                    return self;
                }
            }
        });
        read.await.unwrap()
    }

    fn types(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Reads to the end; whether it was a good one, and all that was told.
    async fn ends(mut self) -> (bool, String) {
        let ended = tokio::task::spawn_blocking(move || {
            std::io::Read::read_to_string(&mut self.out, &mut self.seen).unwrap();
            (self.child.wait().unwrap().success(), self.seen.split_off(0))
        });
        ended.await.unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
