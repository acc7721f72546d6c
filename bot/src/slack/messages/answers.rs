//! Short answers.

use commands::{journal::Event, request::Press};
use serde_json::Value;

use super::{history::history, plan::plan, status::status, timeline::timeline, wording::audit};
use crate::slack::{
    kit::{Button, Message, Style, actions, context, section},
    text::{code, prose},
};

/// The message that an event is, if it is an answer to somebody; `seq` is the number of its record, if the log took it.
pub fn answer(event: &Event, seq: Option<u64>) -> Option<Message> {
    Some(match event {
        Event::StatusAnswered { status: found, asks, .. } => status(found, *asks, seq),
        Event::PlanAnswered { plan: found, asks, .. } => plan(found, *asks, seq),
        Event::HistoryAnswered { history: found, .. } => history(found, seq),
        Event::ReportAnswered { timeline: found, .. } => timeline(found, seq),
        Event::CommandFailed { text, error, .. } => failed(text, error, seq),
        _ => return None,
    })
}

/// A command or click that was taken and came to nothing.
pub fn failed(command: &str, error: &str, seq: impl Into<Option<u64>>) -> Message {
    let what = match command.parse::<Press>() {
        Ok(press) => format!("A click for {}", code(press.run().as_str())),
        Err(_) => code(format!("/dr {command}").trim_end()),
    };
    Message::new(
        format!("{what} failed: {}", prose(error)),
        vec![section(&format!("❌ {what}: {}", prose(error))), context(&audit(seq.into()))],
    )
}

/// Most questions of an open run that are shown to a person alone: an acknowledgement has to stay under 20 KiB.
const QUESTIONS: usize = 3;

/// That another run is open, shown to the person alone: with what it asks, and with the button that ends it and asks for what they wanted.
pub fn in_the_way(text: &str, press: Option<&Press>, asked: &[Message]) -> Message {
    let said = refused(text);
    let offer = press.map(end_and_promote).into_iter().flatten();
    let asked = asked.iter().take(QUESTIONS).flat_map(Message::in_short);
    let blocks = std::iter::once(section(&said)).chain(asked).chain(offer).collect();
    Message::new(said, blocks)
}

fn end_and_promote(press: &Press) -> [Value; 2] {
    let button = Button {
        action_id: "end-and-promote".to_owned(),
        text: format!("Abort {} and promote", press.run()),
        value: press.to_string(),
        style: Style::Danger,
        confirm: None,
    };
    [
        section("The button ends it and shows the promote's plan, which asks for its own confirmation."),
        actions(&format!("in-the-way:{}", press.run()), &[button]),
    ]
}

/// What a person is told at once, and alone.
pub fn told(text: &str) -> String {
    prose(text)
}

/// The text of a refusal, shown to the person alone.
pub fn refused(text: &str) -> String {
    format!("⛔ {}", prose(text))
}
