//! `standby audit` as people type it, from the first key to a damaged store: the real program, beside the running bot and without it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use rehearsal::slack::Slack;
use tests::Cast;

use crate::{
    kill::Live,
    process::{standby, succeeds},
    python,
};

/// How long the bot may take for a record, in real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bot that signs its log and says who people are, and a folder for what people keep.
struct Office {
    live: Live,
    folder: tempfile::TempDir,
}

impl Office {
    async fn open() -> Self {
        let (live, folder) = (Live::open(Duration::from_secs(2)).await, tempfile::tempdir().unwrap());
        let office = Self { live, folder };
        let keygen = ["audit", "keygen", "--name", "standby.example.com/shop", "--output", &office.at("key")];
        office.keep("keys", &succeeds(standby(&keygen)));
        let config = fs::read_to_string(&office.live.config).unwrap();
        let audit = format!("[audit]\nemails = true\nsigning_key_file = {:?}\n", office.at("key"));
        fs::write(&office.live.config, format!("{config}\n{audit}")).unwrap();
        office
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn keep(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }

    /// What a command about the log prints.
    fn asks(&self, args: &[&str]) -> String {
        succeeds(self.live.standby(&[&["audit"], args].concat()))
    }

    /// Why a command about the log fails, or what it finds.
    fn fails(&self, args: &[&str]) -> String {
        let outcome = python::run(self.live.standby(&[&["audit"], args].concat()), "");
        assert!(!outcome.success, "{args:?} succeeds: {}", outcome.out);
        format!("{}{}", outcome.out, outcome.err)
    }

    /// An export as it is now, and what verifying it with this says.
    fn verifies(&self, with: &[&str]) -> Result<String, String> {
        let export = self.at("export.jsonl");
        self.asks(&["export", "--output", &export]);
        let outcome = python::run(standby(&[&["audit", "verify", &export], with].concat()), "");
        if outcome.success { Ok(outcome.out) } else { Err(outcome.out) }
    }

    /// Waits until the log has that event.
    async fn records(&self, event: &str) {
        let began = std::time::Instant::now();
        while !String::from_utf8_lossy(&self.live.log_file()).contains(&format!("\"event\":\"{event}\"")) {
            assert!(began.elapsed() < PATIENCE, "no {event}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn status(slack: &Slack) {
    slack.command(Cast::MAYA, Cast::INCIDENT, "status").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_shown_erased_and_rotated_stays_verifiable() {
    let office = Office::open().await;
    let mode = fs::metadata(office.at("key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = ["audit", "keygen", "--name", "standby.example.com/shop", "--output", &office.at("key")];
    let again = python::run(standby(&again), "");
    assert!(!again.success && again.err.contains("name a new file with --output"), "{}", again.err);

    let bot = office.live.start();
    status(&office.live.slack).await;
    office.records("person.resolved").await;

    // Signed by the running bot, on demand; proved to any client of such logs; the whole as a folder of tiles.
    let note = office.asks(&["checkpoint"]);
    assert!(note.starts_with("standby.example.com/shop\n"), "{note}");
    office.keep("witness", &note);
    let size: u64 = note.lines().nth(1).unwrap().parse().unwrap();
    let proof = office.asks(&["prove", "--record", "0"]);
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    assert!(office.asks(&["prove", "--since", "1"]).contains("standby.example.com/shop"));
    let beyond = office.fails(&["prove", "--record", "1000000"]);
    assert!(beyond.contains("records; name one of them"), "{beyond}");
    let (tiles, keys) = (office.at("tiles"), office.at("keys"));
    office.asks(&["tiles", "--output", &tiles]);
    let verified = succeeds(standby(&["audit", "verify", &tiles, "--keys", &keys]));
    assert!(verified.contains("are signed by standby.example.com/shop+"), "{verified}");

    // An auditor gets the addresses, and keeps them.
    let people = office.asks(&["people"]);
    assert!(people.contains("maya@shop.example"), "{people}");
    office.keep("people", &people);
    let (people, witness) = (office.at("people"), office.at("witness"));
    let said = office.verifies(&["--keys", &keys, "--witness", &witness, "--people", &people]).unwrap();
    assert!(said.contains("1 of 1 kept checkpoints agree"), "{said}");
    assert!(said.contains("1 e-mail addresses are what the records commit to"), "{said}");
    office.keep("forged", &fs::read_to_string(&people).unwrap().replace("maya@", "jonas@"));
    let forged = office.verifies(&["--people", &office.at("forged")]).unwrap_err();
    assert!(forged.contains(&format!("no record here commits to what is said of {}", Cast::MAYA)), "{forged}");
    assert!(!String::from_utf8_lossy(&office.live.log_file()).contains("maya@"), "the log has no address");

    // She has the right to be forgotten.
    let shown = office.asks(&["erase", Cast::MAYA]);
    assert!(shown.contains("maya@") && office.asks(&["people"]).contains("maya@"), "shown, and not erased yet");
    office.asks(&["erase", Cast::MAYA, "--yes"]);
    assert_eq!(office.asks(&["people"]), "");
    office.records("person.erased").await;
    assert!(office.fails(&["erase", Cast::MAYA, "--yes"]).contains("nothing is kept of"));
    assert!(office.fails(&["erase", "../head", "--yes"]).contains("is no user's id"));
    office.verifies(&["--keys", &keys, "--witness", &witness]).unwrap();

    // The key is replaced; whoever trusts the first one trusts the next.
    let next = office.asks(&["rotate", "--output", &office.at("next")]);
    assert!(next.starts_with("standby.example.com/shop+"), "{next}");
    assert!(bot.terminate().success());
    let config = fs::read_to_string(&office.live.config).unwrap();
    fs::write(&office.live.config, config.replace(&office.at("key"), &office.at("next"))).unwrap();
    let bot = office.live.start();
    status(&office.live.slack).await;
    let second = office.asks(&["checkpoint"]);
    assert!(second.lines().nth(1).unwrap().parse::<u64>().unwrap() > size);
    let said = office.verifies(&["--keys", &keys, "--witness", &witness]).unwrap();
    let key = next.splitn(3, '+').take(2).collect::<Vec<_>>().join("+");
    assert!(said.contains(&format!("signed by {key}")), "{said}");
    assert!(bot.terminate().success());

    // Without the bot the same commands do it on the store.
    office.asks(&["checkpoint"]);
    office.keep("last", &office.asks(&["checkpoint"]));
    office.verifies(&["--keys", &keys, "--witness", &office.at("last")]).unwrap();
    damaged(&office, &office.at("last"));
}

/// Somebody changes a byte: nothing goes on until a person says so, and what was kept elsewhere tells.
fn damaged(office: &Office, witness: &str) {
    assert!(office.asks(&["repair"]).contains("the log is sound; nothing was changed"));
    let path = office.live.store().join("segments/00000000000000000000.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let refused = python::run(office.live.standby(&["serve"]), "");
    assert!(!refused.success && refused.err.contains("standby audit repair"), "{}", refused.err);
    let said = office.asks(&["repair"]);
    assert!(said.contains("the log goes on at record"), "{said}");
    let kept = said.split("is kept in ").nth(1).and_then(|rest| rest.split(". ").next()).unwrap();
    assert!(Path::new(kept).is_dir(), "{said}");
    office.verifies(&[]).unwrap();
    let caught = office.verifies(&["--witness", witness]).unwrap_err();
    assert!(caught.contains("the log was cut"), "{caught}");
}
