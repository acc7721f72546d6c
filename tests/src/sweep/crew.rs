//! The people of a story: they ask, confirm, and retry what failed, until it has come to its end.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use rehearsal::{FaultId, Interference, Membership, Side, slack::Message};
use storage::Record;
use tokio::time::{Instant, timeout};

use super::{Hand, Story};
use crate::{Cast, Stage};

/// How long people wait before they ask or press again.
const IMPATIENCE: Duration = Duration::from_secs(45);
/// Longest that people stay with it, in simulated time.
const STAMINA: Duration = Duration::from_secs(6 * 3600);
/// How often people retry.
const RETRIES: usize = 8;
/// Longest that people who ask for nothing leave a run open.
const WEARY: Duration = Duration::from_secs(2 * 3600);

/// What a paused run says where somebody took the writer, or the record after it had moved, or where its approval is too old: no retry helps, and people
/// begin anew from there.
const TAKEN_AWAY: [&str; 3] = ["is the writer now", "stack dns", "abort this run and ask again"];

/// The people.
pub struct Crew {
    story: Story,
    /// Whether they ask again until it is done; otherwise they are content when nothing waits for them.
    insists: bool,
    /// Whether they are content as soon as they have asked.
    once: bool,
    /// Whether they skip what fails, where they may.
    skips: bool,
    /// What they put right as soon as the bot complains.
    repairs: Vec<FaultId>,
    /// When each message was answered.
    answered: BTreeMap<String, Instant>,
    asked: Option<Instant>,
    retries: usize,
    /// Since when they wait for a run to end, or since they last asked for that.
    open_since: Option<Instant>,
    /// The log as far as they have read it.
    read: Vec<Arc<Record>>,
}

/// Where the story stands, by the log.
enum Standing {
    /// No run yet, or the last one came to nothing.
    Nothing,
    /// A run is open.
    Open,
    /// The last run was completed.
    Completed,
}

impl Crew {
    /// People who ask, and do not rest before it is done.
    pub fn of(story: Story) -> Self {
        let (repairs, answered) = (Vec::new(), BTreeMap::new());
        Self {
            story,
            insists: true,
            once: false,
            skips: false,
            repairs,
            answered,
            asked: None,
            retries: 0,
            open_since: None,
            read: Vec::new(),
        }
    }

    /// People who ask for nothing, and bring to an end what is open.
    pub fn stewards(story: Story) -> Self {
        Self { insists: false, ..Self::of(story) }
    }

    /// People who ask once, and bring to an end what comes of it.
    #[must_use]
    pub fn asking_once(mut self) -> Self {
        self.once = true;
        self
    }

    /// People who skip what fails, where they may.
    #[must_use]
    pub fn skipping(mut self) -> Self {
        self.skips = true;
        self
    }

    /// People who put these faults right as soon as the bot complains of anything.
    #[must_use]
    pub fn repairing(mut self, faults: impl IntoIterator<Item = FaultId>) -> Self {
        self.repairs.extend(faults);
        self
    }

    /// The log lost the record and what came after it.
    pub fn forget_from(&mut self, seq: u64) {
        self.read.truncate(usize::try_from(seq).unwrap_or(usize::MAX));
    }

