//! What passes between the terminal and the bot: JSON, a line each. First one [`Opening`]; then what is typed goes up, as JSON strings, and [`Said`] comes
//! down until its end.

use crate::audit::LogAsk;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Most bytes of a line: a plan in full fits.
const LINE: u64 = 256 * 1024;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A command of `/dr`, as typed after it.
    Command(String),
    /// To see a run's question and answer it; the one there is if none is named.
    Approve(Option<String>),
    /// To refuse what a run asks; the one there is if none is named.
    Refuse {
        /// The run.
        run: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// To take a request back; the one there is if none is named.
    Cancel(Option<String>),
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Opening {
    /// Something about the log itself. The answer is a checkpoint, where one is made, or why not.
    Log(LogAsk),
    /// A conversation.
    #[serde(untagged)]
    Ask(Ask),
}

/// What the person sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Text to print.
    Text(String),
    /// Text to print as a prompt: an answer is waited for.
    Prompt(String),
    /// It is over; whether it ended as asked for.
    End(bool),
}

/// Reads the next line; `None` at the end.
pub(super) async fn read<T: DeserializeOwned>(from: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<T>> {
    let mut line = Vec::new();
    let read = from.take(LINE).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// Writes a line.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), what: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    to.write_all(&line).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn lines_read_back_and_are_bounded() {
        let mut sent = Vec::new();
        let ask = Ask::Command("promote shop \u{201c}now\u{201d}\nplease".to_owned());
        write(&mut sent, &ask).await.unwrap();
        write(&mut sent, &"typed").await.unwrap();
        assert_eq!(sent.iter().filter(|&&byte| byte == b'\n').count(), 2);
        let mut from = sent.as_slice();
        assert_eq!(read::<Ask>(&mut from).await.unwrap(), Some(ask));
        assert_eq!(read::<String>(&mut from).await.unwrap().as_deref(), Some("typed"));
        assert_eq!(read::<String>(&mut from).await.unwrap(), None);
        let endless = format!("\"{}\"\n", "x".repeat(LINE as usize));
        assert!(read::<String>(&mut endless.as_bytes()).await.is_err());
        let opening = b"{\"log\":\"checkpoint\"}\n{\"approve\":null}\n";
        let mut from = opening.as_slice();
        assert_eq!(read::<Opening>(&mut from).await.unwrap(), Some(Opening::Log(LogAsk::Checkpoint)));
        assert_eq!(read::<Opening>(&mut from).await.unwrap(), Some(Opening::Ask(Ask::Approve(None))));
        assert!(read::<Ask>(&mut b"{\"reboot\":1}\n".as_slice()).await.is_err());
    }
}
