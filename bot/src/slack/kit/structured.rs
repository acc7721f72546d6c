//! Blocks that Slack itself lays out: tables and plans. They came in 2025 and 2026, so a message that has one also says what stands in for it
//! ([`Message::or`](super::Message::or)). Modals take neither.

use serde_json::{Value, json};

use crate::slack::text::shorten;

/// Characters of all cells of a message, and what each takes beside its text. Slack takes 10,000 in cells, and counts them into the whole.
const CELLS: usize = 4_500;
const CELL_OVERHEAD: usize = 30;
/// Characters of one cell.
const CELL: usize = 200;
/// Rows of a table, with its head.
const ROWS: usize = 100;
/// Characters of a plan's and a task's title.
const TITLE: usize = 256;
/// Characters of what a task says beside its title.
const DETAILS: usize = 300;
/// Tasks of a plan.
const TASKS: usize = 50;

/// On which side a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table of plain text, at most one in a message; rows that do not fit are counted in a last one:
/// <https://docs.slack.dev/reference/block-kit/blocks/table-block>.
pub fn table<const N: usize>(head: [(&str, Align); N], rows: &[[String; N]]) -> Value {
    let mut left = CELLS;
    let mut shown = vec![head.map(|(title, _)| cell(title)).to_vec()];
    for (number, row) in rows.iter().enumerate() {
        let length: usize = row.iter().map(|text| text.chars().count().min(CELL) + CELL_OVERHEAD).sum();
        if length > left || shown.len() + 1 == ROWS {
            let more = std::iter::once(cell(&format!("… and {} more", rows.len() - number)));
            shown.push(more.chain((1..N).map(|_| cell(""))).collect());
            break;
        }
        left -= length;
        shown.push(row.iter().map(|text| cell(text)).collect());
    }
    let columns = head.map(|(_, align)| match align {
        Align::Left => json!({ "is_wrapped": true }),
        Align::Right => json!({ "align": "right" }),
    });
    json!({ "type": "table", "column_settings": columns.to_vec(), "rows": shown })
}

/// Slack refuses an empty cell.
fn cell(text: &str) -> Value {
    let text = if text.trim().is_empty() { "–" } else { text };
    json!({ "type": "raw_text", "text": shorten(text, CELL) })
}

/// One of a plan's tasks.
#[derive(Debug, Clone)]
pub struct Task {
    /// Unique within the plan.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// How far it is.
    pub status: TaskStatus,
    /// What there is to say beside; plain text, none if empty.
    pub details: String,
}

/// How far a task is: Slack draws a sign for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    /// Yet to begin.
    Pending,
    /// Under way.
    InProgress,
    /// Over, and well.
    Complete,
    /// Not well.
    Error,
}

/// Tasks and how far each is: <https://docs.slack.dev/reference/block-kit/blocks/plan-block>.
pub fn plan(title: &str, tasks: &[Task]) -> Value {
    let tasks: Vec<Value> = tasks.iter().take(TASKS).map(task).collect();
    json!({ "type": "plan", "title": shorten(title, TITLE), "tasks": tasks })
}

/// <https://docs.slack.dev/reference/block-kit/blocks/task-card-block>; inside a plan it has no type.
fn task(task: &Task) -> Value {
    let status = match task.status {
        TaskStatus::Pending => "pending",
        TaskStatus::InProgress => "in_progress",
        TaskStatus::Complete => "complete",
        TaskStatus::Error => "error",
    };
    let mut card = json!({ "task_id": task.id, "title": shorten(&task.title, TITLE), "status": status });
    if !task.details.is_empty() {
        let text = json!({ "type": "text", "text": shorten(&task.details, DETAILS) });
        card["details"] = json!({
            "type": "rich_text",
            "elements": [{ "type": "rich_text_section", "elements": [text] }],
        });
    }
    card
}