    /// Plays until the story has come to its end.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn see_to_the_end(&mut self, stage: &Stage) -> Result<(), String> {
        match timeout(STAMINA, self.play(stage)).await {
            Ok(result) => result,
            Err(_) => Err(format!(
                "nothing ended within {} h; the channel holds:\n{}",
                STAMINA.as_secs() / 3600,
                stage.channel()
            )),
        }
    }

    async fn play(&mut self, stage: &Stage) -> Result<(), String> {
        loop {
            self.read_on(stage).await?;
            if self.read.iter().any(|record| complains(record)) {
                self.repairs.drain(..).for_each(|fault| stage.world.clear(fault));
            }
            let open = match self.standing() {
                Standing::Completed => return Ok(()),
                // Nothing is left to ask for: an earlier run that was not completed, or somebody by hand, did it.
                Standing::Nothing if self.is_done(stage) => return Ok(()),
                Standing::Open => true,
                Standing::Nothing => false,
            };
            self.apply(stage);
            Self::clear_away(stage).await;
            if let Some((message, action)) = self.question(stage) {
                self.press(stage, &message, &action).await?;
            } else if !open && !self.insists {
                return Ok(());
            } else if open && !self.insists && self.is_weary() {
                let _answer = stage.slack.command(Cast::JONAS, Cast::INCIDENT, "abort").await;
            } else if !open && self.asked.is_none_or(|asked| asked.elapsed() >= IMPATIENCE) {
                self.asked = Some(Instant::now());
                self.insists = !self.once;
                Self::stop_what_is_left(stage);
                let _answer = stage.slack.command(Cast::MAYA, Cast::INCIDENT, self.command(stage)).await;
            }
            self.wait(stage, self.read.len() as u64).await;
        }
    }

    /// What they ask for: where a promote was left half-way, users are brought to the writer before they are brought back.
    fn command(&self, stage: &Stage) -> &'static str {
        let pair = stage.world.state().pairs.remove(0);
        let half_way = pair.writer == Some(Side::Dr) && pair.resolves_to == Some(Side::Primary);
        match half_way && self.story.side() == Side::Primary {
            true => "promote users are not there yet",
            false => self.story.command(),
        }
    }

    async fn read_on(&mut self, stage: &Stage) -> Result<(), String> {
        let log = stage.log();
        let more: Vec<_> = log.read(self.read.len() as u64..).try_collect().await.map_err(|error| error.to_string())?;
        self.read.extend(more);
        Ok(())
    }

    /// Whether a run has been open for too long, and nothing that people wanted has ended it.
    fn is_weary(&mut self) -> bool {
        let since = *self.open_since.get_or_insert_with(Instant::now);
        let weary = since.elapsed() >= WEARY;
        if weary {
            self.open_since = None;
        }
        weary
    }

    fn is_done(&self, stage: &Stage) -> bool {
        self.story.is_done(&stage.world.state().pairs.remove(0))
    }

    /// Applies Terraform with the variables that the bot hands over, where it waits for that.
    fn apply(&self, stage: &Stage) {
        let handoff = self.read.iter().rev().find(|record| record.event == "handoff.given");
        let absent = stage.world.state().pairs.remove(0).primary.membership == Membership::Absent;
        let Some(text) = handoff.filter(|_| absent).and_then(|record| record.data["text"].as_str()) else { return };
        let words: Vec<&str> = text.split_whitespace().collect();
        let set = words.windows(2).filter(|pair| pair[0] == "-var").filter_map(|pair| pair[1].split_once('='));
        let variables = set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // Refused while an apply is under way, or the region is dark: they try again.
        let _refused = stage.world.apply_terraform("shop", &variables);
    }

    /// Stops the tasks that the outage left running beside a stale cluster, which nobody may delete under them.
    pub(super) fn stop_what_is_left(stage: &Stage) {
        let pair = stage.world.state().pairs.remove(0);
        if pair.primary.membership == Membership::Detached && pair.resolves_to == Some(Side::Dr) {
            // Refused while the region is dark: then it is done when they ask again.
            let _refused = stage.world.interfere("shop", Interference::Scales(Side::Primary, 0));
        }
    }

    /// Deletes a snapshot that failed, which the bot asks for before it takes another.
    async fn clear_away(stage: &Stage) {
        let snapshots = stage.world.state().pairs.remove(0).primary.snapshots.into_iter();
        for failed in snapshots.filter(|snapshot| snapshot.status == "failed" && !snapshot.automated) {
            // Refused if somebody else was faster.
            let _refused = Hand::in_pair_of(&stage.world).deletes_snapshot(&failed.id).await;
        }
    }

    /// Where the story stands: by its last run, and by whether that is the one that ends it.
    fn standing(&self) -> Standing {
        let (mut standing, mut runbook, mut rebuilt) = (Standing::Nothing, "", false);
        for record in &self.read {
            let completed = record.data["report"]["outcome"] == "completed";
            match record.event.as_str() {
                "run.started" => {
                    (standing, rebuilt) = (Standing::Open, false);
                    runbook = record.data["runbook"].as_str().unwrap_or_default();
                }
                "run.ended" if completed && runbook == self.story.runbook() => standing = Standing::Completed,
                // The way back goes on from it by itself, or says why not.
                "run.ended" if completed && runbook == "rebuild" => rebuilt = true,
                "run.ended" => standing = Standing::Nothing,
                "command.failed" if rebuilt => standing = Standing::Nothing,
                _ => {}
            }
        }
        standing
    }

    /// A message that waits for an answer, and the button that they want.
    fn question(&self, stage: &Stage) -> Option<(Message, String)> {
        let messages = stage.slack.messages(Cast::INCIDENT).into_iter();
        messages
            .filter(|message| self.is_due(message))
            .find_map(|message| self.wanted(&message).map(|action| (message, action)))
    }

    fn is_due(&self, message: &Message) -> bool {
        self.answered.get(&message.ts).is_none_or(|at| at.elapsed() >= IMPATIENCE)
    }

    fn wanted(&self, message: &Message) -> Option<String> {
        let offered: Vec<_> = message.buttons().filter_map(|(_, button)| button["action_id"].as_str()).collect();
        let skip: &[&str] = if self.skips { &["skip"] } else { &[] };
        let mut wanted = self.story.approvals().iter().chain(skip).chain(&["approve-restore", "retry"]);
        wanted.find(|action| offered.contains(action)).map(|&action| action.to_owned())
    }

    async fn press(&mut self, stage: &Stage, message: &Message, action: &str) -> Result<(), String> {
        let mut action = action;
        if action == "retry" && TAKEN_AWAY.iter().any(|taken| message.text.contains(taken)) {
            action = "abort";
        } else if action == "retry" {
            self.retries += 1;
            if self.retries > RETRIES {
                // What others changed, or somebody skipped earlier, is for people to see to; the run cannot.
                if self.insists
                    && !stage.of("step.resolved").await.iter().any(|record| record.data["resolution"] == "skip")
                {
                    return Err(format!("{RETRIES} retries did not help; the channel holds:\n{}", stage.channel()));
                }
                action = "abort";
                self.insists = false;
            }
        }
        self.answered.insert(message.ts.clone(), Instant::now());
        // Nobody answers while the bot is down: they press again later.
        let _answer = stage.slack.click_through(Cast::JONAS, &message.channel, &message.ts, action).await;
        Ok(())
    }

    /// Waits until there may be something to do.
    async fn wait(&self, stage: &Stage, from: u64) {
        let mut records = stage.log().follow(from);
        let ended = async {
            while let Ok(Some(record)) = records.try_next().await {
                if matches!(record.event.as_str(), "run.ended" | "command.failed") {
                    return;
                }
            }
        };
        let question = stage
            .slack
            .wait_for_message(Cast::INCIDENT, |message| self.is_due(message) && self.wanted(message).is_some());
        tokio::select! {
            biased;
            () = ended => {}
            _message = question => {}
            () = tokio::time::sleep(IMPATIENCE) => {}
        }
    }
}

/// Whether the record says that something failed.
fn complains(record: &Record) -> bool {
    matches!(record.event.as_str(), "run.paused" | "command.failed")
}
