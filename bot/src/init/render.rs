//! A proposal as a commented configuration.

use std::fmt::{self, Write as _};

use commands::{
    discovery::{Proposal, Proposed, ProposedListener, ProposedRegion, application_name},
    topology::{Endpoint, RecordName},
};

use crate::config::FILL_IN;

/// Most reasons that stand beside one value; all of them are at the top.
const REASONS: usize = 3;

/// The comment at the top of the file.
pub(super) fn head(proposal: &Proposal, summary: &str) -> String {
    let mut text = format!(
        "# Standby's configuration, proposed by `standby init` from what AWS has around {}. A person has to read it: each value\n\
         # says where it was found, and {FILL_IN} stands where none was. deploy/standby.example.toml explains every key, those left out\n\
         # here too. Then: standby check --config FILE\n\
         # {summary}\n",
        line(&proposal.global_cluster)
    );
    if !proposal.unread.is_empty() {
        text.push_str("#\n# Not everything could be read. What is missing below may be among this:\n");
        proposal.unread.iter().for_each(|unread| text.push_str(&format!("# - {}\n", line(&unread.to_string()))));
    }
    text
}

/// The configuration itself.
pub(super) fn body(proposal: &Proposal) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _written = write(&mut text, proposal);
    text
}

fn write(text: &mut String, proposal: &Proposal) -> fmt::Result {
    let name = application_name(&proposal.global_cluster);
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
         path = \"/var/lib/standby\"\n\n\
         [applications.{name}]\n\
         global_cluster = {:?}",
        proposal.global_cluster
    )?;
    region(text, &name, "primary", "The region that serves in steady state.", &proposal.primary)?;
    region(text, &name, "dr", "The disaster-recovery region. Run the bot here.", &proposal.dr)?;
    services(text, &name, proposal)?;
    traffic(text, &name, proposal)?;
    text.write_str(&people(proposal))
}

fn region(text: &mut String, name: &str, side: &str, what: &str, region: &ProposedRegion) -> fmt::Result {
    let member = &region.member;
    writeln!(
        text,
        "\n# {what}\n[applications.{name}.{side}]\nregion = {:?}\naccount = {:?}\n\
         # Only if the bot's own identity cannot make the calls to this region:\n\
         # role_arn = \"arn:{}:iam::{}:role/NAME\"\n\
         db_cluster = {:?}",
        member.region, member.account, member.partition, member.account, member.db_cluster
    )?;
    let ecs = |text: &mut String, found: &String| writeln!(text, "ecs_cluster = {found:?}");
    let how = format!("aws ecs list-clusters --region {}", member.region);
    proposed(text, &region.ecs_cluster, &how, ecs, |text| writeln!(text, "ecs_cluster = {FILL_IN:?}"), Clone::clone)?;

    remarks(text, &region.endpoint_remarks)?;
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
    listener(text, region)
}

fn listener(text: &mut String, region: &ProposedRegion) -> fmt::Result {
    let blank = |text: &mut String| writeln!(text, "# listener = {{ arn = {FILL_IN:?}, target_group = {FILL_IN:?} }}");
    if region.listener == Proposed::Missing {
        return writeln!(
            text,
            "# No listener forwards to these services. Name one only if a promote has to switch it."
        );
    }
    remarks(text, &region.listener_remarks)?;
    let found = |text: &mut String, found: &ProposedListener| {
        let listener = &found.listener;
        let pair = format!("arn = {:?}, target_group = {:?}", listener.arn, listener.target_group);
        match &found.rule {
            None => writeln!(text, "listener = {{ {pair} }}"),
            Some(rule) => writeln!(
                text,
                "# It is the rule {rule} that forwards there, and not the default action.\n# listener = {{ {pair} }}"
            ),
        }
    };
    let shown = |found: &ProposedListener| {
        let by = found.rule.as_deref().unwrap_or(&found.listener.arn);
        format!("{by} → {}", found.listener.target_group)
    };
    let how = format!("aws elbv2 describe-load-balancers --region {}", region.member.region);
    proposed(text, &region.listener, &how, found, blank, shown)
}

