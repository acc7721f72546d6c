#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::{blocks, too_long};

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

fn button(action_id: &str) -> Value {
    json!({"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go"}})
}

fn actions(elements: Vec<Value>) -> Value {
    json!({"type": "actions", "elements": elements})
}

#[track_caller]
fn refused(block: Value, expected: &[&str]) {
    assert_eq!(blocks(&[block]), expected);
}

#[test]
fn a_message_of_every_kind_of_block_is_accepted() {
    let mut danger = button("promote");
    danger["style"] = json!("danger");
    danger["value"] = json!("run-1");
    danger["confirm"] = json!({
        "title": {"type": "plain_text", "text": "Promote us-west-2?"},
        "text": {"type": "mrkdwn", "text": "This *cannot* be undone."},
        "confirm": {"type": "plain_text", "text": "Promote us-west-2"},
        "deny": {"type": "plain_text", "text": "Cancel"},
        "style": "danger",
    });
    let message = [
        json!({"type": "header", "text": {"type": "plain_text", "text": "Promote", "emoji": true}}),
        section("*hello*"),
        json!({"type": "section", "fields": [{"type": "mrkdwn", "text": "*Writer*"}], "accessory": button("a")}),
        json!({"type": "divider"}),
        json!({"type": "context", "elements": [{"type": "mrkdwn", "text": "audit #1"}]}),
        actions(vec![danger, button("cancel")]),
    ];
    assert_eq!(blocks(&message), Vec::<String>::new());
    assert!(!too_long(&message));
}

