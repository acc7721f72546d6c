//! A view: a modal as one person has it open, with what they have put into its inputs, or the app's home as one person sees it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::settings::Settings;

/// A view as it stands now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    /// `V…`
    pub id: String,
    /// The one person who sees it.
    pub user: String,
    /// Where it is shown.
    pub surface: Surface,
    /// What its app calls it.
    pub callback_id: String,
    /// What its app keeps in it, unseen.
    pub private_metadata: String,
    /// Its title.
    pub title: String,
    /// What the button that submits it says, if there is one.
    pub submit: Option<String>,
    /// What the button that closes it says, if there is one.
    pub close: Option<String>,
    /// Its Block Kit blocks.
    pub blocks: Vec<Value>,
    /// What is in its inputs, by block id and action id, in the form in which Slack sends it.
    pub values: Values,
    /// What is wrong with the inputs, by block id: what the app answered, or what Slack itself saw before it asked the app.
    pub errors: BTreeMap<String, String>,
    /// What Slack says where the app did not take the submission.
    pub failure: Option<String>,
    /// Changes with every update, so that an app can tell that its own came second.
    pub hash: String,
    pub(super) external_id: String,
    pub(super) notify_on_close: bool,
    pub(super) clear_on_close: bool,
    pub(super) root: String,
    pub(super) previous: Option<String>,
}

/// Where a view is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// In front of everything else.
    Modal,
    /// In the app's home.
    Home,
}

/// State of inputs by block id and action id: <https://docs.slack.dev/reference/views/modal-views>.
pub type Values = BTreeMap<String, BTreeMap<String, Value>>;

/// What Slack says of a submission that its app did not take.
pub(super) const TROUBLE: &str = "We had some trouble connecting. Try again?";

impl View {
    /// What an app gave, checked already, as a new view at the root of a stack.
    pub(super) fn new(surface: Surface, id: String, user: &str, hash: String, given: &Value) -> View {
        let mut view = View {
            root: id.clone(),
            id,
            user: user.to_owned(),
            surface,
            callback_id: String::new(),
            private_metadata: String::new(),
            title: String::new(),
            submit: None,
            close: None,
            blocks: Vec::new(),
            values: Values::new(),
            errors: BTreeMap::new(),
            failure: None,
            hash: String::new(),
            external_id: String::new(),
            notify_on_close: false,
            clear_on_close: false,
            previous: None,
        };
        view.replace(hash, given);
        view
    }

    /// Replaces what the app gave. What the person put into inputs that are still there stays.
    pub(super) fn replace(&mut self, hash: String, given: &Value) {
        let string = |key: &str| given[key].as_str().unwrap_or_default().to_owned();
        let label = |key: &str| given[key]["text"].as_str().map(str::to_owned);
        let flag = |key: &str| given[key].as_bool().unwrap_or_default();
        self.callback_id = string("callback_id");
        self.private_metadata = string("private_metadata");
        self.external_id = string("external_id");
        self.title = label("title").unwrap_or_default();
        self.submit = label("submit");
        self.close = label("close").or_else(|| (self.surface == Surface::Modal).then(|| "Cancel".to_owned()));
        self.notify_on_close = flag("notify_on_close");
        self.clear_on_close = flag("clear_on_close");
        self.blocks = given["blocks"].as_array().cloned().unwrap_or_default();
        self.values = values(&self.blocks, &self.values);
        self.errors.clear();
        self.failure = None;
        self.hash = hash;
    }

    /// The inputs: block id, the block, the element.
    pub(super) fn inputs(&self) -> impl Iterator<Item = (&str, &Value, &Value)> {
        stateful(&self.blocks)
    }

    /// The buttons in its blocks, with the id of the block that each is in.
    pub fn buttons(&self) -> impl Iterator<Item = (&str, &Value)> {
        super::message::buttons(&self.blocks)
    }

