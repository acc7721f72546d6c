//! Metrics: one more projection of the log. They are counted over the whole log, so a restart loses nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use commands::{
    journal::{CallOutcome, Event, Refusal},
    run::{Run, StepState},
};
use futures::TryStreamExt as _;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
        info::Info,
    },
    registry::{Registry, Unit},
};
use storage::{Log, ReadError, Record};

use crate::{
    audit::Progress,
    slack::{outbox, socket::Hearing},
};

/// Upper bounds, in seconds, of how long steps take.
const STEP_SECONDS: [f64; 10] = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0];

/// The metrics of one bot.
#[derive(Clone)]
pub struct Metrics {
    log: Log,
    outbox: Arc<outbox::Progress>,
    replica: Option<Arc<Progress>>,
    registry: Arc<Registry>,
    series: Series,
    /// Open runs, to tell how long their steps took.
    runs: Arc<Mutex<BTreeMap<String, Run>>>,
}

#[derive(Clone)]
struct Series {
    commands: Family<OutcomeLabel, Counter>,
    refusals: Family<ReasonLabel, Counter>,
    steps: Family<StepLabels, Histogram, Buckets>,
    changes: Family<ChangeLabels, Counter>,
    runs: Family<StateLabel, Gauge>,
    log_records: Gauge,
    log_checked: Gauge,
    log_head_fault: Gauge,
    replica_lag_records: Gauge,
    replica_lag: Gauge<f64, AtomicU64>,
    outbox_lag: Family<ChannelLabel, Gauge>,
    outbox_refused: Family<ChannelLabel, Gauge>,
    outbox_blocked: Family<ChannelLabel, Gauge>,
    outbox_plainer: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChannelLabel {
    channel: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabels {
    service: String,
    operation: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(STEP_SECONDS)
    }
}

impl Metrics {
    /// Metrics of `log`, of the outbox that follows it, and of Socket Mode and the replica where there are any.
    pub fn new(
        log: Log,
        outbox: Arc<outbox::Progress>,
        hearing: Option<&Hearing>,
        replica: Option<Arc<Progress>>,
    ) -> Self {
        let mut registry = Registry::with_prefix("standby");
        if let Some(hearing) = hearing {
            hearing.register(&mut registry);
        }
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        let series = Series {
            commands: Family::default(),
            refusals: Family::default(),
            steps: Family::new_with_constructor(Buckets),
            changes: Family::default(),
            runs: Family::default(),
            log_records: Gauge::default(),
            log_checked: Gauge::default(),
            log_head_fault: Gauge::default(),
            replica_lag_records: Gauge::default(),
            replica_lag: Gauge::default(),
            outbox_lag: Family::default(),
            outbox_refused: Family::default(),
            outbox_blocked: Family::default(),
            outbox_plainer: Gauge::default(),
        };
        registry.register("commands", "Commands and clicks by outcome", series.commands.clone());
        registry.register(
            "refusals",
            "Refused requests by reason, those not recorded one by one included",
            series.refusals.clone(),
        );
        registry.register_with_unit("step", "How long steps took", Unit::Seconds, series.steps.clone());
        registry.register("aws_changes", "Calls that change something in AWS, by outcome", series.changes.clone());
        registry.register("runs", "Runs that have not ended, by state", series.runs.clone());
        registry.register("log_records", "Records in the audit log", series.log_records.clone());
        registry.register(
            "log_checked",
            "1 once every record that was there at the start was read and is what was written",
            series.log_checked.clone(),
        );
        registry.register(
            "log_head_fault",
            "1 while the file with the log's head can't be written",
            series.log_head_fault.clone(),
        );
        if replica.is_some() {
            let records = series.replica_lag_records.clone();
            registry.register("replica_lag_records", "Records that the log's replica does not have yet", records);
            let help = "For how long the replica has lacked the oldest of them";
            registry.register_with_unit("replica_lag", help, Unit::Seconds, series.replica_lag.clone());
        }
        registry.register("outbox_lag_records", "Records that Slack does not show yet", series.outbox_lag.clone());
        registry.register(
            "outbox_refused_messages",
            "Messages given up since the start, because Slack refused them",
            series.outbox_refused.clone(),
        );
        registry.register(
            "outbox_blocked",
            "1 while messages to the channel do not get through: archived, unknown, the bot not in it, the token revoked, Slack away or asking to wait for long",
            series.outbox_blocked.clone(),
        );
        registry.register(
            "outbox_plainer_messages",
            "1 once the workspace has refused tables and plans: messages go without them until the next start",
            series.outbox_plainer.clone(),
        );
        Self { log, outbox, replica, registry: Arc::new(registry), series, runs: Arc::default() }
    }

