//! A proposal as a commented configuration.

use std::fmt::{self, Write as _};

use commands::{
    discovery::{Proposal, Proposed, ProposedRegion, application_name},
    topology::{Endpoint, Listener},
};

use crate::config::FILL_IN;

/// The file's text.
pub(super) fn toml(global_cluster: &str, proposal: &Proposal) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _written = write(&mut text, global_cluster, proposal);
    text
}

fn write(text: &mut String, global_cluster: &str, proposal: &Proposal) -> fmt::Result {
    let name = application_name(global_cluster);
    head(text, global_cluster, proposal)?;
    writeln!(text, "\n[applications.{name}]\nglobal_cluster = {global_cluster:?}")?;
    region(text, &name, "primary", "The region that serves in steady state.", &proposal.primary)?;
    region(text, &name, "dr", "The disaster-recovery region. Run the bot here.", &proposal.dr)?;
    services(text, &name, proposal)?;
    traffic(text, &name, proposal)?;
    people(text, &name)
}

fn head(text: &mut String, global_cluster: &str, proposal: &Proposal) -> fmt::Result {
    writeln!(
        text,
        "# Standby's configuration, proposed by `standby init` from what AWS has around {global_cluster}. A person has to read it: each value\n\
         # says where it was found, and {FILL_IN} where nothing was, or more than one thing. deploy/standby.example.toml explains every key,\n\
         # those left out here too. Then: standby check --config FILE"
    )?;
    if !proposal.unread.is_empty() {
        writeln!(text, "#\n# Not everything could be read:")?;
        proposal.unread.iter().try_for_each(|unread| writeln!(text, "# - {}", line(unread)))?;
    }
    writeln!(
        text,
        "\n[slack]\n\
         # Socket Mode: the bot opens connections to Slack, and nothing has to reach it. deploy/slack has the app's manifest.\n\
         mode = \"socket\"\n\
         # Environment variables that hold the secrets.\n\
         bot_token_env = \"STANDBY_SLACK_BOT_TOKEN\"\n\
         app_token_env = \"STANDBY_SLACK_APP_TOKEN\"\n\n\
         [http]\n\
         # /healthz, /readyz and /metrics, for your own network.\n\
         listen = \"0.0.0.0:8080\"\n\n\
         [store]\n\
         # Folder of the audit log, on local or block storage; never NFS.\n\
         path = \"/var/lib/standby\""
    )
}

fn region(text: &mut String, name: &str, side: &str, what: &str, region: &ProposedRegion) -> fmt::Result {
    let member = &region.member;
    writeln!(
        text,
        "\n# {what}\n[applications.{name}.{side}]\nregion = {:?}\naccount = {:?}\ndb_cluster = {:?}",
        member.region, member.account, member.db_cluster
    )?;
    let ecs = |text: &mut String, found: &String| writeln!(text, "ecs_cluster = {found:?}");
    let how = format!("aws ecs list-clusters --region {}", member.region);
    proposed(text, &region.ecs_cluster, &how, ecs, |text| writeln!(text, "ecs_cluster = {FILL_IN:?}"), Clone::clone)?;

    let endpoint = |text: &mut String, found: &Endpoint| {
        writeln!(text, "endpoint = {{ dns_name = {:?}, zone = {:?} }}", found.dns_name, found.zone)
    };
    let blank = |text: &mut String| {
        writeln!(text, "endpoint = {{ dns_name = \"{FILL_IN}.{}\", zone = {FILL_IN:?} }}", member.region)
    };
    let how = format!(
        "aws apigatewayv2 get-domain-names --region {} --query \
         'Items[].[DomainName,DomainNameConfigurations[0].[ApiGatewayDomainName,HostedZoneId]]'",
        member.region
    );
    let shown = |found: &Endpoint| format!("{} (zone {})", found.dns_name, found.zone);
    proposed(text, &region.endpoint, &how, endpoint, blank, shown)?;

    let listener = |text: &mut String, found: &Listener| {
        writeln!(text, "listener = {{ arn = {:?}, target_group = {:?} }}", found.arn, found.target_group)
    };
    match &region.listener {
        Proposed::Missing => writeln!(text, "# No listener was found; name one only where blue/green is in play."),
        found => {
            let blank =
                |text: &mut String| writeln!(text, "# listener = {{ arn = {FILL_IN:?}, target_group = {FILL_IN:?} }}");
            let shown = |found: &Listener| format!("{} → {}", found.arn, found.target_group);
            proposed(text, found, "", listener, blank, shown)
        }
    }
}

