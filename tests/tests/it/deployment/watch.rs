//! What the host tells CloudWatch of a bot: the script itself, on the metrics of a real bot, with programs in place of `curl` and `aws`.

use std::{fs, process::Command, time::Duration};

use axum::http::StatusCode;
use rehearsal::{
    Fault,
    slack::{Fault as SlackFault, FaultKind},
};
use tests::{Cast, Stage};

use super::folder;

/// Programs that answer in place of the real ones.
pub(super) const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/host");

/// A host, as those programs find it.
struct Host(tempfile::TempDir);

impl Host {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The bot answers so.
    fn answers(&self, readiness: StatusCode, metrics: &str) {
        fs::write(self.0.path().join("metrics"), metrics).unwrap();
        if readiness.is_success() {
            fs::write(self.0.path().join("ready"), "").unwrap();
        }
    }

    /// Runs `watch`; the metrics that it told, each as its name and value.
    fn watch(&self, how: &str) -> Vec<String> {
        let told = self.0.path().join("told");
        let _none_yet = fs::remove_file(&told);
        let mut command = Command::new(folder().join("host/watch"));
        command.arg(how).env("PATH", format!("{PROGRAMS}:{}", std::env::var("PATH").unwrap()));
        command.env("HOST_STATE", self.0.path()).env("STANDBY_NAME", "shop-prod-standby");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = |line: &str| {
            let said = line.strip_prefix("cloudwatch put-metric-data --namespace Standby --metric-name ").unwrap();
            said.replace("--dimensions Host=shop-prod-standby --value ", "")
        };
        fs::read_to_string(told).unwrap_or_default().lines().map(line).collect()
    }
}

async fn tells(host: &Host, stage: &Stage) -> Vec<String> {
    let (readiness, _) = stage.reads("/readyz").await;
    let (_, metrics) = stage.reads("/metrics").await;
    host.answers(readiness, &metrics);
    host.watch("minute")
}

#[tokio::test(start_paused = true)]
async fn what_a_bot_measures_is_what_the_alarms_look_at() {
    let (host, stage) = (Host::new(), Stage::open().await);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(tells(&host, &stage).await, ["Ready 1", "PausedRuns 0", "SlackBehind 0", "ReplicaBehind 0", "Hears 1"]);

    // A run that waits for a person, while Slack takes nothing.
    stage.world.inject(Fault::PromotionFails { global_cluster: "shop-global".into() });
    stage.promotes().await;
    stage.slack.fault(SlackFault { method: None, kind: FaultKind::ServerError, times: None });
    stage.record(|record| record.event == "step.failed").await;
    stage.says(Cast::SAM, "status").await;
    let told = tells(&host, &stage).await;
    assert_eq!(told[1], "PausedRuns 1");
    let behind: u64 = told[2].strip_prefix("SlackBehind ").unwrap().parse().unwrap();
    assert!(behind > 0, "{told:?}");
}

#[test]
fn of_a_bot_that_is_gone_only_that_is_told() {
    let host = Host::new();
    assert_eq!(host.watch("minute"), ["Ready 0", "Hears 0"]);
}

#[test]
fn without_timers_each_is_told_in_its_time() {
    let host = Host::new();
    host.answers(StatusCode::OK, "standby_slack_connections 2\n");
    let told = host.watch("always");
    let times = |name: &str| told.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!(
        (times("Ready 1"), times("Hears 2"), times("CheckGreen"), times("LogVerified")),
        (4, 4, 1, 1),
        "{told:?}"
    );
}
