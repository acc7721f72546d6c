//! The transcript: everything people and the app did, in order.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::deliver::DeliveryFailure;
use super::message::Message;
use super::settings::Settings;
use super::view::{Surface, Values, View};

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A person typed the slash command.
    Command {
        /// Who.
        user: String,
        /// Where.
        channel: String,
        /// All of it, the command included.
        text: String,
    },
    /// A person pressed a button.
    Click {
        /// Who.
        user: String,
        /// Where; `None` in a modal.
        channel: Option<String>,
        /// The message that the button is in, or the view's id.
        ts: String,
        /// The button.
        action_id: String,
        /// What the button says.
        label: String,
    },
    /// A person submitted a modal.
    Submitted {
        /// Who.
        user: String,
        /// The modal's title.
        title: String,
        /// What was in its inputs.
        values: Values,
    },
    /// A person closed a modal.
    Closed {
        /// Who.
        user: String,
        /// The modal's title.
        title: String,
    },
    /// A command, click or submission did not reach the app, and the person was told so.
    Failed {
        /// Who.
        user: String,
        /// Where; `None` in a modal.
        channel: Option<String>,
        /// The command typed, the button's label or the modal's title.
        what: String,
        /// Why.
        failure: DeliveryFailure,
    },
    /// A message appeared; ephemeral ones too.
    Posted(Message),
    /// A message was edited; this is the new state.
    Edited(Message),
    /// A modal opened, or shows something else than before; or the app's home does.
    View(View),
    /// A person opened the app's home.
    HomeOpened {
        /// Who.
        user: String,
    },
    /// A message was deleted.
    Deleted {
        /// Where.
        channel: String,
        /// Which.
        ts: String,
    },
}

impl Entry {
    /// The entry as lines of text: time, who, and what was said, with the lines of a message indented under each other.
    pub fn describe(&self, settings: &Settings) -> String {
        let (who, lines) = match &self.event {
            Event::Command { user, text, .. } => (settings.display_name(user), vec![text.clone()]),
            Event::Click { user, label, .. } => (settings.display_name(user), vec![format!("presses [{label}]")]),
            Event::Submitted { user, title, values } => (settings.display_name(user), submitted_lines(title, values)),
            Event::Closed { user, title } => (settings.display_name(user), vec![format!("closes [{title}]")]),
            Event::View(view) => (settings.app.name.as_str(), view_lines(view, settings)),
            Event::HomeOpened { user } => (settings.display_name(user), vec!["opens the app's home".to_owned()]),
            Event::Failed { what, failure, .. } => ("Slack", vec![failure.shown(what)]),
            Event::Posted(message) => (settings.display_name(&message.user), message_lines(message, "", settings)),
            Event::Edited(message) => {
                (settings.display_name(&message.user), message_lines(message, "(edited) ", settings))
            }
            Event::Deleted { ts, .. } => (settings.app.name.as_str(), vec![format!("(deleted {ts})")]),
        };
        let margin = format!("\n{:28}", "");
        format!("{}  {who:<16}  {}", self.at.strftime("%H:%M:%S"), lines.join(&margin))
    }
}

fn message_lines(message: &Message, mark: &str, settings: &Settings) -> Vec<String> {
    let mut lines: Vec<String> = message.blocks.iter().flat_map(|block| block_lines(block, settings)).collect();
    if lines.is_empty() {
        lines = message.text.lines().map(|line| plain(line, settings)).collect();
    }
    lines.extend(message.files.iter().map(|file| format!("[file {}, {} bytes]", file.title, file.size)));
    let place = if message.thread_ts.is_some() { "(in thread) " } else { "" };
    let audience = message
        .only_visible_to
        .as_ref()
        .map(|user| format!("(only {} sees this) ", settings.display_name(user)))
        .unwrap_or_default();
    match lines.first_mut() {
        Some(first) => first.insert_str(0, &format!("{mark}{place}{audience}")),
        None => lines.push(format!("{mark}{place}{audience}")),
    }
    lines
}

