//! A message, and the simpler forms in which it is tried where Slack refuses it.

use serde_json::Value;

use super::{LINE, section};
use crate::slack::text::shorten;

/// Characters of a message's plain text; Slack truncates at 40,000 and advises 4,000.
const PLAIN: usize = 4_000;

/// A message: the plain text that notifications and screen readers use, and the blocks that people see.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Plain text, never empty.
    pub text: String,
    /// Block Kit blocks.
    pub blocks: Vec<Value>,
    /// The same without tables and plans, where `blocks` has one: a workspace may refuse those.
    plainer: Option<Vec<Value>>,
}

impl Message {
    /// A message of these blocks.
    pub fn new(text: impl AsRef<str>, blocks: Vec<Value>) -> Self {
        Self { text: shorten(text.as_ref(), PLAIN), blocks, plainer: None }
    }

    /// The message with what stands in for its blocks where a workspace refuses tables and plans.
    #[must_use]
    pub fn or(self, plainer: Vec<Value>) -> Self {
        Self { plainer: Some(plainer), ..self }
    }

    /// Adds a block at the end, whatever the form.
    pub fn push(&mut self, block: Value) {
        self.plainer.iter_mut().for_each(|blocks| blocks.push(block.clone()));
        self.blocks.push(block);
    }

    /// Whether people can press something in it.
    pub fn has_buttons(&self) -> bool {
        self.buttons().next().is_some()
    }

    /// The blocks with its buttons.
    fn buttons(&self) -> impl Iterator<Item = &Value> {
        self.blocks.iter().filter(|block| block["type"] == "actions")
    }

    /// The first of its plain text, and its buttons.
    pub fn in_short(&self) -> Vec<Value> {
        std::iter::once(section(&shorten(&self.text, LINE))).chain(self.buttons().cloned()).collect()
    }

    /// The message in a simpler form.
    pub fn simplified(&self, form: Form) -> Self {
        let blocks = match (form, &self.plainer) {
            (Form::Plainer, Some(blocks)) => blocks.clone(),
            (Form::Whole | Form::Plainer, _) => self.blocks.clone(),
            (Form::Bare, _) => std::iter::once(section(&self.text)).chain(self.buttons().cloned()).collect(),
            (Form::Text, _) => Vec::new(),
        };
        Self { text: self.text.clone(), blocks, plainer: None }
    }

    /// The next simpler form of this message.
    pub fn simpler(&self, form: Form) -> Option<Form> {
        match form {
            Form::Whole if self.plainer.is_some() => Some(Form::Plainer),
            Form::Whole | Form::Plainer => Some(Form::Bare),
            Form::Bare => Some(Form::Text),
            Form::Text => None,
        }
    }
}

/// How much of a message is shown: what Slack refuses is tried in the next form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Everything.
    Whole,
    /// Everything, in blocks that every workspace takes.
    Plainer,
    /// The plain text and the buttons, so that people can still decide.
    Bare,
    /// The plain text.
    Text,
}