    /// What a person still has to fill in before Slack lets them submit, by block id.
    pub(super) fn unmet(&self) -> BTreeMap<String, String> {
        let demands = self.inputs().filter(|(_, block, _)| block["type"] == "input");
        let unmet = demands.filter_map(|(id, block, element)| {
            let action_id = element["action_id"].as_str().unwrap_or_default();
            let value = self.values.get(id).and_then(|values| values.get(action_id))?;
            Some((id.to_owned(), demand(block, element, value)?))
        });
        unmet.collect()
    }

    /// The view as the Web API and interaction payloads give it.
    pub(super) fn to_api(&self, settings: &Settings) -> Value {
        let text = |text: &str| json!({"type": "plain_text", "text": text, "emoji": true});
        json!({
            "id": self.id,
            "team_id": settings.team.id,
            "type": self.surface,
            "blocks": self.blocks,
            "private_metadata": self.private_metadata,
            "callback_id": self.callback_id,
            "external_id": self.external_id,
            "state": {"values": self.values},
            "hash": self.hash,
            "title": text(&self.title),
            "submit": self.submit.as_deref().map(text),
            "close": self.close.as_deref().map(text),
            "clear_on_close": self.clear_on_close,
            "notify_on_close": self.notify_on_close,
            "root_view_id": self.root,
            "previous_view_id": self.previous,
            "app_id": settings.app.id,
            "app_installed_team_id": settings.team.id,
            "bot_id": settings.app.bot_id,
        })
    }
}

/// What is in the inputs of these blocks: what was there before, otherwise what the app says.
fn values(blocks: &[Value], before: &Values) -> Values {
    let mut values = Values::new();
    for (block_id, _, element) in stateful(blocks) {
        let action_id = element["action_id"].as_str().unwrap_or_default();
        let kept = before.get(block_id).and_then(|block| block.get(action_id));
        let value = kept.filter(|kept| kept["type"] == element["type"]).cloned().unwrap_or_else(|| initial(element));
        values.entry(block_id.to_owned()).or_default().insert(action_id.to_owned(), value);
    }
    values
}

/// The elements that a person can set: block id, the block, the element.
fn stateful(blocks: &[Value]) -> impl Iterator<Item = (&str, &Value, &Value)> {
    blocks.iter().flat_map(|block| {
        let block_id = block["block_id"].as_str().unwrap_or_default();
        let one = ["element", "accessory"].into_iter().filter_map(|key| block.get(key));
        let many = block["elements"].as_array().into_iter().flatten();
        one.chain(many)
            .filter(|element| {
                let kind = element["type"].as_str();
                matches!(kind, Some("plain_text_input" | "static_select" | "radio_buttons" | "checkboxes"))
            })
            .map(move |element| (block_id, block, element))
    })
}

fn initial(element: &Value) -> Value {
    let (key, value) = match element["type"].as_str() {
        Some("plain_text_input") => ("value", element["initial_value"].clone()),
        Some("checkboxes") => {
            ("selected_options", element.get("initial_options").cloned().unwrap_or_else(|| json!([])))
        }
        _ => ("selected_option", element["initial_option"].clone()),
    };
    json!({"type": element["type"], key: value})
}

/// What is amiss with an input, in the words that Slack shows under it.
fn demand(block: &Value, element: &Value, value: &Value) -> Option<String> {
    let text = value["value"].as_str().unwrap_or_default();
    let empty = match value["type"].as_str() {
        Some("plain_text_input") => text.is_empty(),
        Some("checkboxes") => value["selected_options"].as_array().is_none_or(Vec::is_empty),
        _ => value["selected_option"].is_null(),
    };
    if empty {
        return (block["optional"] != true).then(|| "Please complete this required field.".to_owned());
    }
    let length = text.chars().count() as u64;
    match (element["min_length"].as_u64(), element["max_length"].as_u64()) {
        (Some(least), _) if length < least => Some(format!("This field requires at least {least} characters.")),
        (_, Some(most)) if length > most => Some(format!("This field takes at most {most} characters.")),
        _ => None,
    }
}
