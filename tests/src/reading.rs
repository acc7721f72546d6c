//! Messages as people read them.

use rehearsal::slack::Message;
use serde_json::Value;

/// A message as a person reads it: the notification text, then every block's text and buttons. Hashes, which change with every release of the
/// program, are left out.
pub fn text_of(message: &Message) -> String {
    let mut lines = vec![message.text.clone(), "---".to_owned()];
    message.blocks.iter().for_each(|block| read_block(block, &mut lines));
    without_hashes(&lines.join("\n"))
}

/// Replaces what moves with every change of the program: hashes, request ids, and the numbers of records and runs.
pub fn without_hashes(text: &str) -> String {
    let number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let text = without_ids(text);
    let mut before = "";
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|end: char| !end.is_ascii_alphanumeric()) {
        let bare = word.trim_end_matches(|end: char| !end.is_ascii_alphanumeric());
        let numbered = matches!(before, "promote-" | "rebuild-" | "failback-") || before.ends_with(['#', '`']);
        match numbered && number(bare) {
            true => masked.push_str(&word.replace(bare, "N")),
            false => masked.push_str(word),
        }
        before = word;
    }
    masked
}

/// Without hashes and request ids, which may hold dashes.
fn without_ids(text: &str) -> String {
    let id = |part: &str| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = |word: &str| {
        let bare = word.trim_end_matches(|end: char| !end.is_ascii_alphanumeric());
        match bare.rsplit_once('-') {
            _ if id(bare) => word.replace(bare, "…"),
            Some((rest, last)) if id(last) => {
                let uuid = rest.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
                word.replace(if uuid { bare } else { last }, "…")
            }
            _ => word.to_owned(),
        }
    };
    text.split_inclusive(|end: char| !end.is_ascii_alphanumeric() && end != '-').map(word).collect()
}

fn read_block(block: &Value, lines: &mut Vec<String>) {
    match block["type"].as_str() {
        Some("table") => return lines.extend(block["rows"].as_array().into_iter().flatten().map(row_of)),
        Some("plan") => {
            lines.extend(block["title"].as_str().map(str::to_owned));
            return lines.extend(block["tasks"].as_array().into_iter().flatten().map(task_of));
        }
        _ => {}
    }
    let texts = block["text"]["text"].as_str().into_iter();
    let parts = ["fields", "elements"].into_iter().filter_map(|key| block[key].as_array()).flatten();
    lines.extend(texts.map(str::to_owned));
    for part in parts {
        match (part["type"].as_str(), part["text"].as_str(), part["text"]["text"].as_str()) {
            (Some("button"), _, Some(label)) => {
                let confirm = part["confirm"]["text"]["text"].as_str().map(|text| format!(" — asks: {text}"));
                lines.push(format!("[{label}]{}", confirm.unwrap_or_default()));
            }
            (_, Some(text), _) | (_, _, Some(text)) => lines.push(text.to_owned()),
            _ => {}
        }
    }
}

fn row_of(row: &Value) -> String {
    let cells = row.as_array().into_iter().flatten().filter_map(|cell| cell["text"].as_str());
    cells.collect::<Vec<_>>().join(" | ")
}

fn task_of(task: &Value) -> String {
    let details = task["details"]["elements"][0]["elements"][0]["text"].as_str();
    let said = [task["status"].as_str(), task["title"].as_str(), details].into_iter().flatten();
    said.collect::<Vec<_>>().join(" · ")
}
