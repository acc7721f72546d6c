//! A stage on which the bot may die at any moment, and a witness beside it.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use rehearsal::{EcsService, Interference, ListenerState, PairState, ServiceState, Side, World};
use serde_json::Value;
use storage::{Log, Record, export, verify};
use tokio::task::JoinHandle;

use super::{random::Moment, story::is_manned};
use crate::{
    Cast, Stage,
    model::{self, Evidence, Witnessed},
};

/// Simulated time after which everything that was begun in the world has come to its end, and Slack shows it.
const SETTLED: Duration = Duration::from_secs(150);

/// A stage with its witness.
pub struct Rig {
    /// The stage.
    pub stage: Stage,
    /// Records that came before the story.
    pub before: u64,
    /// When the story begins.
    pub begins: Timestamp,
    witness: Witness,
}

/// What a story comes to: the same, whatever went wrong on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    writer: Option<Side>,
    failover: Option<String>,
    aliases: Vec<(String, String)>,
    resolves_to: Option<Side>,
    services: [Vec<ServiceState>; 2],
    listeners: [ListenerState; 2],
}

impl End {
    /// The same but for the old primary's services: taking them down is best effort.
    #[must_use]
    pub fn unfenced(mut self) -> Self {
        self.services[0].clear();
        self
    }

    /// Whether the region of that side serves, whole.
    pub fn is_served_by(&self, side: Side) -> bool {
        let index = usize::from(side == Side::Dr);
        let capacity = is_manned(&self.services[index]);
        let one = self.aliases.windows(2).all(|pair| pair[0].1 == pair[1].1);
        self.writer == Some(side) && self.resolves_to == Some(side) && one && self.failover.is_none() && capacity
    }
}

impl Rig {
    /// A rig over a stage that was just opened.
    pub fn over(stage: Stage) -> Self {
        let mut witness = Witness::of(stage.world.clone());
        witness.follow(stage.log());
        Self { before: 0, begins: stage.world.now(), stage, witness }
    }

    /// What happened so far came before the story.
    pub fn begins_here(&mut self) {
        self.before = self.stage.log().head().size;
        self.begins = self.stage.world.now();
    }

    /// Ends the bot at once, as its death would.
    pub async fn crash(&mut self) {
        let log = self.stage.log();
        self.stage.crash().await;
        self.witness.stop(&log).await;
    }

    /// Starts the bot again on what it left behind.
    pub async fn start(&mut self) {
        self.stage.start().await;
        self.witness.follow(self.stage.log());
    }

    /// Ends the bot as soon as a record like that is durable, from number `from` on, before anything can follow from it; then the task ends with
    /// the record. What is left of the bot is put away by [`Rig::crash`].
    pub fn dies_after(
        &self,
        from: u64,
        mut is_it: impl FnMut(&Record) -> bool + Send + 'static,
    ) -> JoinHandle<Option<Arc<Record>>> {
        let desk = self.stage.desk();
        tokio::spawn(async move {
            let mut records = desk.log().follow(from);
            while let Ok(Some(record)) = records.try_next().await {
                if is_it(&record) {
                    desk.abort();
                    desk.log().close().await;
                    return Some(record);
                }
            }
            None
        })
    }

    /// Takes the record and what came after it from the log of a bot that died, as if none had become durable. What is derived from the
    /// records goes with them; it is made again.
    pub fn forget_from(&mut self, seq: u64) {
        let store = self.stage.store();
        for entry in fs::read_dir(store).expect("a store").map(|entry| entry.expect("an entry")) {
            match entry.file_type().expect("a type").is_dir() {
                true if entry.file_name() == "segments" => {}
                true => fs::remove_dir_all(entry.path()).expect("a folder to remove"),
                false => fs::remove_file(entry.path()).expect("a file to remove"),
            }
        }
        let mut left = usize::try_from(seq).expect("a number of records");
        for path in self.segments() {
            let text = fs::read_to_string(&path).expect("a readable segment");
            let kept: String = text.split_inclusive('\n').take(left).collect();
            left -= kept.lines().count();
            fs::write(&path, kept).expect("a writable segment");
        }
        self.witness.forget_from(seq);
    }

    /// Lets somebody interfere at a moment of what follows, once.
    pub fn lurks(&self, moment: Moment, what: Interference) {
        self.witness.lurking.lock().unwrap_or_else(PoisonError::into_inner).push((moment, what));
    }

    /// Waits until everything that was begun has ended.
    pub async fn settle(&self) {
        tokio::time::sleep(SETTLED).await;
    }

