//! What a run asks people to decide, and every message that asks it: posted until people can see it, looked after while it is open, and rid of its
//! live buttons once it is decided, wherever it stands.

mod asked;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

pub(in crate::slack) use self::asked::asked;
pub(super) use self::asked::{Asked, GATE, HANDOFF, failed, failure};
use super::{
    delivery::{Delivered, Delivery, Ended, Place, Post, Rest, Tries},
    run_view::{ANEW, key},
};
use crate::slack::kit::Message;

/// How often it is looked whether a question still stands; less often for each time that somebody deleted it.
const WATCH: Duration = Duration::from_secs(20);
/// Stands between a question's name and the number of the record that it was shown once more for.
pub(super) const ECHO: char = '@';

/// Whether the message of that name asks people something.
pub(super) fn is_question(name: &str) -> bool {
    matches!(name, GATE | HANDOFF) || name.starts_with("failed/")
}

/// The questions of one run, by the names of their messages.
pub(super) struct Questions {
    by_name: BTreeMap<String, Question>,
    /// When what Slack put off is tried again.
    rest: Rest,
}

/// A question and where it stands.
struct Question {
    /// What it says now; `None` while only its messages are known.
    says: Option<Says>,
    copies: Vec<Copy>,
    /// How often it was posted anew; `None` before it was posted at all.
    anew: Option<u32>,
    watched_at: Instant,
}

struct Says {
    message: Message,
    /// Number and time of the record that asks.
    cause: (u64, Timestamp),
    is_open: bool,
}

/// One message of a question.
struct Copy {
    place: Place,
    /// It was shown to somebody who asked, beside the one that is for everybody.
    is_echo: bool,
    /// People can press its buttons.
    is_live: bool,
    /// It says what the question says.
    is_current: bool,
}

/// A run's id and application.
pub(super) type About<'a> = (&'a str, &'a str);

impl Question {
    fn new() -> Self {
        Self { says: None, copies: Vec::new(), anew: None, watched_at: Instant::now() }
    }

    fn is_open(&self) -> bool {
        self.says.as_ref().is_some_and(|says| says.is_open)
    }

    /// Whether people can see it where everybody does, with its buttons.
    fn is_seen(&self) -> bool {
        self.copies.iter().any(|copy| copy.is_live && !copy.is_echo)
    }

    /// Whether nothing is left to be done about it now.
    fn is_settled(&self) -> bool {
        let said = self.says.is_none() || self.copies.iter().all(|copy| copy.is_current);
        said && (!self.is_open() || self.is_seen())
    }

    /// When it is looked whether it still stands.
    fn watch_due(&self) -> Option<Instant> {
        self.is_open().then(|| self.watched_at + WATCH * (self.anew.unwrap_or_default() + 1))
    }
}

impl Questions {
    pub(super) fn new() -> Self {
        Self { by_name: BTreeMap::new(), rest: Rest::new() }
    }

    /// Takes in that a message of a question was posted; `anew` is how often it had been before, `None` where somebody asked to see it.
    pub(super) fn posted(&mut self, name: &str, anew: Option<u32>, place: Place) {
        let question = self.by_name.entry(name.to_owned()).or_insert_with(Question::new);
        question.anew = question.anew.max(anew);
        if question.copies.iter().any(|copy| copy.place == place) {
            return;
        }
        // One that comes to light after the decision still has its buttons.
        let is_current = question.says.as_ref().is_none_or(|says| says.is_open);
        question.copies.push(Copy { place, is_echo: anew.is_none(), is_live: true, is_current });
    }

    /// Asks, unless it is asked already.
    pub(super) fn ask(&mut self, Asked { name, message, cause }: Asked) {
        let question = self.by_name.entry(name).or_insert_with(Question::new);
        if question.says.is_none() {
            question.says = Some(Says { message, cause, is_open: true });
            question.watched_at = Instant::now();
            self.rest = Rest::new();
        }
    }

    /// Says something else in every message of a question, which stays as open as it is or is decided.
    pub(super) fn change(&mut self, name: &str, message: Message, cause: (u64, Timestamp), is_open: bool) {
        let question = self.by_name.entry(name.to_owned()).or_insert_with(Question::new);
        question.says = Some(Says { message, cause, is_open });
        question.copies.iter_mut().for_each(|copy| copy.is_current = false);
        self.rest = Rest::new();
    }

    /// Looks no more after a question that needs no answer any more; its messages stay as they are.
    pub(super) fn forget(&mut self, name: &str) {
        if self.by_name.get(name).is_some_and(Question::is_open) {
            self.by_name.remove(name);
        }
    }

