//! One connection from its opening to its end.
//!
//! An envelope is acknowledged when its payload is durable, and not before; several are in hand at once, so one slow answer holds up
//! nobody else's. Whether Slack is there is asked by ping, and known from its own pings: a connection that stays open in silence is deaf.

use std::{fmt, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{
    Way,
    dial::Wire,
    frame::{Envelope, Frame},
    hearing::Hearing,
    trouble::Trouble,
};
use crate::slack::inbound::{Answer, Inbound};

/// Time for a connection to open, hello included.
const OPENING: Duration = Duration::from_secs(15);
/// Time between two pings, within which each must be answered.
const PING: Duration = Duration::from_secs(10);
/// Longest that Slack may send nothing of its own accord. It pings several times a minute; its SDK for Node.js waits 30 s.
const SILENCE: Duration = Duration::from_secs(60);
/// Time for a message to go out.
const SENDING: Duration = Duration::from_secs(5);
/// How long a connection may stay after its end was announced.
const LINGERING: Duration = Duration::from_secs(60);
/// At a stop, or once Slack uses a connection no more, time for what is in hand to be acknowledged.
const DRAINING: Duration = Duration::from_secs(3);
/// Most envelopes of one connection in hand; more wait in the connection.
const AT_ONCE: usize = 64;
/// Most bytes of one message: an interaction carries the message that was clicked.
const MESSAGE_LIMIT: usize = 1024 * 1024;

/// Why Slack ends connections that are good, where it says why; it uses them until they close. <https://docs.slack.dev/apis/events-api/using-socket-mode#disconnect>
const RECYCLING: [&str; 3] = ["", "warning", "refresh_requested"];

type Socket = WebSocketStream<MaybeTlsStream<Box<dyn Wire>>>;

/// An open connection.
pub(super) struct Link {
    socket: Socket,
    /// Acknowledgements to come.
    in_hand: JoinSet<String>,
    /// When Slack last sent something of its own accord.
    spoke: Instant,
    /// Whether the last ping was answered.
    is_answered: bool,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// Slack said before that it would.
    Announced,
    /// Slack opened it and then wanted it no more, for this reason.
    TurnedAway(String),
    /// It broke, or Slack closed it.
    Closed(String),
    /// It was open, but Slack was not heard.
    Deaf(&'static str),
    /// The bot stops.
    Stopped,
}

impl End {
    /// The reason in metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::TurnedAway(_) => "turned_away",
            Self::Closed(_) => "closed",
            Self::Deaf(_) => "deaf",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announced => f.write_str("Slack ended the connection as announced"),
            Self::TurnedAway(reason) => Trouble::TurnedAway(reason.clone()).fmt(f),
            Self::Closed(why) => write!(f, "the connection ended: {why}"),
            Self::Deaf(how) => write!(f, "the connection was deaf: {how}"),
            Self::Stopped => f.write_str("the bot stops"),
        }
    }
}

impl Link {
    /// Opens a connection and waits for Slack's hello.
    pub(super) async fn open(way: &Way) -> Result<Self, Trouble> {
        match timeout(OPENING, Self::greet(way)).await {
            Ok(opened) => opened,
            Err(_) => Err(Trouble::Late(OPENING)),
        }
    }

    async fn greet(way: &Way) -> Result<Self, Trouble> {
        let (url, stream) = way.reach(&way.api.open_connection().await?).await?;
        let config =
            WebSocketConfig::default().max_message_size(Some(MESSAGE_LIMIT)).max_frame_size(Some(MESSAGE_LIMIT));
        let broken = |error: tungstenite::Error| Trouble::NotOpened(error.to_string());
        let (mut socket, _) = client_async_tls_with_config(url, stream, Some(config), None).await.map_err(broken)?;
        loop {
            match socket.next().await.transpose().map_err(broken)? {
                Some(Message::Text(text)) => match Frame::read(&text) {
                    Ok(Frame::Hello) => break,
                    Ok(Frame::Disconnect(reason)) => return Err(Trouble::TurnedAway(reason)),
                    _ => return Err(Trouble::NotOpened("Slack began with something other than hello".to_owned())),
                },
                Some(_) => {}
                None => return Err(Trouble::NotOpened("Slack closed it".to_owned())),
            }
        }
        Ok(Self { socket, in_hand: JoinSet::new(), spoke: Instant::now(), is_answered: true })
    }

