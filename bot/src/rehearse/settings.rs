//! The configuration of a rehearsal, written from its scenario and read by the same parser as anybody's.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use rehearsal::{Colour, Pair, Scenario, Side, slack};

use crate::config::{Config, ConfigError};

/// The incident channel: the stand-in workspace's first. Stakeholders are in its second.
fn channel(workspace: &slack::Settings) -> &str {
    workspace.channels.first().map_or("", |channel| channel.id.as_str())
}

/// Those who may promote: all of the people but the last, who only looks on.
fn promoters(workspace: &slack::Settings) -> &[slack::Person] {
    workspace.people.split_last().map_or(&[], |(_, promoters)| promoters)
}

/// What each person may do, in a few words.
pub(super) fn rights(workspace: &slack::Settings) -> BTreeMap<String, String> {
    let may = |person: &slack::Person| {
        let promotes = promoters(workspace).iter().any(|promoter| promoter.id == person.id);
        if promotes { "may ask and confirm" } else { "may look" }
    };
    workspace.people.iter().map(|person| (person.id.clone(), may(person).to_owned())).collect()
}

/// The configuration; its store is a placeholder, so that the same rehearsal has the same digest wherever its store is.
/// `page` is where the rehearsal is served, if it is: runs have their page there.
pub(super) fn config(
    scenario: &Scenario,
    workspace: &slack::Settings,
    page: Option<&str>,
) -> Result<Config, ConfigError> {
    let web = |url| format!("\n[web]\npublic_url = {url:?}\nlink_secret_env = \"REHEARSAL_LINK_SECRET\"\n");
    let text = format!("{}{}", toml(scenario, workspace), page.map(web).unwrap_or_default());
    Config::parse(Path::new("rehearsal.toml"), &text)
}

/// The configuration as text.
pub fn toml(scenario: &Scenario, workspace: &slack::Settings) -> String {
    let mut text = String::from(
        "[slack]\napp_token_env = \"REHEARSAL_APP_TOKEN\"\nsigning_secret_env = \"REHEARSAL_SIGNING_SECRET\"\nbot_token_env = \"REHEARSAL_BOT_TOKEN\"\n\n\
         [http]\nlisten = \"127.0.0.1:0\"\n\n[store]\npath = \"rehearsal\"\n",
    );
    for pair in &scenario.pairs {
        // Writing to a string cannot fail.
        let _written = application(&mut text, pair, workspace);
    }
    text
}

fn application(text: &mut String, pair: &Pair, workspace: &slack::Settings) -> std::fmt::Result {
    let name = &pair.name;
    writeln!(text, "\n[applications.{name}]\nglobal_cluster = {:?}", pair.global_cluster)?;
    region(text, pair, Side::Primary)?;
    region(text, pair, Side::Dr)?;
    for service in &pair.services {
        writeln!(
            text,
            "\n[[applications.{name}.services]]\nname = {:?}\ndesired = {}\nmin = {}",
            service.name, service.desired, service.min
        )?;
    }
    for (index, (zone, record, role_arn)) in pair.names().into_iter().enumerate() {
        let section = if index == 0 {
            format!("[applications.{name}.record]")
        } else {
            format!("[[applications.{name}.records]]")
        };
        writeln!(text, "\n{section}\nzone = {zone:?}\nname = {record:?}")?;
        if let Some(role_arn) = role_arn {
            writeln!(text, "role_arn = {role_arn:?}")?;
        }
    }
    writeln!(text, "\n[applications.{name}.verify]\nurl = {:?}", pair.health_url())?;
    let channel = channel(workspace);
    let promoters: Vec<&str> = promoters(workspace).iter().map(|person| person.id.as_str()).collect();
    writeln!(
        text,
        "\n[applications.{name}.access]\nteam = {:?}\nchannels = [{channel:?}]\nviewers = [\"*\"]\npromoters = {promoters:?}",
        workspace.team.id
    )?;
    writeln!(text, "\n[applications.{name}.slack]\nchannel = {channel:?}")?;
    match workspace.channels.get(1) {
        Some(stakeholders) => writeln!(text, "stakeholders = {:?}", stakeholders.id),
        None => Ok(()),
    }
}

fn region(text: &mut String, pair: &Pair, side: Side) -> std::fmt::Result {
    let site = pair.site(side);
    let section = match side {
        Side::Primary => "primary",
        Side::Dr => "dr",
    };
    writeln!(
        text,
        "\n[applications.{}.{section}]\nregion = {:?}\naccount = {:?}\ndb_cluster = {:?}\necs_cluster = {:?}",
        pair.name,
        site.region.to_string(),
        pair.account,
        site.db_cluster,
        site.ecs_cluster
    )?;
    writeln!(text, "endpoint = {{ dns_name = {:?}, zone = {:?} }}", site.endpoint.dns_name, site.endpoint.zone)?;
    let rule = if pair.rule { format!(", rule_arn = {:?}", pair.rule_arn(side)) } else { String::new() };
    writeln!(
        text,
        "listener = {{ arn = {:?}, target_group = {:?}{rule} }}",
        pair.listener_arn(side),
        pair.target_group_arn(side, Colour::Green)
    )
}