    /// Number of the first record that people do not see whole.
    pub(super) fn unseen_since(&self) -> Option<u64> {
        self.since(|question| !question.is_settled())
    }

    /// Number of the first record that has to be read again after a restart.
    pub(super) fn needed_since(&self) -> Option<u64> {
        self.since(|question| question.is_open() || !question.is_settled())
    }

    fn since(&self, counts: impl Fn(&Question) -> bool) -> Option<u64> {
        let questions = self.by_name.values().filter(|question| counts(question));
        questions.filter_map(|question| question.says.as_ref()).map(|says| says.cause.0).min()
    }

    /// When something is to be done about them.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = |question: &Question| match question.is_settled() {
            true => question.watch_due().map(|due| due.max(self.rest.until())),
            false => Some(self.rest.until()),
        };
        self.by_name.values().filter_map(due).min()
    }

    /// Posts what people do not see, and says in every message what it is to say.
    pub(super) async fn settle(&mut self, about: About<'_>, delivery: &mut Delivery) -> Result<(), Ended> {
        let now = Instant::now();
        if self.rest.until() > now {
            return Ok(());
        }
        let failures = self.rest.failures();
        let mut all = true;
        for (name, question) in &mut self.by_name {
            if question.watch_due().is_some_and(|due| due <= now) {
                question.watch(delivery).await?;
            }
            if !question.is_settled() {
                question.settle(name, about, failures, delivery).await?;
            }
            all &= question.is_settled();
        }
        if all {
            self.rest = Rest::new()
        } else {
            self.rest.extend()
        }
        Ok(())
    }
}

impl Question {
    /// Forgets messages that somebody deleted.
    async fn watch(&mut self, delivery: &mut Delivery) -> Result<(), Ended> {
        self.watched_at = Instant::now();
        let mut standing = Vec::new();
        for copy in std::mem::take(&mut self.copies) {
            if copy.is_echo || delivery.stands(&copy.place).await? {
                standing.push(copy);
            }
        }
        self.copies = standing;
        Ok(())
    }

    async fn settle(
        &mut self,
        name: &str,
        about: About<'_>,
        failures: u32,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        let Some(says) = &self.says else { return Ok(()) };
        let mut standing = Vec::new();
        for mut copy in std::mem::take(&mut self.copies) {
            if copy.is_current || says.brought(&mut copy, name, about, failures, delivery).await? {
                standing.push(copy);
            }
        }
        self.copies = standing;
        if !says.is_open || self.is_seen() {
            return Ok(());
        }
        let anew = self.anew.map_or(0, |anew| anew + 1);
        let key = match anew {
            0 => key(about.0, name),
            _ => key(about.0, &format!("{name}{ANEW}{anew}")),
        };
        let (place, is_live) = match delivery.post(&says.post(&key, about, failures)).await? {
            Delivered::At(place) => (place, true),
            Delivered::WithoutButtons(place) => (place, false),
            Delivered::Gone | Delivered::Refused | Delivered::Closed | Delivered::PutOff => return Ok(()),
        };
        if anew > 0 {
            tracing::warn!(key, "a question that people could not see was posted anew");
        }
        self.copies.push(Copy { place, is_echo: false, is_live, is_current: true });
        (self.anew, self.watched_at) = (Some(anew), Instant::now());
        Ok(())
    }
}

impl Says {
    /// Brings a message up to date, if Slack takes that now. Whether the message is still there.
    async fn brought(
        &self,
        copy: &mut Copy,
        name: &str,
        about: About<'_>,
        failures: u32,
        delivery: &mut Delivery,
    ) -> Result<bool, Ended> {
        let key = key(about.0, name);
        let post = self.post(&key, about, failures);
        match delivery.update(&post, &copy.place).await? {
            Delivered::At(_) => (copy.is_current, copy.is_live) = (true, true),
            Delivered::WithoutButtons(_) => (copy.is_current, copy.is_live) = (true, false),
            Delivered::Closed => copy.is_live = false,
            Delivered::Refused | Delivered::PutOff => {}
            Delivered::Gone => {
                if !self.is_open {
                    delivery.report_gone(&post, &copy.place).await;
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn post<'a>(&'a self, key: &'a str, (run, application): About<'a>, failures: u32) -> Post<'a> {
        Post {
            key,
            application: Some(application),
            run: Some(run),
            thread: None,
            cause: self.cause,
            message: &self.message,
            tries: Tries::Question(failures),
        }
    }
}
