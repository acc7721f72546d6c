//! The app's home.

use commands::desk::Overview;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    history::standing,
    readiness,
    status::{lag, run, serves, standing as stands},
    wording::label,
};
use crate::slack::{
    kit::{context, fields, header, section},
    text::{actor, code, date, escape},
};

/// Applications shown; two blocks each, and Slack takes 100 blocks of a home.
const SHOWN: usize = 48;

/// What a person sees who opens the app: the applications that they may look at, as they were seen at `now`.
pub fn home(applications: &[Overview], now: Timestamp) -> Vec<Value> {
    if applications.is_empty() {
        return vec![
            header("Standby"),
            section("You may not look at any application here. Who may is in the configuration of the bot."),
        ];
    }
    let mut blocks = vec![header("Standby")];
    for seen in applications.iter().take(SHOWN) {
        let (stands, next) = stands(&seen.status, seen.asks);
        blocks.push(section(&format!(
            "*{}*: {} · {}",
            escape(&seen.status.application),
            escape(&stands),
            label(seen.status.environment)
        )));
        blocks.push(fields([
            ("Serves", serves(&seen.status)),
            ("Replication lag", lag(&seen.status)),
            ("Readiness", readiness::summary(&seen.status.checks)),
            ("Run", run(&seen.status)),
            ("Last run", last(seen)),
            ("Next", next),
        ]));
    }
    let untold = applications.len().saturating_sub(SHOWN);
    let more = if untold == 0 { String::new() } else { format!(" · {untold} more: `/dr status APP`") };
    blocks.push(context(&format!("seen {} · open this page again to look again{more}", date(now))));
    blocks
}

fn last(seen: &Overview) -> String {
    match &seen.last {
        None => "none yet".to_owned(),
        Some(run) => {
            let asked = format!("{} by {}", date(run.commanded_at), actor(&run.requester));
            format!("{} {asked}: {}", code(run.run.as_str()), standing(run))
        }
    }
}
