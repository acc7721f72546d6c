//! One conversation at the terminal: what was asked, what came of it as the log tells it, and what the person decides on the way.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::{
    desk::Desk,
    ids::RunId,
    journal::{Decision, Event},
    narration::{name, narrate, outcome},
    report::RunOutcome,
    request::{Press, Reply, Request},
    run::Run,
};
use futures::StreamExt as _;
use storage::{Actor, Origin, Record, Records};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    ending, plain,
    question::{Answer, Question},
    wire::{Ask, Said},
};
use crate::slack::{
    messages,
    text::{elapsed, seconds},
};

/// How much may wait to be read at either end.
const WAITING: usize = 64;
/// How long a run that follows on another may take to begin: it looks at both regions first.
const SUCCESSOR: Duration = Duration::from_secs(15);

/// Tells requests at the same length of the log apart.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// The person's end of a conversation. To drop it ends the conversation, and nothing else: a run goes on.
pub struct Link {
    /// What is typed.
    pub typed: mpsc::Sender<String>,
    /// What is seen.
    pub said: mpsc::Receiver<Said>,
}

/// Starts a conversation with that user of the host. It ends by itself, or with `stop`.
pub fn converse(desk: Desk, user: String, ask: Ask, stop: CancellationToken) -> Link {
    let (typed, typing) = mpsc::channel(WAITING);
    let (saying, said) = mpsc::channel(WAITING);
    let actor = Actor::Terminal { user };
    // From before the first request, whose record is looked for.
    let records = desk.log().follow(desk.log().head().size);
    let conversation = Conversation {
        desk,
        actor,
        saying,
        keys: BTreeSet::new(),
        asked: BTreeSet::new(),
        wanted: ending::wanted(&ask),
        run: None,
        question: None,
        offered: None,
        successor_by: None,
    };
    tokio::spawn(async move {
        // The person who left needs no answer.
        let _left = conversation.hold(ask, records, typing, stop).await;
    });
    Link { typed, said }
}

/// Nobody sees what is said any more.
struct Left;

/// Whether the conversation is over, and how.
type Over = Option<bool>;

struct Conversation {
    desk: Desk,
    actor: Actor,
    saying: mpsc::Sender<Said>,
    /// Keys of this person's requests, by which their records are found.
    keys: BTreeSet<String>,
    /// Numbers of those records: what answers them is for this person.
    asked: BTreeSet<u64>,
    wanted: RunOutcome,
    /// The run that is followed.
    run: Option<Run>,
    /// What the person was asked last.
    question: Option<Question>,
    /// What they may press since another run is open.
    offered: Option<Press>,
    /// The run that is followed became void, or was the first of two: the next one begins by then, if one does.
    successor_by: Option<Instant>,
}

impl Conversation {
    async fn hold(
        mut self,
        ask: Ask,
        mut records: Records,
        mut typing: mpsc::Receiver<String>,
        stop: CancellationToken,
    ) -> Result<(), Left> {
        let mut over = self.begin(ask).await?;
        let mut types = true;
        while over.is_none() {
            over = tokio::select! {
                biased;
                () = self.saying.closed() => return Err(Left),
                record = records.next() => match record {
                    Some(Ok(record)) => self.take(&record).await?,
                    Some(Err(error)) => self.fail(&format!("The audit log cannot be read: {error}.")).await?,
                    None => Some(false),
                },
                line = typing.recv(), if types => match line {
                    Some(line) => self.typed(line.trim()).await?,
                    None => {
                        types = false;
                        // Nobody takes the offer any more.
                        self.offered.is_some().then_some(false)
                    }
                },
                () = until(self.successor_by) => Some(false),
                () = stop.cancelled() => self.fail("The bot stops. An open run goes on when it is started again.").await?,
            };
        }
        self.say(Said::End(over.unwrap_or(false))).await
    }

    async fn begin(&mut self, ask: Ask) -> Result<Over, Left> {
        match ask {
            Ask::Command(text) => self.command(&text).await,
            Ask::Approve(run) => match self.gate_of("approve", run).await? {
                Some(run) => self.follow(run).await,
                None => Ok(Some(false)),
            },
            Ask::Refuse { run, reason } => self.say_no("refuse", run, |run| Press::Refuse { run, reason }).await,
            Ask::Cancel(run) => self.say_no("cancel", run, |run| Press::Cancel { run }).await,
        }
    }

    async fn say_no(
        &mut self,
        verb: &str,
        run: Option<String>,
        press: impl FnOnce(RunId) -> Press,
    ) -> Result<Over, Left> {
        let Some(run) = self.gate_of(verb, run).await? else { return Ok(Some(false)) };
        let press = press(run.id.clone());
        self.run = Some(run);
        self.press(press).await
    }