fn services(text: &mut String, name: &str, proposal: &Proposal) -> fmt::Result {
    writeln!(text, "\n# ECS services by the same name in both regions, with the capacity that the primary has now.")?;
    remarks(text, &proposal.service_remarks)?;
    if let Some(found) = proposal.services.found() {
        for service in found {
            writeln!(
                text,
                "[[applications.{name}.services]]\nname = {:?}\ndesired = {}\nmin = {}\n",
                service.name, service.desired, service.min
            )?;
        }
        return Ok(());
    }
    match &proposal.services {
        Proposed::NotRead(unread) => not_read(text, unread)?,
        Proposed::Choice(_) => writeln!(text, "# Ambiguous: choose the two clusters above first.")?,
        _ => writeln!(text, "# Not found: no service has the same name in both regions.")?,
    }
    writeln!(text, "[[applications.{name}.services]]\nname = {FILL_IN:?}\ndesired = 0\nmin = 0\n")
}

fn traffic(text: &mut String, name: &str, proposal: &Proposal) -> fmt::Result {
    writeln!(text, "# The record that says which region serves: a simple alias.\n[applications.{name}.record]")?;
    remarks(text, &proposal.record_remarks)?;
    let one = |text: &mut String, record: &RecordName| {
        writeln!(text, "zone = {:?}\nname = {:?}", record.zone, record.name)?;
        record.role_arn.as_ref().map_or(Ok(()), |role| writeln!(text, "role_arn = {role:?}"))
    };
    let records = |text: &mut String, found: &Vec<RecordName>| {
        let Some((first, more)) = found.split_first() else { return Ok(()) };
        one(text, first)?;
        more.iter().try_for_each(|record| {
            writeln!(text, "\n# It leads to the same endpoint, and moves with it.\n[[applications.{name}.records]]")?;
            one(text, record)
        })
    };
    let first = proposal.records.found().and_then(|records| records.first());
    let known = first.map(|record| record.name.as_str()).or(proposal.record_name.as_deref());
    let blank = |text: &mut String| {
        writeln!(
            text,
            "# If the zone belongs to another account, add --zone-role ARN with a role of that account.\nzone = {FILL_IN:?}\nname = {:?}",
            known.unwrap_or(FILL_IN)
        )
    };
    let shown = |found: &Vec<RecordName>| {
        let all = found.iter().map(|record| format!("{} in zone {}", record.name, record.zone));
        all.collect::<Vec<_>>().join(", ")
    };
    proposed(text, &proposal.records, "aws route53 list-hosted-zones", records, blank, shown)?;

    // Under a wildcard, a name below it is asked.
    let host = known.unwrap_or(FILL_IN).replace('*', FILL_IN);
    writeln!(text, "\n# Asked at the new target before the promote counts as done.\n[applications.{name}.verify]")?;
    let found = |text: &mut String, path: &String| {
        writeln!(text, "# See that it is public.\nurl = {:?}", format!("https://{host}{path}"))
    };
    let blank = |text: &mut String| writeln!(text, "url = {:?}", format!("https://{host}/{FILL_IN}"));
    let how = "the health check of the application's target group";
    proposed(text, &proposal.health_path, how, found, blank, Clone::clone)
}

/// What only people know.
pub(super) fn people(proposal: &Proposal) -> String {
    let name = application_name(&proposal.global_cluster);
    format!(
        "\n# Who may do what: ids, as Slack shows them in a profile, a channel's details and the workspace's URL.\n\
         [applications.{name}.access]\n\
         team = {FILL_IN:?}\n\
         channels = [{FILL_IN:?}]\n\
         viewers = [\"*\"]\n\
         promoters = [{FILL_IN:?}, \"{FILL_IN}-2\"]\n\n\
         [applications.{name}.slack]\n\
         # The incident channel. Invite the bot to it.\n\
         channel = {FILL_IN:?}\n"
    )
}

/// Writes what was found with its whence, or a blank with the choices, the reason, or the way to find out.
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
            writeln!(text, "# Ambiguous. One of these {}:", choices.len())?;
            choices.iter().try_for_each(|choice| writeln!(text, "# - {}", line(&shown(choice))))?;
            blank(text)
        }
        Proposed::NotRead(unread) => {
            not_read(text, unread)?;
            blank(text)
        }
        Proposed::Missing => {
            writeln!(text, "# Not found. This may tell: {how}")?;
            blank(text)
        }
    }
}

fn not_read(text: &mut String, unread: &[String]) -> fmt::Result {
    writeln!(text, "# Not read:")?;
    let (shown, more) = unread.split_at(unread.len().min(REASONS));
    remarks(text, shown)?;
    match more.len() {
        0 => Ok(()),
        more => writeln!(text, "# - and {more} more, at the top of this file"),
    }
}

fn remarks(text: &mut String, remarks: &[String]) -> fmt::Result {
    remarks.iter().try_for_each(|remark| writeln!(text, "# - {}", line(remark)))
}

/// In one line, as a comment must be.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
