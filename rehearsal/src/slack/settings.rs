//! What a stand-in Slack is made of: its workspace, its app, its limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::api::Method;

/// Wall time as the workspace sees it. A rehearsal hands in its simulated clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything that is fixed when a stand-in Slack is made.
#[derive(Clone)]
pub struct Settings {
    /// The workspace.
    pub team: Team,
    /// The app under rehearsal, as it is installed in the workspace.
    pub app: App,
    /// The channels. Everyone in `people` is a member of all of them.
    pub channels: Vec<Channel>,
    /// The people who can type and click, as they are at the start:
    /// [`Slack::change_person`](super::Slack::change_person).
    pub people: Vec<Person>,
    /// User group id to the ids of its members, at the start: [`Slack::set_usergroup`](super::Slack::set_usergroup).
    pub usergroups: BTreeMap<String, Vec<String>>,
    /// The secret that signs requests to the app.
    pub signing_secret: String,
    /// The token that the app calls the Web API with.
    pub bot_token: String,
    /// The app-level token that the app opens Socket Mode connections with.
    pub app_token: String,
    /// Where this Slack is reached, without a slash at the end; `response_url`s begin with it.
    pub base_url: String,
    /// Path of the app's endpoint for slash commands.
    pub commands_path: String,
    /// Path of the app's endpoint for clicks.
    pub interactions_path: String,
    /// Path of the app's endpoint for events.
    pub events_path: String,
    /// Commands that the web page offers with one click.
    pub suggestions: Vec<String>,
    /// Rate limits of the Web API.
    pub limits: Limits,
    /// Wall time: timestamps of messages and of signatures.
    pub clock: Clock,
    /// Seed of all generated ids, so that a run repeats exactly.
    pub seed: u64,
}

/// The workspace.
#[derive(Clone, Debug, Serialize)]
pub struct Team {
    /// `T…`
    pub id: String,
    /// As people read it.
    pub name: String,
    /// The first label of `<domain>.slack.com`.
    pub domain: String,
}

/// An organization of several workspaces.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    /// `E…`
    pub id: String,
    /// As people read it.
    pub name: String,
    /// Whether the app is installed in all of it, rather than in the workspace alone.
    pub has_app: bool,
}

/// The app as it is installed in the workspace.
#[derive(Clone, Debug, Serialize)]
pub struct App {
    /// `A…`, sent as `api_app_id`.
    pub id: String,
    /// `B…`
    pub bot_id: String,
    /// `U…`: the user that its messages are from.
    pub user_id: String,
    /// The name on its messages.
    pub name: String,
    /// Its slash command, with the slash.
    pub command: String,
    /// What its token may do, at the start: [`Slack::set_scopes`](super::Slack::set_scopes).
    pub scopes: BTreeSet<String>,
}

/// A channel.
#[derive(Clone, Debug, Serialize)]
pub struct Channel {
    /// `C…`
    pub id: String,
    /// Without `#`.
    pub name: String,
    /// Whether the app has been invited; it cannot post otherwise.
    pub app_is_member: bool,
}

/// A person who can type and click.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// `U…`
    pub id: String,
    /// The handle, without `@`.
    pub name: String,
    /// As people read it.
    pub real_name: String,
    /// What they do.
    pub title: String,
    /// Address of their profile.
    pub email: String,
    /// Their home workspace: differs from [`Settings::team`] for outsiders in a shared channel (Slack Connect), and for members whose home is another
    /// workspace of the organization.
    pub team_id: String,
    /// Other workspaces of the organization that they are members of.
    pub also_in: Vec<String>,
    /// What kind of account it is.
    pub account: Account,
    /// Where they are.
    pub zone: Zone,
}

impl Person {
    /// Whether they are a member of that workspace.
    pub(super) fn is_of(&self, team: &Team) -> bool {
        self.team_id == team.id || self.also_in.contains(&team.id)
    }
}

/// Kinds of account: <https://docs.slack.dev/reference/objects/user-object>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// A full member.
    Member,
    /// A guest in some channels: `is_restricted`.
    Guest,
    /// A guest in one channel: `is_restricted` and `is_ultra_restricted`.
    SingleChannelGuest,
    /// An app: `is_bot`.
    Bot,
    /// Somebody who left: `deleted`.
    Deactivated,
}

/// A time zone, as a profile has it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Zone {
    /// Its name in the IANA database.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// Seconds east of UTC now.
    pub offset: i32,
}