#[test]
fn sections_have_one_to_3000_characters() {
    assert!(blocks(&[section(&"x".repeat(3000))]).is_empty());
    refused(
        section(&"x".repeat(3001)),
        &[
            "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ],
    );
    refused(
        section(""),
        &[
            "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ],
    );
    refused(json!({"type": "section"}), &["must define either `fields` or `text` [json-pointer:/blocks/0]"]);
}

#[test]
fn fields_are_at_most_ten_of_2000() {
    let field = |length: usize| json!({"type": "mrkdwn", "text": "x".repeat(length)});
    assert!(blocks(&[json!({"type": "section", "fields": [field(2000)]})]).is_empty());
    refused(
        json!({"type": "section", "fields": vec![field(1); 11]}),
        &["no more than 10 items allowed [json-pointer:/blocks/0/fields]"],
    );
    refused(
        json!({"type": "section", "fields": [field(2001)]}),
        &[
            "failed to match all allowed schemas [json-pointer:/blocks/0/fields/0]",
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ],
    );
}

#[test]
fn headers_are_plain_and_short() {
    refused(
        json!({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}),
        &["unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"],
    );
    refused(
        json!({"type": "header", "text": {"type": "plain_text", "text": "x".repeat(151)}}),
        &["must be less than 151 characters [json-pointer:/blocks/0/text/text]"],
    );
    refused(json!({"type": "header"}), &["missing required field: text [json-pointer:/blocks/0]"]);
}

#[test]
fn buttons_have_limits_and_their_own_ids() {
    refused(
        actions((0..26).map(|index| button(&index.to_string())).collect()),
        &["no more than 25 items allowed [json-pointer:/blocks/0/elements]"],
    );
    refused(
        actions(vec![button("a"), button("a")]),
        &["`action_id` \"a\" already exists [json-pointer:/blocks/0/elements/1/action_id]"],
    );
    let mut long = button("a");
    long["text"]["text"] = json!("x".repeat(76));
    long["value"] = json!("x".repeat(2001));
    long["style"] = json!("default");
    long["disabled"] = json!(true);
    refused(
        actions(vec![long]),
        &[
            "invalid additional property: disabled [json-pointer:/blocks/0/elements/0]",
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
            "must be one of the allowed values: [\"primary\", \"danger\"] [json-pointer:/blocks/0/elements/0/style]",
        ],
    );
}

#[test]
fn confirmations_are_short_and_complete() {
    let plain = |length: usize| json!({"type": "plain_text", "text": "x".repeat(length)});
    let mut asking = button("a");
    asking["confirm"] = json!({"title": plain(101), "text": plain(301), "confirm": plain(31)});
    refused(
        actions(vec![asking]),
        &[
            "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
            "failed to match all allowed schemas [json-pointer:/blocks/0/elements/0/confirm/text]",
            "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
            "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]",
            "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
        ],
    );
}

#[test]
fn blocks_are_known_few_and_have_their_own_ids() {
    refused(json!({"type": "marquee"}), &["unsupported type: marquee [json-pointer:/blocks/0/type]"]);
    refused(
        json!({"type": "divider", "block_id": "x".repeat(256)}),
        &["must be less than 256 characters [json-pointer:/blocks/0/block_id]"],
    );
    refused(
        json!({"type": "context", "elements": vec![json!({"type": "mrkdwn", "text": "x"}); 11]}),
        &["no more than 10 items allowed [json-pointer:/blocks/0/elements]"],
    );
    assert_eq!(blocks(&vec![json!({"type": "divider"}); 51]), ["no more than 50 items allowed [json-pointer:/blocks]"]);
    let named = json!({"type": "divider", "block_id": "same"});
    assert_eq!(
        blocks(&[named.clone(), named]),
        ["`block_id` \"same\" already exists [json-pointer:/blocks/1/block_id]"]
    );
}

#[test]
fn all_text_together_is_bounded() {
    assert!(!too_long(&vec![section(&"x".repeat(3000)); 4]));
    assert!(too_long(&vec![section(&"x".repeat(3000)); 5]));
}

fn rich(text: &str) -> Value {
    let section = json!({"type": "rich_text_section", "elements": [{"type": "text", "text": text}]});
    json!({"type": "rich_text", "elements": [section]})
}

#[test]
fn tables_have_rows_of_cells_that_are_not_empty() {
    let raw = |text: &str| json!({"type": "raw_text", "text": text});
    let table =
        |rows: Vec<Vec<Value>>| json!({"type": "table", "rows": rows, "column_settings": [null, {"align": "right"}]});
    let number = json!({"type": "raw_number", "value": 42, "text": "42"});
    assert_eq!(blocks(&[table(vec![vec![raw("Step"), raw("Took")], vec![rich("dns"), number]])]), Vec::<String>::new());
    refused(table(vec![vec![raw("")]]), &["must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]"]);
    refused(table(vec![vec![raw("x")]; 101]), &["no more than 100 items allowed [json-pointer:/blocks/0/rows]"]);
    refused(table(vec![vec![raw("x"); 21]]), &["no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"]);
    refused(table(vec![vec![section("x")]]), &["unsupported type: section [json-pointer:/blocks/0/rows/0/0/type]"]);
    refused(
        table(vec![vec![raw(&"x".repeat(6_000))]; 2]),
        &["table cells must be less than 10001 characters together [json-pointer:/blocks]"],
    );
    let small = table(vec![vec![raw("x")]]);
    assert_eq!(blocks(&[small.clone(), small]), ["only_one_table_allowed [json-pointer:/blocks]"]);
}

#[test]
fn plans_have_tasks_that_are_told_apart() {
    let task =
        |id: &str, status: &str| json!({"task_id": id, "title": "dns", "status": status, "details": rich("in sync")});
    let plan = |tasks: Vec<Value>| json!({"type": "plan", "title": "Steps", "tasks": tasks});
    assert_eq!(blocks(&[plan(vec![task("a", "pending"), task("b", "error")])]), Vec::<String>::new());
    refused(
        plan(vec![task("a", "done"), task("a", "complete")]),
        &[
            "must be a valid enum value [json-pointer:/blocks/0/tasks/0/status]",
            "`task_id` \"a\" already exists [json-pointer:/blocks/0/tasks/1/task_id]",
        ],
    );
    let tasks = (0..51).map(|number: u32| task(&number.to_string(), "pending")).collect();
    refused(plan(tasks), &["no more than 50 items allowed [json-pointer:/blocks/0/tasks]"]);
    let title = json!({"type": "plain_text", "text": "Steps"});
    refused(json!({"type": "plan", "title": title}), &["must be a string [json-pointer:/blocks/0/title]"]);
    let mut alone = task("a", "pending");
    alone["type"] = json!("task_card");
    refused(alone.clone(), &["must be a valid enum value [json-pointer:/blocks/0/status]"]);
    alone["status"] = json!("in_progress");
    alone["details"] = json!("in sync");
    refused(alone, &["must be an object [json-pointer:/blocks/0/details]"]);
}
