//! Short answers.

use commands::request::Press;

use crate::slack::{
    kit::{Button, Message, Style, actions, context, section},
    text::{code, prose},
};

/// A command or click that was taken and came to nothing.
pub fn failed(command: &str, error: &str, seq: u64) -> Message {
    let what = match command.parse::<Press>() {
        Ok(press) => format!("A click for {}", code(press.run().as_str())),
        Err(_) => code(format!("/dr {command}").trim_end()),
    };
    Message::new(
        format!("{what} failed: {}", prose(error)),
        vec![section(&format!("❌ {what}: {}", prose(error))), context(&format!("audit #{seq}"))],
    )
}

/// That another run is open, shown to the person alone: with the button that ends it and asks for what they wanted.
pub fn in_the_way(text: &str, press: &Press) -> Message {
    let said = refused(text);
    let button = Button {
        action_id: "end-and-promote".to_owned(),
        text: format!("Abort {} and promote", press.run()),
        value: press.to_string(),
        style: Style::Danger,
        confirm: None,
    };
    let blocks = vec![
        section(&said),
        section("The button ends it and shows the promote's plan, which asks for its own confirmation."),
        actions(&format!("in-the-way:{}", press.run()), &[button]),
    ];
    Message::new(said, blocks)
}

/// What a person is told at once, and alone.
pub fn told(text: &str) -> String {
    prose(text)
}

/// The text of a refusal, shown to the person alone.
pub fn refused(text: &str) -> String {
    format!("⛔ {}", prose(text))
}
