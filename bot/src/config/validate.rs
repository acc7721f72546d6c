//! What a type cannot say: which values fit together.

use std::{collections::BTreeSet, path::PathBuf};

use commands::{
    access::{Access, Kind, is_group},
    topology::{Application, Region, Service, StepTiming, normal},
};

use super::{Audit, Channels, Config, FILL_IN, Mode, Problem, SecretSource, Web, records};

/// Everything that is wrong with a configuration of the right form.
pub(super) fn problems(config: &Config) -> Vec<Problem> {
    let mut found = Problems::default();
    found.slack(config);
    found.audit(config);
    found.0.extend(config.web.iter().flat_map(Web::problems));
    if config.applications.is_empty() {
        found.add("applications", "is empty", "describe at least one pair in [applications.NAME]");
    }
    for (name, application) in &config.applications {
        found.application(name, application);
    }
    for (name, access) in &config.access {
        found.access(&format!("applications.{name}.access"), access);
    }
    for (name, channels) in &config.channels {
        found.channels(&format!("applications.{name}.slack"), channels, config.access.get(name));
    }
    found.0
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) {
        self.0.push(Problem::new(key, what, fix));
    }

    fn demand(&mut self, holds: bool, key: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) {
        if !holds {
            self.add(key, what, fix);
        }
    }

    fn slack(&mut self, config: &Config) {
        let slack = &config.slack;
        let source = |key, file: &Option<PathBuf>, env: &Option<String>| {
            SecretSource::of(key, file.as_deref(), env.as_deref()).map(drop)
        };
        let names_app_token = slack.app_token_file.is_some() || slack.app_token_env.is_some();
        let names_signing_secret = slack.signing_secret_file.is_some() || slack.signing_secret_env.is_some();
        let app_token = source("slack.app_token", &slack.app_token_file, &slack.app_token_env);
        let signing_secret = source("slack.signing_secret", &slack.signing_secret_file, &slack.signing_secret_env);
        let (app_token, signing_secret) = match slack.mode {
            Mode::Http if names_app_token => (
                Err(Problem::new(
                    "slack.app_token_file",
                    "is given, but mode is \"http\"",
                    "remove it, or set mode = \"socket\"",
                )),
                signing_secret,
            ),
            Mode::Http => (Ok(()), signing_secret),
            Mode::Socket if names_signing_secret => (app_token, signing_secret),
            Mode::Socket => (app_token, Ok(())),
        };
        let bot_token = source("slack.bot_token", &slack.bot_token_file, &slack.bot_token_env);
        self.0.extend([app_token, signing_secret, bot_token].into_iter().filter_map(Result::err));
        let fits = slack.api_url().starts_with("https://") || slack.api_url().starts_with("http://");
        self.demand(fits, "slack.api_url", "is not an http address", "leave it out to use Slack's own");
    }

    fn audit(&mut self, config: &Config) {
        let Audit { signing_key_file: file, signing_key_env: env, compliance, replica, .. } = &config.audit;
        if file.is_some() && env.is_some() {
            self.0.extend(SecretSource::of("audit.signing_key", file.as_deref(), env.as_deref()).err());
        }
        self.0.extend(replica.iter().flat_map(|replica| replica.problems(file.is_some() || env.is_some())));
        for (index, user) in compliance.iter().enumerate() {
            self.demand(
                user.starts_with('U') || user.starts_with('W'),
                format!("audit.compliance[{index}]"),
                format!("{user} is not a Slack user id"),
                "copy the id from the person's profile: it begins with U or W",
            );
        }
    }

    fn application(&mut self, name: &str, application: &Application) {
        let key = |rest: &str| format!("applications.{name}.{rest}");
        let fits = !name.is_empty()
            && name.len() <= 40
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        self.demand(
            fits,
            format!("applications.{name}"),
            "is not a usable name",
            "use lower-case letters, digits and hyphens, as people will type it",
        );
        self.filled(key("global_cluster"), &application.global_cluster);
        self.region(&key("primary"), &application.primary);
        self.region(&key("dr"), &application.dr);
        self.demand(
            application.primary.region != application.dr.region,
            key("dr.region"),
            "is the primary's region too",
            "name the other region",
        );
        self.demand(
            normal(&application.primary.endpoint.dns_name) != normal(&application.dr.endpoint.dns_name),
            key("dr.endpoint.dns_name"),
            "is the primary's endpoint too",
            "name the regional domain name of the DR region's custom domain",
        );
        self.services(&key("services"), &application.services);
        self.0.extend(records::problems(&format!("applications.{name}"), application));
        self.verify(name, application);
        if let Some(codebuild) = &application.failback.codebuild {
            self.filled(key("failback.codebuild.project"), &codebuild.project);
        }
        self.timing(&key("timing"), application);
    }

    fn region(&mut self, key: &str, region: &Region) {
        self.filled(format!("{key}.region"), &region.region);
        self.filled(format!("{key}.db_cluster"), &region.db_cluster);
        self.filled(format!("{key}.ecs_cluster"), &region.ecs_cluster);
        self.filled(format!("{key}.endpoint.dns_name"), &region.endpoint.dns_name);
        self.filled(format!("{key}.endpoint.zone"), &region.endpoint.zone);
        if let Some(account) = &region.account {
            let fits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            self.demand(fits, format!("{key}.account"), "is not an account id", "write its twelve digits in quotes");
        }
        self.roles(key, region);
        if let Some(listener) = &region.listener {
            self.demand(
                listener.arn.starts_with("arn:"),
                format!("{key}.listener.arn"),
                "is not an ARN",
                "copy the listener's ARN",
            );
            self.demand(
                listener.target_group.starts_with("arn:"),
                format!("{key}.listener.target_group"),
                "is not an ARN",
                "copy the target group's ARN",
            );
            // Another listener's rule would be switched, and looked at, in place of this one's.
            let of = listener.arn.replace(":listener/", ":listener-rule/");
            self.demand(
                listener.rule_arn.as_ref().is_none_or(|rule| rule.starts_with(&format!("{of}/"))),
                format!("{key}.listener.rule_arn"),
                "is not the ARN of a rule of that listener",
                "copy the ARN of the rule (…:listener-rule/app/…), or leave it out to switch the default actions",
            );
        }
    }

    fn roles(&mut self, key: &str, region: &Region) {
        let one = region.role_arn.iter().map(|role| (format!("{key}.role_arn"), role));
        let each = region.roles.iter().flat_map(|roles| {
            [("read", &roles.read), ("promote", &roles.promote), ("failback", &roles.failback)]
                .map(|(duty, role)| (format!("{key}.roles.{duty}"), role))
        });
        for (key, role) in one.chain(each) {
            self.demand(role.starts_with("arn:"), key, "is not an ARN", "write arn:aws:iam::ACCOUNT:role/NAME");
        }
        self.demand(
            region.role_arn.is_none() || region.roles.is_none(),
            format!("{key}.roles"),
            "stands beside role_arn",
            "keep one of the two: a role for each duty, or one for all",
        );
    }

    fn services(&mut self, key: &str, services: &[Service]) {
        self.demand(!services.is_empty(), key, "is empty", "name at least one ECS service");
        for (index, service) in services.iter().enumerate() {
            let key = format!("{key}[{index}]");
            self.filled(format!("{key}.name"), &service.name);
            let twice = services.iter().take(index).any(|other| other.name == service.name);
            self.demand(
                !twice,
                format!("{key}.name"),
                format!("names {} a second time", service.name),
                "name each service once",
            );
            self.demand(
                service.min >= 1,
                format!("{key}.min"),
                "is below 1",
                "give the minimum that production runs with",
            );
            self.demand(
                service.desired >= service.min,
                format!("{key}.desired"),
                "is below min",
                "give at least the minimum",
            );
        }
    }

    fn verify(&mut self, name: &str, application: &Application) {
        let key = |rest: &str| format!("applications.{name}.verify.{rest}");
        let verify = &application.verify;
        self.filled(key("url"), verify.url.as_str());
        self.demand(
            matches!(verify.url.scheme(), "https" | "http"),
            key("url"),
            "is not an http address",
            "write https://…",
        );
        self.demand(verify.consecutive >= 1, key("consecutive"), "is 0", "demand at least one good answer");
        let rate = verify.max_error_rate;
        self.demand(
            (0.0..=1.0).contains(&rate),
            key("max_error_rate"),
            "is not between 0 and 1",
            "write 0.05 for five percent",
        );
    }

    fn timing(&mut self, key: &str, application: &Application) {
        let timing = &application.timing;
        let bounds = [("gate_expiry", timing.gate_expiry), ("poll", timing.poll), ("observation", timing.observation)];
        for (name, bound) in bounds {
            self.demand(!bound.is_zero(), format!("{key}.{name}"), "is 0", "give a number of seconds above 0");
        }
        let steps = [
            ("database", timing.database),
            ("capacity", timing.capacity),
            ("fence", timing.fence),
            ("listener", timing.listener),
            ("dns", timing.dns),
            ("verify", timing.verify),
        ];
        for (name, StepTiming { deadline, expected }) in steps {
            self.demand(
                !expected.is_zero(),
                format!("{key}.{name}.expected"),
                "is 0",
                "give a number of seconds above 0",
            );
            self.demand(
                deadline >= expected,
                format!("{key}.{name}.deadline"),
                "is shorter than expected",
                "give the step at least the time it is expected to take",
            );
        }
    }

    fn access(&mut self, key: &str, access: &Access) {
        self.demand(
            access.team.starts_with('T'),
            format!("{key}.team"),
            "is not a Slack team id",
            "copy the id that begins with T from the workspace's URL",
        );
        self.demand(
            !access.channels.is_empty(),
            format!("{key}.channels"),
            "is empty",
            "name the channels, by id, where /dr may be used",
        );
        for (index, channel) in access.channels.iter().enumerate() {
            self.channel(&format!("{key}.channels[{index}]"), channel);
        }
        self.demand(
            !access.promoters.is_empty(),
            format!("{key}.promoters"),
            "is empty",
            "name, by user id, who may promote",
        );
        for (list, ids) in [("viewers", &access.viewers), ("promoters", &access.promoters)] {
            self.people(&format!("{key}.{list}"), ids, list == "viewers");
        }
        for (name, user) in &access.terminal {
            self.demand(
                user.starts_with(['U', 'W']),
                format!("{key}.terminal.{name}"),
                format!("{user:?} is not a Slack user id"),
                "name the person whom that user of the host is in Slack: the rights are theirs",
            );
        }
        for kind in Kind::ALL {
            self.approvals(key, access, kind);
        }
    }

    /// Whether enough people may approve that kind of gate, as far as can be told without asking who is in a group.
    fn approvals(&mut self, access_key: &str, access: &Access, kind: Kind) {
        let rule = access.approvals.rule(kind);
        let key = format!("{access_key}.approvals.{}", kind.name());
        self.demand(rule.approvers >= 1, format!("{key}.approvers"), "is 0", "demand at least one approval");
        if let Some(who) = &rule.who {
            self.demand(!who.is_empty(), format!("{key}.who"), "is empty", "name who may approve, or leave it out");
            self.people(&format!("{key}.who"), who, false);
        }
        for (index, channel) in rule.channels.iter().flatten().enumerate() {
            self.channel(&format!("{key}.channels[{index}]"), channel);
        }
        if let Some(team) = &rule.team {
            self.demand(
                team.starts_with('T'),
                format!("{key}.team"),
                "is not a Slack team id",
                "copy the id that begins with T from the workspace's URL",
            );
        }
        let named: BTreeSet<&String> = access.approvers(kind).iter().collect();
        let asks = named.iter().any(|id| access.promoters.contains(id)) && !access.requester_may_approve(kind);
        let enough = named.len().saturating_sub(usize::from(asks)) >= rule.approvers as usize;
        if named.iter().any(|id| is_group(id)) || named.is_empty() || enough {
            return;
        }
        let whose = if rule.who.is_some() { format!("{key}.who") } else { format!("{access_key}.promoters") };
        let what = match (rule.approvers, asks) {
            (1, _) => "names one person, who may not approve their own request".to_owned(),
            (of, true) => {
                format!("names {} people, and a {} takes {of} beside the one who asks", named.len(), kind.name())
            }
            (of, false) => format!("names {} people, and a {} takes {of}", named.len(), kind.name()),
        };
        let problem = Problem::new(whose, what, "name a second person, or set requester_may_approve = true");
        let problem = if rule.approvers == 1 { problem } else { Problem { fix: "name more people".into(), ..problem } };
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    fn people(&mut self, key: &str, ids: &[String], or_anyone: bool) {
        for (index, id) in ids.iter().enumerate() {
            let fits = id.starts_with(['U', 'W']) || is_group(id) || (or_anyone && id == "*");
            self.demand(
                fits,
                format!("{key}[{index}]"),
                format!("{id:?} is not a Slack user id"),
                "copy the id that begins with U from the person's profile, or with S from the user group's",
            );
        }
    }

    fn channels(&mut self, key: &str, channels: &Channels, access: Option<&Access>) {
        self.channel(&format!("{key}.channel"), &channels.channel);
        if let Some(fallback) = &channels.fallback {
            let key = format!("{key}.fallback");
            self.channel(&key, fallback);
            self.demand(*fallback != channels.channel, &key, "is the incident channel too", "name another channel");
            self.demand(
                access.is_none_or(|access| access.channels.contains(fallback)),
                &key,
                "is not among access.channels, so nobody could decide there",
                "add it to access.channels",
            );
        }
        if let Some(stakeholders) = &channels.stakeholders {
            let key = format!("{key}.stakeholders");
            self.channel(&key, stakeholders);
            let apart = *stakeholders != channels.channel && channels.fallback.as_ref() != Some(stakeholders);
            self.demand(apart, &key, "is a channel for responders too", "name a channel of its own");
        }
        self.demand(
            channels.update_every >= 60,
            format!("{key}.update_every"),
            "is below 60 seconds",
            "give stakeholders at least a minute between two messages; 900 is the default",
        );
    }

    fn channel(&mut self, key: &str, channel: &str) {
        self.demand(
            channel.starts_with(['C', 'G']),
            key,
            format!("{channel:?} is not a channel id"),
            "copy the id that begins with C from the channel's details",
        );
    }

    fn filled(&mut self, key: String, value: &str) {
        let is_blank = value.trim().is_empty() || value.contains(FILL_IN);
        self.demand(!is_blank, key, "is empty", "fill it in");
    }
}
