//! The messages of Slack as plain text: what people see is written once, in [`crate::slack::messages`].

use serde_json::Value;

use crate::slack::kit::{Form, Message};

/// A message without its buttons, which have no meaning here.
pub(super) fn message(message: &Message) -> String {
    let blocks: Vec<String> = message.simplified(Form::Plainer).blocks.iter().filter_map(block).collect();
    blocks.join("\n\n")
}

fn block(block: &Value) -> Option<String> {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|item| item["text"].as_str()).map(mrkdwn).collect()
    };
    match block["type"].as_str()? {
        "header" => block["text"]["text"].as_str().map(|title| format!("== {title} ==")),
        "section" if block["fields"].is_array() => Some(
            texts(&block["fields"]).iter().map(|field| field.replacen('\n', ": ", 1)).collect::<Vec<_>>().join("\n"),
        ),
        "section" => block["text"]["text"].as_str().map(mrkdwn),
        "context" => Some(texts(&block["elements"]).join(" ")),
        _ => None,
    }
}

/// Slack's mrkdwn as plain text: <https://docs.slack.dev/messaging/formatting-message-text>.
pub(super) fn mrkdwn(text: &str) -> String {
    let lines = text.lines().filter(|line| *line != "```").map(|line| unstarred(&unbracketed(line)));
    commands(&lines.collect::<Vec<_>>().join("\n")).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A reply of the desk, which is plain but for mentions and the names of commands.
pub(super) fn reply(text: &str) -> String {
    commands(&unbracketed(text))
}

/// Commands as they are typed here.
pub(crate) fn commands(text: &str) -> String {
    text.replace("`/dr ", "`standby ")
}

/// Dates by their fallback, mentions by their id.
fn unbracketed(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        match after.split_once('>') {
            Some((inside, after)) if inside.starts_with('!') => {
                plain.push_str(inside.rsplit_once('|').map_or("", |(_, fallback)| fallback));
                rest = after;
            }
            Some((inside, after)) if inside.starts_with('@') => {
                plain.push_str(inside);
                rest = after;
            }
            _ => {
                plain.push('<');
                rest = after;
            }
        }
    }
    plain + rest
}

/// Without the stars that make text bold: such as open a word and, on the same line, close one.
fn unstarred(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let at = |index: usize| chars.get(index).copied();
    let opens = |index: usize| {
        let before = index.checked_sub(1).and_then(at);
        before.is_none_or(|char| !char.is_alphanumeric()) && at(index + 1).is_some_and(|char| !char.is_whitespace())
    };
    let closes = |index: usize| {
        let before = index.checked_sub(1).and_then(at);
        before.is_some_and(|char| !char.is_whitespace()) && at(index + 1).is_none_or(|char| !char.is_alphanumeric())
    };
    let stars: Vec<usize> = (0..chars.len()).filter(|&index| chars[index] == '*').collect();
    let mut dropped = Vec::new();
    let mut open = None;
    for index in stars {
        match open {
            Some(begin) if closes(index) => {
                dropped.extend([begin, index]);
                open = None;
            }
            None if opens(index) => open = Some(index),
            _ => {}
        }
    }
    chars.iter().enumerate().filter(|(index, _)| !dropped.contains(index)).map(|(_, char)| char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrkdwn_becomes_plain() {
        let cases = [
            ("*Approved* by <@U1> · <!date^1^{time}|09:00:00Z> · audit #3", "Approved by @U1 · 09:00:00Z · audit #3"),
            ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
            ("2 * 3 * 4 and arn:aws:iam::1:role/*", "2 * 3 * 4 and arn:aws:iam::1:role/*"),
            ("`/dr promote shop` asks again", "`standby promote shop` asks again"),
            ("*Steps*\n```\nstep took\n```", "Steps\nstep took"),
            ("x < y", "x < y"),
        ];
        for (text, plain) in cases {
            assert_eq!(mrkdwn(text), plain);
        }
    }
}
