//! What the host says of itself when the program starts: which boot, and whose clock.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::process::Command;

/// Longest that the time service may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The `data` of `host.observed`. What the host does not tell is `null`.
pub(super) async fn observed() -> Value {
    json!({
        "boot_id": read("/proc/sys/kernel/random/boot_id"),
        "clocksource": read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "kernel": read("/proc/sys/kernel/osrelease"),
        "time": time().await,
    })
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// What sets the clock, and how far off it is.
async fn time() -> Value {
    if let Some(said) = ask("chronyc", &["-c", "-n", "tracking"]).await
        && let Some(tracking) = chrony(&said)
    {
        return tracking;
    }
    match ask("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).await {
        Some(said) => json!({ "service": "timedatectl", "synchronized": said.trim() == "yes" }),
        None => Value::Null,
    }
}

/// The first line of `chronyc -c tracking`: reference id, its address, stratum, reference time, and the system clock's offset in seconds.
fn chrony(said: &str) -> Option<Value> {
    let fields: Vec<&str> = said.trim().split(',').collect();
    let [_, reference, stratum, _, offset, ..] = fields.as_slice() else { return None };
    let (stratum, offset): (u32, f64) = (stratum.parse().ok()?, offset.parse().ok()?);
    // An unsynchronised daemon has stratum 0 and no reference.
    Some(
        json!({ "service": "chrony", "synchronized": stratum > 0, "reference": reference, "stratum": stratum, "offset_s": offset }),
    )
}

/// What a program says, if there is one and it is content.
async fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn chrony_tells_its_source_and_offset() {
        let said = "A9FEA97B,169.254.169.123,4,1795334400.123456789,-0.000012345,0.000002,0.000010,-7.1,0.0,0.02,0.0004,0.0001,16.2,Normal\n";
        let told = chrony(said).unwrap();
        assert_eq!((&told["reference"], &told["offset_s"]), (&json!("169.254.169.123"), &json!(-0.000_012_345)));
        assert_eq!(chrony("7F7F0101,,0,0.0,0.0,0.0").unwrap()["synchronized"], json!(false));
        assert_eq!(chrony("506 Cannot talk to daemon"), None);
    }
}