    /// Follows the log until the task is dropped.
    pub async fn follow(self) {
        if let Err(error) = self.count_all().await {
            tracing::error!(%error, "metrics cannot read the log and stand still");
        }
    }

    async fn count_all(&self) -> Result<(), ReadError> {
        let mut records = self.log.follow(0);
        while let Some(record) = records.try_next().await? {
            self.count(&record);
        }
        Ok(())
    }

    /// The metrics now, as OpenMetrics text.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let size = self.log.head().size;
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.series.log_records.set(gauge(size));
        self.series.log_checked.set(self.log.is_checked().into());
        self.series.log_head_fault.set(self.log.head_fault().is_some().into());
        if let Some(replica) = &self.replica {
            let (records, seconds) = replica.lag(size);
            self.series.replica_lag_records.set(gauge(records));
            self.series.replica_lag.set(seconds);
        }
        for (channel, lane) in self.outbox.lanes() {
            let channel = ChannelLabel { channel: channel.to_owned() };
            let series = &self.series;
            let lag = size.saturating_sub(lane.next.load(Ordering::Relaxed));
            series.outbox_lag.get_or_create(&channel).set(gauge(lag));
            series.outbox_refused.get_or_create(&channel).set(gauge(lane.refused.load(Ordering::Relaxed)));
            series.outbox_blocked.get_or_create(&channel).set(i64::from(lane.trouble().is_some()));
        }
        self.series.outbox_plainer.set(i64::from(self.outbox.dialect().is_plainer()));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn count(&self, record: &Record) {
        let Some(event) = Event::of(record) else { return };
        let series = &self.series;
        match &event {
            Event::CommandReceived { .. } | Event::HelpGiven { .. } => series.command("accepted"),
            Event::CommandFailed { .. } => series.command("failed"),
            Event::CommandRefused { reason, .. } => {
                series.command("refused");
                series.refusal(*reason, 1);
            }
            Event::RequestRefused { reason, suppressed, .. } => series.refusal(*reason, 1 + suppressed),
            _ => {}
        }
        if record.run.is_some() {
            self.count_run(record, &event);
        }
    }

    fn count_run(&self, record: &Record, event: &Event) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = Run::begin(record) {
            runs.insert(run.id.to_string(), run);
        } else if let Some(run) = record.run.as_ref().and_then(|id| runs.get_mut(id)) {
            // The desk, which must not go on with such a run, says so.
            let _unexpected = run.apply(record);
            self.series.run(run, record, event);
        }
        runs.retain(|_, run| run.ended.is_none());
        let paused = runs.values().filter(|run| run.waiting_step().is_some()).count();
        let set = |state, count: usize| {
            self.series.runs.get_or_create(&StateLabel { state }).set(i64::try_from(count).unwrap_or(i64::MAX))
        };
        set("paused", paused);
        set("running", runs.len() - paused);
    }
}

impl Series {
    fn command(&self, outcome: &'static str) {
        self.commands.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    fn refusal(&self, reason: Refusal, count: u64) {
        let reason =
            serde_json::to_value(reason).ok().and_then(|reason| reason.as_str().map(str::to_owned)).unwrap_or_default();
        self.refusals.get_or_create(&ReasonLabel { reason }).inc_by(count);
    }

    fn run(&self, run: &Run, record: &Record, event: &Event) {
        match event {
            Event::CallFinished { intent, outcome, tries, .. } => {
                let Some(call) = run.calls.get(intent).map(|call| &call.call) else { return };
                let outcome = match outcome {
                    CallOutcome::Accepted { .. } => "accepted",
                    CallOutcome::Failed { .. } => "failed",
                    CallOutcome::Unknown { .. } => "unknown",
                };
                let of = |outcome| {
                    let (service, operation) = (call.service.clone(), call.operation.clone());
                    self.changes.get_or_create(&ChangeLabels { service, operation, outcome }).clone()
                };
                of(outcome).inc();
                if *tries > 1 {
                    // Those before the last were in vain.
                    of("failed").inc_by(u64::from(tries - 1));
                }
            }
            Event::StepDone { .. } | Event::StepFailed { .. } => {
                let ended = run.steps.iter().find(|(id, _)| Some(id.name()) == record.step.as_deref());
                if let Some((id, step)) = ended {
                    let result = if matches!(step.state, StepState::Done { .. }) { "done" } else { "failed" };
                    let took = record.at.duration_since(step.attempt_at).as_secs_f64();
                    self.steps.get_or_create(&StepLabels { step: id.name(), result }).observe(took);
                }
            }
            _ => {}
        }
    }
}
