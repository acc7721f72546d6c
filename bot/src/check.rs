//! `standby check`: configuration and permissions, without acting. Makes every read call that the bot makes, and says
//! what each found.

mod health;
mod replica;
mod slack;

use std::{collections::BTreeMap, io::Write, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use commands::{
    aws::{Aws, AwsError, Bucket, Network, Trial},
    egress::Connector,
    observation::{Observation, Seen, Side},
    observe::observe,
    readiness::{Level, Outcome, checks},
    topology::{Application, Applications, Duty, SideName},
};
use futures::{
    future::{OptionFuture, join_all},
    join,
};
use storage::Clock;

pub use self::{replica::check_replica, slack::check_slack};
use crate::{config::Config, failure::Failure, serve::socket_mode, slack::api::Api, terminal::as_typed_here};

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it must be.
    Pass,
    /// People should know.
    Warn,
    /// The bot could not do its work.
    Fail,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it found.
    pub verdict: Verdict,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub detail: String,
    /// What to do; absent when it passed.
    pub fix: Option<String>,
}

impl Row {
    fn new(verdict: Verdict, what: impl Into<String>, detail: impl Into<String>, fix: Option<&str>) -> Self {
        Self { verdict, what: what.into(), detail: detail.into(), fix: fix.map(str::to_owned) }
    }
}

/// Nobody waits for traffic here: each call gets several chances within this time, and all are made side by side.
const PATIENCE: Duration = Duration::from_secs(16);

/// Checks what the configuration file names, and prints a table.
///
/// # Errors
/// [`Failure::Found`] if anything failed.
pub async fn check(path: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let secrets = config.secrets(path, |name| std::env::var(name).ok())?;
    let connector = Connector::system()?;
    let api = Api::over_network(&connector, config.slack.api_url(), &secrets.bot_token)?;
    let socket = secrets.app_token.as_ref().map(|token| socket_mode(&connector, &config, token)).transpose()?;
    let mut rows = vec![slack::connection(&config.slack, &connector)];
    rows.extend(check_slack(&config, &secrets, &api, socket.as_ref()).await);
    let network = Network::over(connector)?;
    if let Some(replica) = &config.audit.replica {
        rows.extend(check_replica(&Bucket::connect(replica.place(), &network, Clock::system()).await).await);
    }
    rows.extend(check_applications(&config.applications, &network, &Clock::system()).await);
    print(&rows, out).context("failed to write")?;
    if rows.iter().any(|row| row.verdict == Verdict::Fail) { Err(Failure::Found) } else { Ok(()) }
}

/// The applications one after the other, each as [`check_application`] says; they are known to each other by the quotas that they share.
pub async fn check_applications(applications: &Applications, network: &Network, clock: &Clock) -> Vec<Row> {
    let (mut patient, mut connected) = (applications.clone(), BTreeMap::new());
    for (name, app) in &mut patient {
        app.timing.observation = PATIENCE;
        let aws = Aws::connect_patiently(Arc::new(app.clone()), network, clock.clone()).await;
        connected.insert(name.clone(), aws);
    }
    Aws::introduce(&connected);
    let mut rows = Vec::new();
    for ((name, app), aws) in patient.iter().zip(connected.values()) {
        rows.extend(check_application(name, app, aws, clock).await);
    }
    rows
}

/// What AWS answers to every read call about an application, and what a plan would say of it.
async fn check_application(name: &str, app: &Application, aws: &Aws, clock: &Clock) -> Vec<Row> {
    let project = app.failback.codebuild.as_ref().map(async |codebuild| {
        let project = codebuild.project.as_str();
        build_project(name, project, aws.has_build_project(project).await)
    });
    let (observation, roles, trials, stopped, project) = join!(
        observe(aws, app, clock),
        roles(name, app, aws),
        aws.try_reads(),
        stopped_tasks(name, app, aws),
        OptionFuture::from(project)
    );
    let mut rows = reads(name, app, &observation);
    rows.extend(trials.into_iter().map(|trial| tried(name, trial)));
    rows.extend(stopped);
    rows.extend(roles);
    rows.extend(project);
    rows.extend(health::health(name, app, aws, &observation).await);
    rows.extend(checks(name, app, &observation, clock.now()).into_iter().map(|check| {
        let verdict = match (check.outcome(), check.level) {
            (Outcome::Pass, _) => Verdict::Pass,
            (_, Level::Blocking) => Verdict::Fail,
            (_, Level::Warning) => Verdict::Warn,
        };
        let fix = check.fix.as_deref().map(as_typed_here);
        Row::new(verdict, format!("{name} {}", check.id), check.detail, fix.as_deref())
    }));
    rows
}

/// What a run asks only where tasks are missing: without it, it says less of why.
async fn stopped_tasks(name: &str, app: &Application, aws: &Aws) -> Vec<Row> {
    let Some(service) = app.services.first() else { return Vec::new() };
    let sides = [SideName::Primary, SideName::Dr];
    join_all(sides.map(async |side| {
        let what = format!("{name} {} stopped tasks", app.side(side).region);
        let seen = aws.stopped_reason(side, &service.name).await.map_or_else(|error| error.seen(), Seen::Known);
        let row = read(what, &seen);
        Row { verdict: row.verdict.min(Verdict::Warn), ..row }
    }))
    .await
}

