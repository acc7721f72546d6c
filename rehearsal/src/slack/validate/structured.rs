//! Tables, plans and task cards.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Check;

/// Rows of a table, and cells of a row.
const ROWS: usize = 100;
const COLUMNS: usize = 20;
/// Characters in all cells of a message.
const CELLS: usize = 10_000;
/// Tasks of a plan: <https://docs.slack.dev/reference/block-kit/blocks/plan-block>.
const TASKS: usize = 50;
/// Characters of a plan's and a task's title: <https://docs.slack.dev/reference/methods/chat.appendStream>.
const TITLE: usize = 256;

/// <https://docs.slack.dev/reference/block-kit/blocks/table-block>
pub(super) fn table(check: &mut Check, value: &Value, at: &str) {
    let Some(table) = check.object(value, at, &["type", "block_id", "rows", "column_settings"]) else { return };
    for (index, row) in check.list(table, "rows", at, ROWS).iter().enumerate() {
        let at = format!("{at}/rows/{index}");
        let Some(cells) = row.as_array() else {
            check.fail(&at, "must be an array");
            continue;
        };
        if cells.len() > COLUMNS {
            check.fail(&at, format!("no more than {COLUMNS} items allowed"));
        }
        for (index, cell) in cells.iter().enumerate() {
            self::cell(check, cell, &format!("{at}/{index}"));
        }
    }
    if table.contains_key("column_settings") {
        for (index, column) in check.list(table, "column_settings", at, COLUMNS).iter().enumerate() {
            column_setting(check, column, &format!("{at}/column_settings/{index}"));
        }
    }
}

fn cell(check: &mut Check, value: &Value, at: &str) {
    let properties: &[&str] = match value["type"].as_str() {
        Some("raw_text") => &["type", "text"],
        Some("raw_number") => &["type", "value", "text"],
        Some("rich_text") => return rich_text(check, value, at),
        Some(other) => return check.fail(&format!("{at}/type"), format!("unsupported type: {other}")),
        None => return check.fail(at, "missing required field: type"),
    };
    let Some(cell) = check.object(value, at, properties) else { return };
    let needed = if value["type"] == "raw_text" { "text" } else { "value" };
    check.required(cell, needed, at);
    check.string(cell, "text", at, CELLS);
    if value["text"] == "" {
        check.fail(&format!("{at}/text"), "must be more than 0 characters");
    }
}

/// `null` leaves a column as it is.
fn column_setting(check: &mut Check, value: &Value, at: &str) {
    if value.is_null() {
        return;
    }
    let Some(column) = check.object(value, at, &["align", "is_wrapped"]) else { return };
    one_of(check, column.get("align"), &format!("{at}/align"), &["left", "center", "right"]);
    if column.get("is_wrapped").is_some_and(|wrapped| !wrapped.is_boolean()) {
        check.fail(&format!("{at}/is_wrapped"), "must be a boolean");
    }
}

/// A message has one table, and so much text in its cells.
pub(super) fn cells(check: &mut Check, blocks: &[Value], at: &str) {
    let tables: Vec<&Value> = blocks.iter().filter(|block| block["type"] == "table").collect();
    if tables.len() > 1 {
        check.fail(at, "only_one_table_allowed");
    }
    let characters: usize = tables.iter().map(|table| super::text_length(&table["rows"])).sum();
    if characters > CELLS {
        check.fail(at, format!("table cells must be less than {} characters together", CELLS + 1));
    }
}

/// <https://docs.slack.dev/reference/block-kit/blocks/plan-block>
pub(super) fn plan(check: &mut Check, value: &Value, at: &str) {
    let Some(plan) = check.object(value, at, &["type", "block_id", "title", "tasks"]) else { return };
    check.required(plan, "title", at);
    check.string(plan, "title", at, TITLE);
    let mut ids = BTreeSet::new();
    if plan.contains_key("tasks") {
        for (index, task) in check.list(plan, "tasks", at, TASKS).iter().enumerate() {
            let at = format!("{at}/tasks/{index}");
            self::task(check, task, &at, &["pending", "in_progress", "complete", "error"]);
            check.unique(task, "task_id", &at, &mut ids);
        }
    }
}

/// <https://docs.slack.dev/reference/block-kit/blocks/task-card-block>; by itself it is never pending.
pub(super) fn task_card(check: &mut Check, value: &Value, at: &str) {
    task(check, value, at, &["in_progress", "complete", "error"]);
}

fn task(check: &mut Check, value: &Value, at: &str, statuses: &[&str]) {
    let properties = ["type", "block_id", "task_id", "title", "status", "details", "output", "sources"];
    let Some(task) = check.object(value, at, &properties) else { return };
    one_of(check, task.get("type"), &format!("{at}/type"), &["task_card"]);
    for key in ["task_id", "title"] {
        check.required(task, key, at);
        check.string(task, key, at, TITLE);
    }
    one_of(check, task.get("status"), &format!("{at}/status"), statuses);
    for key in ["details", "output"] {
        if let Some(text) = task.get(key) {
            rich_text(check, text, &format!("{at}/{key}"));
        }
    }
}

/// Its type and its parts; what is in those is not checked.
fn rich_text(check: &mut Check, value: &Value, at: &str) {
    let Some(text) = check.object(value, at, &["type", "block_id", "elements"]) else { return };
    one_of(check, text.get("type"), &format!("{at}/type"), &["rich_text"]);
    for (index, element) in check.list(text, "elements", at, usize::MAX).iter().enumerate() {
        let kinds = ["rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"];
        one_of(check, element.get("type"), &format!("{at}/elements/{index}/type"), &kinds);
    }
}

fn one_of(check: &mut Check, value: Option<&Value>, at: &str, allowed: &[&str]) {
    if value.is_some_and(|value| !allowed.iter().any(|allowed| value == allowed)) {
        check.fail(at, "must be a valid enum value");
    }
}