fn services(text: &mut String, name: &str, proposal: &Proposal) -> fmt::Result {
    writeln!(text, "\n# ECS services by the same name in both regions, with the capacity that the primary has now.")?;
    proposal.remarks.iter().try_for_each(|remark| writeln!(text, "# - {}", line(remark)))?;
    for service in &proposal.services {
        writeln!(
            text,
            "[[applications.{name}.services]]\nname = {:?}\ndesired = {}\nmin = {}\n",
            service.name, service.desired, service.min
        )?;
    }
    match proposal.services.is_empty() {
        true => writeln!(text, "[[applications.{name}.services]]\nname = {FILL_IN:?}\ndesired = 0\nmin = 0\n"),
        false => Ok(()),
    }
}

fn traffic(text: &mut String, name: &str, proposal: &Proposal) -> fmt::Result {
    writeln!(
        text,
        "# The one record that says which region serves: a simple alias A record.\n[applications.{name}.record]"
    )?;
    let record = |text: &mut String, found: &commands::topology::RecordName| {
        writeln!(text, "zone = {:?}\nname = {:?}", found.zone, found.name)
    };
    let blank = |text: &mut String| writeln!(text, "zone = {FILL_IN:?}\nname = {FILL_IN:?}");
    let shown = |found: &commands::topology::RecordName| format!("{} in zone {}", found.name, found.zone);
    proposed(text, &proposal.record, "aws route53 list-hosted-zones", record, blank, shown)?;

    let host = proposal.record.found().map_or(FILL_IN, |record| record.name.as_str());
    writeln!(text, "\n# Asked at the new target before the promote counts as done.\n[applications.{name}.verify]")?;
    match &proposal.health_path {
        Proposed::Found(path, whence) => writeln!(
            text,
            "# The path is that of the {whence}: see that it is public.\nurl = {:?}",
            format!("https://{host}{path}")
        ),
        _ => writeln!(text, "# Nothing tells its path.\nurl = {:?}", format!("https://{host}/{FILL_IN}")),
    }
}

fn people(text: &mut String, name: &str) -> fmt::Result {
    writeln!(
        text,
        "\n# Who may do what: ids, as Slack shows them in a profile, a channel's details and the workspace's URL.\n\
         [applications.{name}.access]\n\
         team = {FILL_IN:?}\n\
         channels = [{FILL_IN:?}]\n\
         viewers = [\"*\"]\n\
         promoters = [{FILL_IN:?}, \"{FILL_IN}-2\"]\n\n\
         [applications.{name}.slack]\n\
         # The incident channel. Invite the bot to it.\n\
         channel = {FILL_IN:?}"
    )
}

/// Writes what was found with its whence, or a blank with the choices or the way to find out.
fn proposed<T>(
    text: &mut String,
    proposed: &Proposed<T>,
    how: &str,
    found: impl Fn(&mut String, &T) -> fmt::Result,
    blank: impl Fn(&mut String) -> fmt::Result,
    shown: impl Fn(&T) -> String,
) -> fmt::Result {
    match proposed {
        Proposed::Found(value, whence) => {
            writeln!(text, "# Found: {}.", line(whence))?;
            found(text, value)
        }
        Proposed::Choice(choices) => {
            writeln!(text, "# One of these:")?;
            choices.iter().try_for_each(|choice| writeln!(text, "# - {}", line(&shown(choice))))?;
            blank(text)
        }
        Proposed::Missing => {
            writeln!(text, "# Not found; this may tell: {how}")?;
            blank(text)
        }
    }
}

/// In one line, as a comment must be.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