/// Whether the roles that change something can be taken, which nothing else tries before the day. The reading one shows in what was read.
async fn roles(name: &str, app: &Application, aws: &Aws) -> Vec<Row> {
    let mut rows = Vec::new();
    for side in [SideName::Primary, SideName::Dr].into_iter().filter(|&side| app.side(side).roles.is_some()) {
        for duty in [Duty::Promote, Duty::Failback] {
            let what = format!("{name} {} role in {}", duty.name(), app.side(side).region);
            rows.push(match aws.caller_for(side, duty).await {
                Ok(caller) => Row::new(Verdict::Pass, what, caller.arn, None),
                Err(error) => {
                    let fix = "let the bot's own identity assume it: its own policy, and the role's trust";
                    Row::new(Verdict::Fail, what, error.to_string(), Some(fix))
                }
            });
        }
    }
    rows
}

/// Whether the project that applies Terraform can be seen.
fn build_project(name: &str, project: &str, found: Result<bool, AwsError>) -> Row {
    let what = format!("{name} CodeBuild project");
    let fix = "name a project of the DR region in failback.codebuild.project";
    match found {
        Ok(true) => Row::new(Verdict::Pass, what, format!("{project} can be read"), None),
        Ok(false) => Row::new(Verdict::Fail, what, format!("there is no {project} in the DR region"), Some(fix)),
        Err(error) => unread(what, &error.seen::<()>()),
    }
}

/// Whether each read call was answered.
fn reads(name: &str, app: &Application, observation: &Observation) -> Vec<Row> {
    let mut rows = vec![
        read(format!("{name} global cluster"), &observation.global),
        read(format!("{name} replication lag"), &observation.lag),
    ];
    rows.extend(observation.records.iter().map(|record| match app.records.len() {
        1 => read(format!("{name} record"), &record.sets),
        _ => read(format!("{name} record {}", record.name), &record.sets),
    }));
    for side in [SideName::Primary, SideName::Dr] {
        rows.extend(reads_of_side(&format!("{name} {}", app.side(side).region), observation.side(side)));
    }
    rows
}

fn reads_of_side(place: &str, side: &Side) -> Vec<Row> {
    let mut rows = vec![
        match &side.caller {
            Seen::Known(caller) => Row::new(
                Verdict::Pass,
                format!("{place} identity"),
                format!("{} in account {}", caller.arn, caller.account),
                None,
            ),
            unseen => unread(format!("{place} identity"), unseen),
        },
        read(format!("{place} database"), &side.db),
        read(format!("{place} endpoint"), &side.endpoint),
    ];
    if let Seen::Known(Some(db)) = &side.db {
        rows.push(read(format!("{place} subnets"), &db.zones));
        rows.extend(db.key.as_ref().map(|key| read(format!("{place} KMS key"), key)));
    }
    for service in &side.services {
        let place = format!("{place} service {}", service.name);
        rows.push(read(place.clone(), &service.state));
        if let Seen::Known(Some(state)) = &service.state {
            rows.push(read(format!("{place} task definition"), &state.task));
            rows.push(read(format!("{place} scalable target"), &state.scaling));
            rows.extend(state.target_groups.iter().map(|group| read(format!("{place} target health"), &group.healthy)));
        }
    }
    rows.extend(side.listener.as_ref().map(|listener| read(format!("{place} listener"), listener)));
    for (name, quota) in side.vcpu_quotas.iter().flat_map(|quotas| [("", &quotas.on_demand), (" (Spot)", &quotas.spot)])
    {
        // A quota that can't be told doesn't stand in the way.
        let row = read(format!("{place} vCPU quota{name}"), &quota.granted);
        rows.push(Row { verdict: row.verdict.min(Verdict::Warn), ..row });
    }
    rows
}

fn read<T>(what: String, seen: &Seen<T>) -> Row {
    match seen {
        Seen::Known(_) => Row::new(Verdict::Pass, what, "can be read", None),
        unseen => unread(what, unseen),
    }
}

/// A call that runs make and an observation does not.
fn tried(name: &str, Trial { what, action, result, is_needed }: Trial) -> Row {
    let what = format!("{name} {what}");
    match result {
        Ok(()) => Row::new(Verdict::Pass, what, format!("{action} is answered"), None),
        Err(error) => {
            let row = unread(what, &error.seen::<()>());
            if is_needed { row } else { Row { verdict: Verdict::Warn, ..row } }
        }
    }
}

/// What was not read: refused, with AWS's words and what they mean, or without an answer.
fn unread<T>(what: String, seen: &Seen<T>) -> Row {
    let fix = match seen.refused() {
        Some(_) => "resolve what AWS names here, then run `standby check` again",
        None => "check the network and whether the region answers, then run `standby check` again",
    };
    Row::new(Verdict::Fail, what, seen.why().unwrap_or_default(), Some(fix))
}

fn print(rows: &[Row], out: &mut impl Write) -> std::io::Result<()> {
    let width = rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
    for Row { verdict, what, detail, fix } in rows {
        let verdict = match verdict {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        writeln!(out, "{verdict}  {what:<width$}  {detail}")?;
        if let Some(fix) = fix {
            writeln!(out, "      {:<width$}  → {fix}", "")?;
        }
    }
    let count = |wanted| rows.iter().filter(|row| row.verdict == wanted).count();
    writeln!(out, "{} passed, {} warnings, {} failed", count(Verdict::Pass), count(Verdict::Warn), count(Verdict::Fail))
}
