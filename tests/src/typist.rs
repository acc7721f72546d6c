//! A person at the host's terminal.

use std::time::Duration;

use bot::terminal::{Ask, Link, Said, converse};
use commands::desk::Desk;
use tokio_util::sync::CancellationToken;

/// Simulated time after which a test gives up waiting.
const PATIENCE: Duration = Duration::from_secs(7_200);

/// A conversation at the terminal, as the person has it.
pub struct Typist {
    link: Link,
    /// Everything that was seen.
    pub seen: String,
}

impl Typist {
    /// Asks as that user of the host.
    pub fn asks(desk: Desk, user: &str, ask: Ask) -> Self {
        Self { link: converse(desk, user.to_owned(), ask, CancellationToken::new()), seen: String::new() }
    }

    /// Types a line.
    pub async fn types(&self, line: &str) {
        self.link.typed.send(line.to_owned()).await.expect("a conversation that goes on");
    }

    /// Waits until something with that text is said.
    pub async fn sees(&mut self, text: &str) -> String {
        loop {
            match self.next().await {
                Said::Text(said) | Said::Prompt(said) if said.contains(text) => return said,
                Said::End(_) => panic!("it ended without {text:?}:\n{}", self.seen),
                _ => {}
            }
        }
    }

    /// Waits to be asked.
    pub async fn is_asked(&mut self) -> String {
        loop {
            match self.next().await {
                Said::Prompt(said) => return said,
                Said::Text(_) => {}
                Said::End(_) => panic!("it ended without a question:\n{}", self.seen),
            }
        }
    }

    /// Waits for the end; whether it is a good one.
    pub async fn ends(&mut self) -> bool {
        loop {
            if let Said::End(well) = self.next().await {
                return well;
            }
        }
    }

    async fn next(&mut self) -> Said {
        let said = tokio::time::timeout(PATIENCE, self.link.said.recv()).await;
        let Ok(Some(said)) = said else { panic!("nothing more is said ({said:?}) after:\n{}", self.seen) };
        if let Said::Text(text) | Said::Prompt(text) = &said {
            self.seen.push_str(text);
            self.seen.push('\n');
        }
        said
    }
}