    async fn command(&mut self, text: &str) -> Result<Over, Left> {
        let request = self.request();
        let reply = self.desk.command(request.clone(), text).await;
        let Reply::Unrecorded(told) = reply else { return self.replied(reply).await };
        self.tell(plain::reply(&told)).await?;
        let seen = self.desk.look(&request, text).await;
        if let Some(message) = seen.and_then(|seen| messages::answer(&seen, None)) {
            self.tell(plain::message(&message)).await?;
        }
        Ok(Some(true))
    }

    async fn press(&mut self, press: Press) -> Result<Over, Left> {
        let request = self.request();
        let reply = self.desk.press(request, press).await;
        self.replied(reply).await
    }

    async fn gate_of(&mut self, verb: &str, run: Option<String>) -> Result<Option<Run>, Left> {
        let request = self.request();
        let id = run.as_deref().map(RunId::typed);
        let text = format!("{verb} {}", run.unwrap_or_default());
        match self.desk.gate_of(&request, text.trim_end(), id.as_ref()).await {
            Ok(run) => Ok(Some(run)),
            Err(reply) => self.replied(reply).await.map(|_| None),
        }
    }

    /// A request of this person, with a key of its own: the log has grown since an earlier start of the program, so that no two are equal.
    fn request(&mut self) -> Request {
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let dedupe = format!("terminal:{}:{number}", self.desk.log().head().size);
        self.keys.insert(dedupe.clone());
        Request { actor: self.actor.clone(), origin: Origin::Terminal, dedupe }
    }

    /// Tells the desk's reply; a refusal ends a conversation that follows no run.
    async fn replied(&mut self, reply: Reply) -> Result<Over, Left> {
        match reply {
            Reply::Accepted(text) => self.tell(plain::reply(&text)).await.map(|()| None),
            Reply::Told(text) | Reply::Unrecorded(text) => self.tell(plain::reply(&text)).await.map(|()| Some(true)),
            Reply::Offered { text, run, promote: promote @ Some(_) } => {
                let press = Press::Abort { run, promote };
                self.tell(format!("Refused: {}", plain::reply(&text))).await?;
                self.say(Said::Prompt(ending::offer(&press))).await?;
                self.offered = Some(press);
                Ok(None)
            }
            Reply::Refused { text, .. } | Reply::Offered { text, .. } => {
                self.tell(format!("Refused: {}", plain::reply(&text))).await?;
                match self.question {
                    Some(_) => self.prompt().await.map(|()| None),
                    None => Ok(Some(false)),
                }
            }
        }
    }

    /// What the person typed on the way.
    async fn typed(&mut self, line: &str) -> Result<Over, Left> {
        if let Some(press) = self.offered.take() {
            if !ending::takes(&press, line) {
                return self.fail("Nothing was changed.").await;
            }
            return self.press(press).await;
        }
        if let Some(command) = self.run.as_ref().and_then(|run| ending::ends(run, line)) {
            return self.command(&command.to_string()).await;
        }
        let (Some(run), Some(question)) = (&self.run, &self.question) else {
            return if line.is_empty() {
                Ok(None)
            } else {
                self.tell("Nothing is asked just now.".to_owned()).await.map(|()| None)
            };
        };
        let Some(answer) = question.answer(run, line) else {
            self.tell("Nothing was done: that is none of the answers.".to_owned()).await?;
            return self.prompt().await.map(|()| None);
        };
        match answer {
            Answer::Press(press) => self.press(press).await,
            Answer::Command(command) => self.command(&command.to_string()).await,
        }
    }

    /// The next record of the log.
    async fn take(&mut self, record: &Arc<Record>) -> Result<Over, Left> {
        let Some(event) = Event::of(record) else { return Ok(None) };
        if record.dedupe.as_ref().is_some_and(|key| self.keys.contains(key)) {
            self.asked.insert(record.seq);
            return self.take_up(record).await;
        }
        if self.run.as_ref().is_some_and(|run| record.run.as_deref() == Some(run.id.as_str())) {
            return self.of_run(record, &event).await;
        }
        self.answer(record, &event).await
    }

    /// A decision that was typed as a command names the run that is followed from here on.
    async fn take_up(&mut self, record: &Record) -> Result<Over, Left> {
        let (None, Some(id), "command.received") = (&self.run, &record.run, record.event.as_str()) else {
            return Ok(None);
        };
        match self.desk.run(&id.as_str().into()).await {
            Ok(Some(run)) => self.run = Some(run),
            Ok(None) => {}
            Err(error) => return self.fail(&error.to_string()).await,
        }
        Ok(None)
    }

