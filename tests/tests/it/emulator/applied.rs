//! From nothing to a protected pair: real Terraform applies every stack on the emulators, the bot fails the pair over and back with a rebuild that
//! Terraform carries out, and afterwards no stack wants to change anything that it did not want to change before.

mod stacks;

use std::collections::BTreeSet;

use bot::config::FILL_IN;
use rehearsal::slack::Deliver;
use serde_json::Value;

use self::stacks::{STACKS, STANDBY, Stacks, Wanted};
use super::{Bot, Emulators, Health, People, bot::completed};
use crate::{
    process::{free_addresses, standby, succeeds},
    slack::serve_slack,
};

/// Names that the examples give.
const NAME: &str = "shop-prod";
/// The application, as `standby init` calls it.
const APPLICATION: &str = "shop-prod";
/// Tasks of its service in production, as the examples give them.
const TASKS: &str = "6";
/// What a rebuild hands over here.
const HANDOFF: &str = "deploy/terraform/stack examples/{primary_region} platform apply -var is_aurora_secondary=true -var aurora_source_region={dr_region}";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Terraform with the AWS provider, and Python with ministack, moto and boto3: see tests/third-party/README.md"]
async fn terraform_makes_a_pair_that_fails_over_and_back_without_drift() {
    let work = tempfile::tempdir().unwrap();
    let emulators = Emulators::completed(work.path());
    let zone = emulators.pass_with("before_terraform.py", &[NAME, "api"]);
    let stacks = Stacks::new(work.path(), &emulators, zone.trim());
    for (settings, stack) in STACKS {
        stacks.run(settings, stack, &["apply", "-auto-approve"]);
    }
    let pair = stacks.describe();
    let cluster = |side: &str| pair[side]["db_cluster"].as_str().unwrap().to_owned();
    emulators.pass_with("emits.py", &[&cluster("primary"), &cluster("dr"), TASKS]);
    let before = stacks.wanted();

    let health = Health::start(&pair).await;
    let slack = serve_slack().await;
    let [address] = free_addresses();
    let added = completed(APPLICATION, text(&pair["record"]["name"]), work.path(), address, &health, slack.settings());
    let config = reviewed(&proposed(&pair, &emulators), &added, &pair);
    let mut bot = Bot::configured(work.path(), &config, address, &slack, &emulators);
    bot.launch();
    slack.deliver_to(Deliver::Http(format!("http://{}", bot.address).parse().unwrap()));
    let people = People { slack };
    green(&bot);

    people.say("promote real applies made this pair").await;
    people.confirm("approve-failover").await;
    people.hear(|message| message.text.contains("is served by")).await;
    // People who do not know of the failover plan, and nothing would be moved back.
    no_more_than(&before, &stacks.wanted());

    emulators.pass_with("detach.py", &[pair["global_cluster"].as_str().unwrap(), &cluster("primary")]);
    people.say("failback the region is healthy again").await;
    people.confirm("approve-rebuild").await;
    let handoff = people.hear(|message| message.text.contains("your turn")).await;
    stacks.carry_out(&handoff.text);
    // Terraform took minutes, and a lag of minutes ago approves nothing.
    emulators.pass_with("emits.py", &[&cluster("primary"), &cluster("dr"), TASKS]);
    people.confirm("approve-switchover").await;
    people.hear(|message| message.text.contains("is served by us-east-1")).await;
    bot.ended(3).await;

    no_more_than(&before, &stacks.wanted());
    bot.export();
    bot.stop();

    stacks.turn_into_a_task();
    let (settings, stack) = STANDBY;
    no_more_than(&before, &stacks.plan(settings, stack));
}

/// What `standby init` writes from what it finds: everything but who people are in Slack.
fn proposed(pair: &Value, emulators: &Emulators) -> toml::Table {
    let mut command = standby(&["init", "--global-cluster", text(&pair["global_cluster"])]);
    command.args(["--dr-region", text(&pair["dr"]["region"])]).envs(emulators.env());
    let proposal = succeeds(command);
    eprintln!("{proposal}");
    let blank = |line: &&str| !line.starts_with('#') && line.contains(FILL_IN);
    let blanks: Vec<&str> = proposal.lines().filter(blank).map(|line| line.split(" = ").next().unwrap()).collect();
    assert_eq!(blanks, ["team", "channels", "promoters", "channel"], "not only Slack's ids are to be filled in");
    assert!(proposal.contains("AWS answered everything"), "something could not be read");
    proposal.parse().unwrap()
}

/// What a person makes of a proposal: completed by what only people know.
fn reviewed(proposal: &toml::Table, added: &str, pair: &Value) -> String {
    let proposed = &proposal["applications"][APPLICATION];
    for side in ["primary", "dr"] {
        assert_eq!(proposed[side]["endpoint"]["dns_name"].as_str(), pair[side]["endpoint"]["dns_name"].as_str());
        assert_eq!(proposed[side]["endpoint"]["zone"].as_str(), pair[side]["endpoint"]["zone"].as_str());
    }
    for key in ["zone", "name"] {
        assert_eq!(proposed["record"][key].as_str(), pair["record"][key].as_str());
    }
    let mut config = proposal.clone();
    // Over HTTP, where a proposal has Socket Mode.
    config.remove("slack");
    let handoff = format!("[applications.{APPLICATION}.failback]\nhandoff = {HANDOFF:?}\n");
    merge(&mut config, handoff.parse().unwrap());
    merge(&mut config, added.parse().unwrap());
    let config = config.to_string();
    assert!(!config.contains(FILL_IN), "nobody knows what to fill in:\n{config}");
    config
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// `standby check` fails at nothing but what the emulators have not.
fn green(bot: &Bot) {
    let found = bot.check();
    eprintln!("{}{}", found.out, found.err);
    let failed: Vec<&str> = found.out.lines().filter(|line| line.starts_with("FAIL")).collect();
    assert_eq!(failed, Vec::<&str>::new());
}

/// Fails if something is wanted that was not wanted before.
fn no_more_than(before: &Wanted, after: &Wanted) {
    let none = BTreeSet::new();
    let more: Vec<String> = after
        .iter()
        .flat_map(|(resource, changes)| {
            let known = before.get(resource).unwrap_or(&none);
            changes.difference(known).map(move |change| format!("{resource}: {change}"))
        })
        .collect();
    assert!(more.is_empty(), "Terraform would change what it would not have changed before:\n{}", more.join("\n"));
}
