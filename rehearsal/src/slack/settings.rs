//! What a stand-in Slack is made of: its workspace, its app, its limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

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
    /// The people who can type and click.
    pub people: Vec<Person>,
    /// User group id to the ids of its members.
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
    /// Their home workspace: differs from [`Settings::team`] for outsiders in a shared channel (Slack Connect).
    pub team_id: String,
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
        let person = |id: &str, name: &str, real_name: &str, title: &str| Person {
            id: id.to_owned(),
            name: name.to_owned(),
            real_name: real_name.to_owned(),
            title: title.to_owned(),
            email: format!("{name}@shop.example"),
            team_id: team.id.clone(),
        };
        let people = vec![
            person("U0MAYA00001", "maya", "Maya Chen", "Incident commander"),
            person("U0JONAS0001", "jonas", "Jonas Weber", "Database on call"),
            person("U0PRIYA0001", "priya", "Priya Nair", "Platform engineer"),
            person("U0SAM000001", "sam", "Sam Ortiz", "Customer support"),
        ];
        let channel = |id: &str, name: &str| Channel { id: id.to_owned(), name: name.to_owned(), app_is_member: true };
        Settings {
            app: App {
                id: "A0STANDBY01".to_owned(),
                bot_id: "B0STANDBY01".to_owned(),
                user_id: "U0STANDBY01".to_owned(),
                name: "Standby".to_owned(),
                command: "/dr".to_owned(),
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
