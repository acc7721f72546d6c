//! Short answers.

use commands::request::Press;

use crate::slack::{
    kit::{Message, context, section},
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

/// What a person is told at once, and alone.
pub fn told(text: &str) -> String {
    prose(text)
}

/// The text of a refusal, shown to the person alone.
pub fn refused(text: &str) -> String {
    format!("⛔ {}", prose(text))
}