fn submitted_lines(title: &str, values: &Values) -> Vec<String> {
    let inputs = values.values().flatten().map(|(action_id, value)| {
        let options = value["selected_options"].as_array().into_iter().flatten();
        let chosen = options.chain([&value["selected_option"], value]).filter_map(|chosen| chosen["value"].as_str());
        format!("{action_id}: {}", chosen.collect::<Vec<_>>().join(", "))
    });
    [format!("submits [{title}]")].into_iter().chain(inputs).collect()
}

fn view_lines(view: &View, settings: &Settings) -> Vec<String> {
    let audience = settings.display_name(&view.user);
    let place = match view.surface {
        Surface::Modal => "in a modal",
        Surface::Home => "in the app's home",
    };
    let mut lines = vec![format!("(only {audience} sees this, {place}) {}", plain(&view.title, settings))];
    lines.extend(view.blocks.iter().flat_map(|block| block_lines(block, settings)));
    lines.extend(view.errors.iter().map(|(block_id, error)| format!("{block_id}: {}", plain(error, settings))));
    let buttons = view.submit.iter().chain(&view.close).map(|label| format!("[{}]", plain(label, settings)));
    lines.push(buttons.collect::<Vec<_>>().join(" "));
    lines.retain(|line| !line.is_empty());
    lines
}

fn block_lines(block: &Value, settings: &Settings) -> Vec<String> {
    let text_of = |object: &Value| object["text"].as_str().map(|text| plain(text, settings)).unwrap_or_default();
    let list = |key: &str| block[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines: Vec<String> = match block["type"].as_str() {
        Some("actions") => {
            let labels = list("elements").iter().map(|element| format!("[{}]", text_of(&element["text"])));
            vec![labels.collect::<Vec<_>>().join(" ")]
        }
        Some("input") => vec![format!("{}: ____", text_of(&block["label"]))],
        Some("table") => list("rows").iter().map(row_line).collect(),
        Some("plan") => std::iter::once(&block["title"])
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .chain(list("tasks").iter().map(task_line))
            .collect(),
        Some("context") => vec![list("elements").iter().map(text_of).collect::<Vec<_>>().join("  ")],
        _ => {
            let fields = list("fields").iter().map(|field| text_of(field).replace('\n', ": "));
            text_of(&block["text"]).lines().map(str::to_owned).chain(fields).collect()
        }
    };
    if block["accessory"]["type"] == "button" {
        lines.push(format!("[{}]", text_of(&block["accessory"]["text"])));
    }
    lines
}

/// A row of a table, whose cells are plain text.
fn row_line(row: &Value) -> String {
    let cells = row.as_array().into_iter().flatten().map(words);
    cells.collect::<Vec<_>>().join(" | ")
}

/// A task of a plan, with the sign that Slack draws in words.
fn task_line(task: &Value) -> String {
    let [status, title] = ["status", "title"].map(|key| task[key].as_str().unwrap_or_default());
    match words(&task["details"]) {
        details if details.is_empty() => format!("[{status}] {title}"),
        details => format!("[{status}] {title} · {details}"),
    }
}

/// All text of a cell or of rich text, which is not marked up.
fn words(value: &Value) -> String {
    match &value["text"] {
        Value::String(text) => text.clone(),
        _ => value["elements"].as_array().into_iter().flatten().map(words).collect(),
    }
}

/// Slack's `<…>` tokens and entities resolved: mentions to names, links and dates to their labels.
fn plain(text: &str, settings: &Settings) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, token, after)) = rest
        .split_once('<')
        .and_then(|(before, tail)| tail.split_once('>').map(|(token, after)| (before, token, after)))
    {
        plain.push_str(before);
        let (target, label) = token.split_once('|').map_or((token, None), |(target, label)| (target, Some(label)));
        match (target.strip_prefix('@'), target.strip_prefix('#'), label) {
            (Some(user), _, _) => plain.push_str(&format!("@{}", settings.display_name(user))),
            (_, Some(channel), _) => {
                let name = settings.channel(channel).map_or(channel, |channel| channel.name.as_str());
                plain.push_str(&format!("#{name}"));
            }
            (_, _, label) => plain.push_str(label.unwrap_or(target)),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
