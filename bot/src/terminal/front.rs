//! The person's side: prints what is said and passes on what is typed.

use std::io::Write as _;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};

use super::{conversation::Link, wire::Said};
use crate::failure::Failure;

/// Talks until it is over; whether it ended well.
///
/// # Errors
/// When the bot went away in the middle.
pub(super) async fn talk(link: Link) -> Result<bool, Failure> {
    let Link { typed, mut said } = link;
    let mut typed = Some(typed);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            biased;
            said = said.recv() => match said {
                Some(Said::Text(text)) => print(&format!("{text}\n")),
                Some(Said::Prompt(text)) => print(&format!("\n{text}\n> ")),
                Some(Said::End(well)) => return Ok(well),
                None => return Err(Failure::user("the bot went away; an open run goes on when it is started again")),
            },
            line = next(&mut lines), if typed.is_some() => {
                let passed = match (line, &typed) {
                    (Some(line), Some(typed)) => typed.send(line).await.is_ok(),
                    _ => false,
                };
                if !passed {
                    typed = None;
                }
            }
        }
    }
}

/// The next line; none when there is no more to read, which ends nothing: others may decide.
async fn next(lines: &mut Lines<BufReader<Stdin>>) -> Option<String> {
    lines.next_line().await.ok().flatten()
}

/// What cannot be shown is in the log all the same, so that a closed terminal stops nothing.
fn print(text: &str) {
    let mut out = std::io::stdout();
    let _shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
