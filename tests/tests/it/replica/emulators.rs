//! The real program with a locked bucket of emulators that nobody here wrote.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use tests::Cast;

use crate::{
    emulator::Emulators,
    kill::Live,
    process::{standby, succeeds},
    python,
    restore::lose,
};

/// How long the bot may take to bring a record to the bucket, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
const BUCKET: &str = "shop-prod-standby-log";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn a_lost_store_comes_back_from_a_bucket_that_lets_nobody_take_anything_away() {
    let folder = tempfile::tempdir().unwrap();
    let emulators = Emulators::start(folder.path());
    for (name, url) in [("ministack", &emulators.ministack), ("moto", &emulators.moto)] {
        let host = Host::open(url).await;
        host.script("make", &[]);
        let bot = host.live.start_as(host.standby(&["serve"]));
        host.asks_and_replicates().await;
        let mut check = host.standby(&["check"]);
        check.env("RUST_LOG", "off");
        // Some of it fails, since the primary is dark.
        let checked = python::run(check, "").out;
        assert!(checked.contains(&format!("bucket {BUCKET} locks each object for 2 days")), "{checked}");

        // Anybody can download the newest versions, and verify them with the public key alone.
        let (copy, keys) = (host.folder.path().join("copy"), host.folder.path().join("keys"));
        host.script("download", &[copy.to_str().unwrap()]);
        std::fs::write(&keys, &host.public).unwrap();
        let verify = ["audit", "verify", copy.to_str().unwrap(), "--keys", keys.to_str().unwrap()];
        println!("{name}: a download: {}", succeeds(standby(&verify)).trim());

        // The host is lost, and somebody who may write to the bucket does what the lock lets them do.
        drop(bot);
        let before = host.live.log_file();
        host.script("attack", &[]);
        lose(&host.live.store());
        let refused = python::run(host.standby(&["serve"]), "");
        assert!(!refused.success && refused.err.contains("has no log, and bucket"), "{}", refused.err);

        let said = succeeds(host.standby(&["audit", "restore"]));
        println!("{name}: {}", said.trim());
        assert!(said.contains("no trusted key signed"), "the stranger's checkpoint was not noticed: {said}");
        let after = host.live.log_file();
        assert!(after.starts_with(&before), "the restored log is not the one that was lost");
        let added = String::from_utf8(after[before.len()..].to_vec()).unwrap();
        assert!(added.lines().count() == 1 && added.contains("\"event\":\"log.restored\""), "{added}");
        host.live.verify();

        // And on it goes.
        let bot = host.live.start_as(host.standby(&["serve"]));
        host.asks_and_replicates().await;
        assert!(bot.terminate().success());
        let records = host.live.log_file().iter().filter(|&&byte| byte == b'\n').count();
        let said = succeeds(host.standby(&["audit", "restore", "--dry-run"]));
        assert!(said.contains(&format!("verified {records} records")), "{records}: {said}");

        // A host whose disk goes with it restores the log itself, and serves only then.
        let before = host.live.log_file();
        lose(&host.live.store());
        let bot = host.live.start_as(host.standby(&["serve", "--restore"]));
        let whole = host.live.log_file();
        assert!(whole.starts_with(&before), "the restored log is not the one that was lost");
        let after = String::from_utf8(whole[before.len()..].to_vec()).unwrap();
        assert!(
            after.starts_with('{') && after.lines().next().unwrap().contains("\"event\":\"log.restored\""),
            "{after}"
        );
        host.asks_and_replicates().await;
        assert!(bot.terminate().success());
        host.live.verify();
    }
}

/// A host whose bot has a replica on an emulator.
struct Host {
    live: Live,
    folder: tempfile::TempDir,
    url: String,
    public: String,
}

impl Host {
    async fn open(url: &str) -> Self {
        let (live, folder) = (Live::open(Duration::from_secs(2)).await, tempfile::tempdir().unwrap());
        let key = folder.path().join("audit-key");
        let keygen = ["audit", "keygen", "--name", "standby.example.com/shop", "--output", key.to_str().unwrap()];
        let public = succeeds(standby(&keygen));
        add_replica(&live.config, &key);
        Self { live, folder, url: url.to_owned(), public }
    }

    fn standby(&self, args: &[&str]) -> Command {
        let mut command = self.live.standby(args);
        command.env("AWS_ENDPOINT_URL_S3", &self.url);
        command
    }

    fn script(&self, act: &str, more: &[&str]) {
        python::passes("locked_bucket.py", &[&[self.url.as_str(), BUCKET, act], more].concat(), "");
    }

    /// Bytes of the log, which a bot that has just started may not have begun.
    fn written(&self) -> u64 {
        let segment = self.live.store().join("segments/00000000000000000000.jsonl");
        std::fs::metadata(segment).map_or(0, |file| file.len())
    }

    /// Has something recorded, and waits until the bucket has it.
    async fn asks_and_replicates(&self) {
        let began = Instant::now();
        let before = self.written();
        self.live.slack.command(Cast::SAM, Cast::INCIDENT, "status").await.unwrap();
        loop {
            let (_, metrics) = self.live.get("/metrics").await;
            let is_there = metrics.lines().any(|line| line == "standby_replica_lag_records 0");
            if is_there && self.written() > before {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the bucket lacks records:\n{metrics}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn add_replica(config: &PathBuf, key: &Path) {
    let text = std::fs::read_to_string(config).unwrap();
    let replica = format!(
        "\n[audit]\nsigning_key_file = {key:?}\n[audit.replica]\nbucket = {BUCKET:?}\nregion = \"us-west-2\"\nprefix = \"shop/\"\nmode = \"compliance\"\n\
         days = 2\nevery = 1\n"
    );
    std::fs::write(config, text + &replica).unwrap();
}
