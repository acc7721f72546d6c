//! What the stand-in Slack remembers: messages, calls, response URLs, and the transcript of it all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::api::ApiCall;
use super::deliver::Deliver;
use super::fault::Faults;
use super::files::Files;
use super::message::{Content, Edited, Message, ts};
use super::rate::RateLimiter;
use super::response::ResponseUrl;
use super::settings::{Organization, Person, Settings};
use super::socket::Sockets;
use super::transcript::{Entry, Event};
use super::trigger::Triggers;
use super::views::Views;

pub(super) struct State {
    pub(super) settings: Arc<Settings>,
    /// The organization that the workspace is part of (Enterprise Grid), if it is.
    pub(super) organization: Option<Organization>,
    pub(super) deliver: Option<Deliver>,
    pub(super) sockets: Sockets,
    pub(super) calls: Vec<ApiCall>,
    pub(super) faults: Faults,
    pub(super) rates: RateLimiter,
    pub(super) response_urls: BTreeMap<String, ResponseUrl>,
    pub(super) transcript: Vec<Arc<Entry>>,
    pub(super) people: Vec<Person>,
    pub(super) usergroups: BTreeMap<String, Vec<String>>,
    /// What the app's token may do.
    pub(super) scopes: BTreeSet<String>,
    /// Ids of the archived channels.
    pub(super) archived: BTreeSet<String>,
    /// Types of blocks that the workspace does not know.
    pub(super) unknown_blocks: BTreeSet<String>,
    pub(super) files: Files,
    pub(super) triggers: Triggers,
    pub(super) views: Views,
    /// Ids of the channels that the app is in.
    pub(super) joined: BTreeSet<String>,
    /// By channel and `ts`, so that a channel's messages lie together in order.
    messages: BTreeMap<(String, String), Message>,
    rng: ChaCha8Rng,
    last_ts: i64,
}

/// Whose messages a call may see: ephemeral ones exist only for one person, and not for the Web API.
#[derive(Clone, Copy, Debug)]
pub(super) enum Viewer<'a> {
    Api,
    Person(&'a str),
}

impl State {
    pub(super) fn new(settings: Arc<Settings>, sockets: Sockets) -> State {
        let joined = settings.channels.iter().filter(|channel| channel.app_is_member).map(|channel| channel.id.clone());
        State {
            joined: joined.collect(),
            rng: ChaCha8Rng::seed_from_u64(settings.seed),
            organization: None,
            people: settings.people.clone(),
            usergroups: settings.usergroups.clone(),
            scopes: settings.app.scopes.clone(),
            archived: BTreeSet::new(),
            unknown_blocks: BTreeSet::new(),
            settings,
            deliver: None,
            sockets,
            calls: Vec::new(),
            faults: Faults::default(),
            rates: RateLimiter::default(),
            response_urls: BTreeMap::new(),
            transcript: Vec::new(),
            files: Files::default(),
            triggers: Triggers::default(),
            views: Views::default(),
            messages: BTreeMap::new(),
            last_ts: 0,
        }
    }

    pub(super) fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// Id of a person's conversation with the app.
    pub(super) fn direct(&self, user: &str) -> String {
        format!("D{}", user.get(1..).unwrap_or_default())
    }

    /// The id of a place in which there can be messages: a channel, or a conversation with the app.
    pub(super) fn place(&self, id: &str) -> Option<String> {
        let is_direct = || self.people.iter().any(|person| self.direct(&person.id) == id);
        (self.settings.channel(id).is_some() || is_direct()).then(|| id.to_owned())
    }

    /// How payloads name the workspace: not at all where the app is installed in a whole organization.
    pub(super) fn named_team(&self) -> Value {
        let team = &self.settings.team;
        if self.is_org_wide() { Value::Null } else { json!({"id": team.id, "domain": team.domain}) }
    }

    /// How payloads name the organization.
    pub(super) fn named_organization(&self) -> Value {
        let named = |organization: &Organization| json!({"id": organization.id, "name": organization.name});
        self.organization.as_ref().map_or(Value::Null, named)
    }

    /// Whether the app is installed in a whole organization.
    pub(super) fn is_org_wide(&self) -> bool {
        self.organization.as_ref().is_some_and(|organization| organization.has_app)
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }

    /// A `ts`: Unix seconds with six decimals, never twice the same and never going back.
    pub(super) fn next_ts(&mut self) -> String {
        self.last_ts = self.now().as_microsecond().max(self.last_ts + 1);
        ts(self.last_ts)
    }

    /// A new opaque id of hexadecimal digits.
    pub(super) fn next_id(&mut self) -> String {
        format!("{:016x}", self.rng.next_u64())
    }