/// So many calls in any window of that length.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Calls allowed in a window.
    pub calls: usize,
    /// Length of the window.
    pub per: Duration,
}

impl Rate {
    /// `calls` a minute.
    pub const fn per_minute(calls: usize) -> Rate {
        Rate { calls, per: Duration::from_secs(60) }
    }
}

/// Rate limits: <https://docs.slack.dev/apis/web-api/rate-limits>.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `chat.postMessage`, for each channel: one a second, short bursts tolerated.
    pub post: Rate,
    /// Each tier 2 method.
    pub tier2: Rate,
    /// Each tier 3 method, `chat.update` among them.
    pub tier3: Rate,
    /// Each tier 4 method.
    pub tier4: Rate,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            post: Rate { calls: 5, per: Duration::from_secs(5) },
            tier2: Rate::per_minute(20),
            tier3: Rate::per_minute(50),
            tier4: Rate::per_minute(100),
        }
    }
}

impl Settings {
    /// A small company's workspace: four people, an incident channel, and one that stakeholders read. Its base URL works
    /// with a [`Connector`](super::Connector) only; set the real one before serving it.
    pub fn shop(clock: Clock, seed: u64) -> Settings {
        let team = Team { id: "T0SHOP00001".to_owned(), name: "Shop".to_owned(), domain: "shop-example".to_owned() };
        let person = |id: &str, name: &str, real_name: &str, title: &str, zone: Zone| Person {
            id: id.to_owned(),
            name: name.to_owned(),
            real_name: real_name.to_owned(),
            title: title.to_owned(),
            email: format!("{name}@shop.example"),
            team_id: team.id.clone(),
            also_in: Vec::new(),
            account: Account::Member,
            zone,
        };
        let [new_york, berlin, kolkata, los_angeles] = [
            Zone { name: "America/New_York", label: "Eastern Standard Time", offset: -18_000 },
            Zone { name: "Europe/Berlin", label: "Central European Time", offset: 3_600 },
            Zone { name: "Asia/Kolkata", label: "India Standard Time", offset: 19_800 },
            Zone { name: "America/Los_Angeles", label: "Pacific Standard Time", offset: -28_800 },
        ];
        let people = vec![
            person("U0MAYA00001", "maya", "Maya Chen", "Incident commander", new_york),
            person("U0JONAS0001", "jonas", "Jonas Weber", "Database on call", berlin),
            person("U0PRIYA0001", "priya", "Priya Nair", "Platform engineer", kolkata),
            person("U0SAM000001", "sam", "Sam Ortiz", "Customer support", los_angeles),
        ];
        let channel = |id: &str, name: &str| Channel { id: id.to_owned(), name: name.to_owned(), app_is_member: true };
        Settings {
            app: App {
                id: "A0STANDBY01".to_owned(),
                bot_id: "B0STANDBY01".to_owned(),
                user_id: "U0STANDBY01".to_owned(),
                name: "Standby".to_owned(),
                command: "/dr".to_owned(),
                scopes: Method::scopes().map(str::to_owned).collect(),
            },
            channels: vec![channel("C0INCIDENT1", "incident"), channel("C0STATUS001", "status")],
            usergroups: BTreeMap::from([(
                "S0PROMOTERS".to_owned(),
                people.iter().take(3).map(|person| person.id.clone()).collect(),
            )]),
            people,
            team,
            signing_secret: "8f742231b10e8888abcd99yyyzzz85a5".to_owned(),
            bot_token: "xoxb-rehearsal-not-a-secret".to_owned(),
            app_token: "xapp-rehearsal-not-a-secret".to_owned(),
            base_url: "http://slack.invalid".to_owned(),
            commands_path: "/slack/commands".to_owned(),
            interactions_path: "/slack/interactions".to_owned(),
            events_path: "/slack/events".to_owned(),
            suggestions: ["/dr status", "/dr plan promote", "/dr promote", "/dr failback", "/dr help"]
                .map(str::to_owned)
                .to_vec(),
            limits: Limits::default(),
            clock,
            seed,
        }
    }

    /// The channel of that id.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// The person of that id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// The name to show for the id of a person or of the app.
    pub fn display_name<'a>(&'a self, id: &'a str) -> &'a str {
        if id == self.app.user_id {
            return &self.app.name;
        }
        self.person(id).map_or(id, |person| person.real_name.as_str())
    }
}