    /// Serves until the connection ends. `leave` is told when Slack announces the end, and dropped at the end.
    pub(super) async fn serve(
        mut self,
        inbound: Inbound,
        hearing: Hearing,
        leave: oneshot::Sender<()>,
        stop: CancellationToken,
    ) {
        hearing.opened();
        let end = self.listen(&inbound, &hearing, leave, &stop).await;
        if stop.is_cancelled() {
            // What cannot be sent is on record, and taken up at the next start.
            let _unsent = timeout(DRAINING, self.drain()).await;
        }
        // It cannot be acknowledged any more, and is done all the same.
        self.in_hand.detach_all();
        hearing.closed(&end);
    }

    async fn listen(
        &mut self,
        inbound: &Inbound,
        hearing: &Hearing,
        leave: oneshot::Sender<()>,
        stop: &CancellationToken,
    ) -> End {
        // How it will end; nothing is known of that yet.
        let (mut leave, mut announced) = (Some(leave), None);
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let lingering = tokio::time::sleep(LINGERING);
        tokio::pin!(lingering);
        loop {
            let went = tokio::select! {
                biased;
                () = stop.cancelled() => return announced.unwrap_or(End::Stopped),
                Some(done) = self.in_hand.join_next() => match done {
                    Ok(acknowledgement) => self.send(Message::text(acknowledgement)).await,
                    Err(error) => {
                        tracing::error!(%error, "an envelope was not taken");
                        Ok(())
                    }
                },
                received = self.socket.next(), if self.in_hand.len() < AT_ONCE => match received {
                    Some(Ok(message)) => {
                        if let Some(end) = self.receive(message, inbound) {
                            let turned_away = matches!(end, End::TurnedAway(_));
                            if turned_away && !matches!(announced, Some(End::TurnedAway(_))) {
                                hearing.lost(&end);
                                lingering.as_mut().reset(Instant::now() + DRAINING);
                            } else if announced.is_none() {
                                lingering.as_mut().reset(Instant::now() + LINGERING);
                            }
                            if turned_away || announced.is_none() {
                                announced = Some(end);
                            }
                            // The keeper may be gone.
                            let _told = leave.take().map(|leave| leave.send(()));
                        }
                        Ok(())
                    }
                    Some(Err(error)) => Err(End::Closed(error.to_string())),
                    None => Err(End::Closed("Slack closed it".to_owned())),
                },
                _ = pings.tick() => self.ask().await,
                () = &mut lingering, if announced.is_some() => return announced.unwrap_or(End::Announced),
            };
            match went {
                Ok(()) => {}
                Err(end) => return announced.unwrap_or(end),
            }
        }
    }

    /// Takes a message in; the end that it announces, if it does.
    fn receive(&mut self, message: Message, inbound: &Inbound) -> Option<End> {
        match message {
            Message::Pong(_) => self.is_answered = true,
            _ => self.spoke = Instant::now(),
        }
        let Message::Text(text) = message else { return None };
        match Frame::read(&text) {
            Ok(Frame::Envelope(envelope)) => {
                self.in_hand.spawn(take(envelope, inbound.clone()));
                None
            }
            Ok(Frame::Disconnect(reason)) => {
                tracing::info!(reason, "Slack announces the end of a connection");
                Some(if RECYCLING.contains(&reason.as_str()) { End::Announced } else { End::TurnedAway(reason) })
            }
            Ok(Frame::Hello) => None,
            Err(error) => {
                tracing::warn!(%error, "Slack sent something that cannot be read");
                None
            }
        }
    }

    /// Asks whether Slack is there, unless it is known not to be.
    async fn ask(&mut self) -> Result<(), End> {
        if !self.is_answered {
            return Err(End::Deaf("a ping was not answered"));
        }
        if self.spoke.elapsed() > SILENCE {
            return Err(End::Deaf("Slack answers pings and sends none itself"));
        }
        self.is_answered = false;
        self.send(Message::Ping(Vec::new().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(SENDING, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| End::Closed(error.to_string())),
            Err(_) => Err(End::Deaf("nothing can be sent")),
        }
    }

    /// Acknowledges what is in hand, and closes.
    async fn drain(&mut self) -> Result<(), tungstenite::Error> {
        while let Some(done) = self.in_hand.join_next().await {
            if let Ok(acknowledgement) = done {
                self.socket.send(Message::text(acknowledgement)).await?;
            }
        }
        self.socket.close(None).await
    }
}

/// Takes a payload in; the acknowledgement, once it is durable.
async fn take(envelope: Envelope, inbound: Inbound) -> String {
    let (kind, payload, receipt) = envelope.open();
    let answer = match kind {
        Some(kind) => inbound.take(kind, payload).await,
        // Of no meaning here, and it would not be if it came again.
        None => Answer::Taken,
    };
    receipt.acknowledge(&answer)
}