    /// What answers this person's requests.
    async fn answer(&mut self, record: &Record, event: &Event) -> Result<Over, Left> {
        if !record.data["command"].as_u64().is_some_and(|command| self.asked.contains(&command)) {
            return Ok(None);
        }
        let message = match event {
            Event::RunStarted { .. } => {
                self.successor_by = None;
                return match Run::begin(record) {
                    Some(run) => self.follow(run).await,
                    None => Ok(None),
                };
            }
            Event::CommandFailed { error, .. } => {
                self.tell(format!("Failed: {} (audit #{})", plain::reply(error), record.seq)).await?;
                let over = self.run.as_ref().is_none_or(|run| run.ended.is_some());
                return Ok((over || self.successor_by.is_some()).then_some(false));
            }
            Event::HandoffLooked { lacks, .. } => {
                let message =
                    messages::looked(record.application.as_deref().unwrap_or_default(), lacks.as_deref(), record.seq);
                self.tell(plain::message(&message)).await?;
                return Ok(None);
            }
            event => match messages::answer(event, Some(record.seq)) {
                Some(message) => message,
                None => return Ok(None),
            },
        };
        self.tell(plain::message(&message)).await?;
        Ok(Some(true))
    }

    /// Follows a run from where it stands.
    async fn follow(&mut self, run: Run) -> Result<Over, Left> {
        let Run { id, application, .. } = &run;
        let ends = format!("`standby abort {id}` ends it at any time.");
        self.tell(format!("Run {id}: {} {application}. {ends}", id.runbook())).await?;
        self.question = None;
        self.run = Some(run);
        self.ask().await.map(|()| None)
    }

    /// A record of the run that is followed.
    async fn of_run(&mut self, record: &Record, event: &Event) -> Result<Over, Left> {
        let Some(run) = &mut self.run else { return Ok(None) };
        if let Err(error) = run.apply(record) {
            return self.fail(&error.to_string()).await;
        }
        if let Some(said) = narrate(run, record, event) {
            let since = seconds(elapsed(run.commanded_at, record.at));
            let by = if record.actor == Actor::Bot { String::new() } else { format!(" · by {}", name(&record.actor)) };
            let line = format!("+{since:<13} {said}{by} · #{}", record.seq);
            self.tell(line).await?;
        }
        match event {
            Event::GateDecided { decision: Decision::Void { .. }, command, .. } => {
                // The click's record leads to the run that replaces this one, whoever clicked.
                self.asked.extend(command);
                self.successor_by = Some(Instant::now() + SUCCESSOR);
            }
            Event::RunEnded { .. } if self.successor_by.is_none() => return self.ended(record).await,
            _ => {}
        }
        self.ask().await.map(|()| None)
    }

    async fn ended(&mut self, record: &Record) -> Result<Over, Left> {
        let Some((run, report)) = self.run.as_ref().and_then(|run| Some((run, run.ended.as_ref()?))) else {
            return Ok(None);
        };
        let message = messages::report(run, report, record.seq, &self.desk.log().head());
        self.tell(plain::message(&message)).await?;
        self.tell(format!("Run {}: {}.", run.id, outcome(report.outcome))).await?;
        if run.has_successor() {
            self.asked.insert(run.successor_answers());
            self.successor_by = Some(Instant::now() + SUCCESSOR);
            return Ok(None);
        }
        Ok(Some(report.outcome == self.wanted))
    }

    /// Asks what the run asks, once; a question that somebody else answered is withdrawn.
    async fn ask(&mut self) -> Result<(), Left> {
        let question = self.run.as_ref().and_then(Question::of);
        if question == self.question {
            return Ok(());
        }
        let answered = self.question.take().is_some();
        match (&self.run, &question) {
            (Some(run), Some(asked)) => {
                let text = asked.text(run);
                self.question = question;
                self.tell(text).await?;
                self.prompt().await
            }
            _ if answered => self.tell("It is decided.".to_owned()).await,
            _ => Ok(()),
        }
    }

    async fn prompt(&self) -> Result<(), Left> {
        let Some((run, question)) = self.run.as_ref().zip(self.question.as_ref()) else { return Ok(()) };
        let request = Request { actor: self.actor.clone(), origin: Origin::Terminal, dedupe: String::new() };
        let choices = self.desk.choices(&request, run).await;
        self.say(Said::Prompt(question.prompt(run, &choices))).await
    }

    async fn fail(&self, why: &str) -> Result<Over, Left> {
        self.tell(why.to_owned()).await.map(|()| Some(false))
    }

    async fn tell(&self, text: String) -> Result<(), Left> {
        self.say(Said::Text(text)).await
    }

    async fn say(&self, said: Said) -> Result<(), Left> {
        self.saying.send(said).await.map_err(|_| Left)
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