    pub(super) fn record(&mut self, event: Event) {
        let at = self.now();
        self.transcript.push(Arc::new(Entry { at, event }));
    }

    /// Adds a message and gives it back as it is stored.
    pub(super) fn post(&mut self, post: Post<'_>) -> Message {
        let ts = self.next_ts();
        let mut content = post.content;
        self.name_blocks(content.blocks.as_deref_mut().unwrap_or_default());
        let message = Message {
            channel: post.channel.to_owned(),
            ts: ts.clone(),
            thread_ts: post.thread_ts.map(str::to_owned),
            user: post.author.to_owned(),
            text: content.text.unwrap_or_default(),
            blocks: content.blocks.unwrap_or_default(),
            metadata: content.metadata,
            files: content.files,
            edited: None,
            only_visible_to: post.only_visible_to.map(str::to_owned),
        };
        self.messages.insert((message.channel.clone(), ts), message.clone());
        self.record(Event::Posted(message.clone()));
        message
    }

    /// Replaces a message's content as `chat.update` does: text without blocks takes the blocks away, metadata that is
    /// not named stays.
    pub(super) fn edit(&mut self, channel: &str, ts: &str, mut content: Content) -> Option<Message> {
        let edited = Edited { user: self.settings.app.user_id.clone(), ts: self.next_ts() };
        self.name_blocks(content.blocks.as_deref_mut().unwrap_or_default());
        let message = self.messages.get_mut(&(channel.to_owned(), ts.to_owned()))?;
        if let Some(text) = content.text {
            message.text = text;
        }
        message.blocks = content.blocks.unwrap_or_default();
        if let Some(metadata) = content.metadata {
            // An empty object takes it away.
            message.metadata = Some(metadata).filter(|metadata| metadata.as_object().is_none_or(|it| !it.is_empty()));
        }
        message.edited = Some(edited);
        let message = message.clone();
        self.record(Event::Edited(message.clone()));
        Some(message)
    }

    pub(super) fn delete(&mut self, channel: &str, ts: &str) {
        if self.messages.remove(&(channel.to_owned(), ts.to_owned())).is_some() {
            self.record(Event::Deleted { channel: channel.to_owned(), ts: ts.to_owned() });
        }
    }

    /// The messages of a channel, oldest first.
    pub(super) fn messages(&self, channel: &str) -> impl DoubleEndedIterator<Item = &Message> + use<'_> {
        let first = (channel.to_owned(), String::new());
        // '\u{10ffff}' sorts after every digit of a `ts`.
        let last = (channel.to_owned(), '\u{10ffff}'.to_string());
        self.messages.range(first..last).map(|(_, message)| message)
    }

    /// Every message, by channel and then age.
    pub(super) fn all_messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub(super) fn message(&self, channel: &str, ts: &str, viewer: Viewer<'_>) -> Option<&Message> {
        let message = self.messages.get(&(channel.to_owned(), ts.to_owned()))?;
        let visible = match (&message.only_visible_to, viewer) {
            (None, _) => true,
            (Some(person), Viewer::Person(viewer)) => person == viewer,
            (Some(_), Viewer::Api) => false,
        };
        visible.then_some(message)
    }

    /// Gives every block and every interactive element an id, where the app gave none; Slack does the same.
    pub(super) fn name_blocks(&mut self, blocks: &mut [Value]) {
        for block in blocks {
            self.name(block, "block_id");
            if let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut) {
                elements.iter_mut().filter(|element| is_interactive(element)).for_each(|it| self.name(it, "action_id"));
            }
            for key in ["accessory", "element"] {
                if let Some(element) = block.get_mut(key).filter(|element| is_interactive(element)) {
                    self.name(element, "action_id");
                }
            }
        }
    }

    fn name(&mut self, object: &mut Value, key: &str) {
        if let Some(object) = object.as_object_mut()
            && !object.contains_key(key)
        {
            let id = self.next_id();
            object.insert(key.to_owned(), Value::from(&id[..5]));
        }
    }
}

/// Whether people can do something with it: not text, and not a picture.
fn is_interactive(element: &Value) -> bool {
    !matches!(element["type"].as_str(), None | Some("image" | "plain_text" | "mrkdwn"))
}

/// A message about to be posted.
#[derive(Debug)]
pub(super) struct Post<'a> {
    pub(super) channel: &'a str,
    pub(super) author: &'a str,
    pub(super) thread_ts: Option<&'a str>,
    pub(super) only_visible_to: Option<&'a str>,
    pub(super) content: Content,
}