    /// What the story has come to.
    pub fn end(&self) -> End {
        let pair = self.witness.pair();
        End {
            writer: pair.writer,
            failover: pair.failover,
            aliases: pair.aliases,
            resolves_to: pair.resolves_to,
            services: [pair.primary.services, pair.dr.services],
            listeners: [pair.primary.listener, pair.dr.listener],
        }
    }

    /// What of the invariants does not hold.
    pub async fn violations(&mut self) -> Vec<String> {
        let log = self.stage.log();
        self.witness.stop(&log).await;
        let violations = model::violations(&self.evidence(&log).await);
        self.witness.follow(log);
        violations
    }

    async fn evidence(&self, log: &Log) -> Evidence {
        let seen = self.witness.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let records = self.lines().into_iter().zip(seen).map(|(line, (at, pair))| Witnessed { at, pair, line });
        let messages = self.stage.slack.messages(Cast::INCIDENT);
        let buttons = messages.iter().flat_map(|message| message.buttons());
        Evidence {
            records: records.collect(),
            calls: self.stage.world.calls(),
            interferences: self.stage.world.interferences(),
            configured: self.of_services(|service| service.desired),
            minimum: self.of_services(|service| service.min),
            verified: verified(log).await,
            buttons: buttons.filter_map(|(_, button)| button["value"].as_str().map(str::to_owned)).collect(),
        }
    }

    /// A number of each service in production.
    fn of_services(&self, number: impl Fn(&EcsService) -> u32) -> Vec<(String, u32)> {
        let pair = self.stage.world.pairs().remove(0);
        pair.services.iter().map(|service| (service.name.clone(), number(service))).collect()
    }

    /// The lines of the log, from its files.
    pub fn lines(&self) -> Vec<Value> {
        let segments = self.segments();
        let texts = segments.iter().map(|path| fs::read_to_string(path).expect("a readable segment"));
        texts
            .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<_>>())
            .collect()
    }

    /// The files of the log, in order.
    fn segments(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.stage.store().join("segments")).expect("segments");
        let mut segments: Vec<_> = folder.map(|entry| entry.expect("a segment").path()).collect();
        segments.sort();
        segments
    }
}

async fn verified(log: &Log) -> Result<(), String> {
    let mut bytes = Vec::new();
    let head = export::write(log.reader(), &mut bytes).await.map_err(|error| error.to_string())?;
    verify::verify(bytes.as_slice(), Some(head)).map(drop).map_err(|faults| format!("{faults:?}"))
}

/// Notes when each record became durable, by the world's clock, and how the world was then.
struct Witness {
    world: World,
    seen: Arc<Mutex<Vec<(Timestamp, PairState)>>>,
    /// Who waits for a moment to interfere.
    lurking: Arc<Mutex<Vec<(Moment, Interference)>>>,
    follower: Option<JoinHandle<()>>,
}

impl Witness {
    fn of(world: World) -> Self {
        Self { world, seen: Arc::default(), lurking: Arc::default(), follower: None }
    }

    fn count(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    fn forget_from(&self, seq: u64) {
        let kept = usize::try_from(seq).unwrap_or(usize::MAX);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).truncate(kept);
    }

    fn pair(&self) -> PairState {
        pair(&self.world)
    }

    fn follow(&mut self, log: Log) {
        let (world, seen, mut records) = (self.world.clone(), Arc::clone(&self.seen), log.follow(self.count()));
        let lurking = Arc::clone(&self.lurking);
        self.follower = Some(tokio::spawn(async move {
            while let Ok(Some(record)) = records.try_next().await {
                note(&world, &seen);
                come_out(&world, &lurking, &record);
            }
        }));
    }

    /// Stops following once everything that is durable is noted; no time passes meanwhile.
    async fn stop(&mut self, log: &Log) {
        if let Some(follower) = self.follower.take() {
            follower.abort();
            let _aborted = follower.await;
        }
        (self.count()..log.head().size).for_each(|_| note(&self.world, &self.seen));
    }
}

/// Whoever waits for this record interferes, now or as much later as they please.
fn come_out(world: &World, lurking: &Mutex<Vec<(Moment, Interference)>>, record: &Record) {
    let mut lurking = lurking.lock().unwrap_or_else(PoisonError::into_inner);
    for (moment, what) in lurking.extract_if(.., |(moment, _)| moment.is(record)) {
        let world = world.clone();
        tokio::spawn(async move {
            tokio::time::sleep(moment.later).await;
            // Refused where it does not fit.
            let _refused = world.interfere("shop", what);
        });
    }
}

fn note(world: &World, seen: &Mutex<Vec<(Timestamp, PairState)>>) {
    let sight = (world.now(), pair(world));
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(sight);
}

fn pair(world: &World) -> PairState {
    world.state().pairs.remove(0)
}
