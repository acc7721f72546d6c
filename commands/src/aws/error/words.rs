//! What a failure means and what to do about it, for people.

use jiff::SignedDuration;

use super::{AwsError, AwsErrorKind, skew};
use crate::partition::{Partition, is_opt_in};

/// Kinds of policies that AWS names in its messages, and where each is changed.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
const POLICIES: [(&str, Place); 7] = [
    ("service control policy", Place::Organization),
    ("resource control policy", Place::Organization),
    ("permissions boundary", Place::Here("the role's permissions boundary")),
    ("VPC endpoint policy", Place::Here("the policy of the VPC endpoint that the host uses")),
    ("session policy", Place::Here("the session policy of the role's credentials")),
    ("resource-based policy", Place::Here("the resource's own policy, such as a key policy")),
    ("identity-based policy", Place::Here("the role's own policies")),
];

/// Where a policy is changed.
#[derive(Clone, Copy)]
enum Place {
    /// By the organization's administrators alone.
    Organization,
    /// In the account.
    Here(&'static str),
}

/// Meaning and fix as sentences, without the last full stop; `None` where AWS's own words are all there is to say.
pub(super) fn advice(error: &AwsError) -> Option<String> {
    let region = &error.region;
    Some(match error.kind {
        AwsErrorKind::Throttled => "Too many requests. Standby keeps trying".to_owned(),
        AwsErrorKind::Server => "The fault is inside AWS and may pass".to_owned(),
        AwsErrorKind::Expired => "The credentials have expired. Standby loads new ones and tries again".to_owned(),
        AwsErrorKind::NoCredentials => {
            "Standby has no AWS credentials. Give the host an instance or task role, or set credentials or a profile in \
             its environment"
                .to_owned()
        }
        AwsErrorKind::Denied | AwsErrorKind::ExplicitlyDenied => denied(error),
        AwsErrorKind::ClockSkew => {
            let off = error.skew_s.and_then(|s| skew::in_words(SignedDuration::from_secs(s.into()))).unwrap_or_else(|| "too far from".to_owned());
            format!("This host's clock is {off} AWS's. Set it by NTP (chrony or systemd-timesyncd), then try again")
        }
        AwsErrorKind::WrongKeys => format!(
            "AWS doesn't accept these credentials: the access key or secret is wrong or deleted, or of another \
             partition ({region} is in {}). Give the host valid credentials",
            Partition::of(region).name
        ),
        AwsErrorKind::NotEnabled if is_opt_in(region) => format!(
            "The account hasn't enabled {region}, or the credentials aren't valid there. Enable the region in the \
             account's settings (account:EnableRegion), and use {region}'s own STS endpoint"
        ),
        AwsErrorKind::NotEnabled => format!(
            "The account hasn't enabled this service or {region}. Enable the region in the account's settings, or \
             subscribe to the service"
        ),
        AwsErrorKind::KeyUnusable => {
            "The KMS key can't be used. Enable it, or cancel its deletion, and allow its use in the key policy".to_owned()
        }
        AwsErrorKind::Quota => {
            "A quota of the account is used up. Delete what isn't needed, or request an increase in Service Quotas"
                .to_owned()
        }
        AwsErrorKind::NotFound => "Check the name in the configuration, the account, and the region".to_owned(),
        AwsErrorKind::Timeout
        | AwsErrorKind::Unreachable
        | AwsErrorKind::Conflict
        | AwsErrorKind::Invalid
        | AwsErrorKind::Refused => return None,
    })
}

fn denied(error: &AwsError) -> String {
    let Denial { who, action, resource } = Denial::in_message(&error.message);
    let action = action.map_or_else(|| format!("{}:{}", error.operation.service, error.operation.name), str::to_owned);
    let on = resource.map(|resource| format!(" on {resource}")).unwrap_or_default();
    let explicit = error.kind == AwsErrorKind::ExplicitlyDenied;
    let policy = POLICIES.iter().find(|(name, _)| error.message.contains(name));
    match policy {
        Some((name, Place::Organization)) => {
            let what = if explicit { "denies" } else { "doesn't allow" };
            format!(
                "A {name} of the organization {what} {action}. Ask the organization's administrators to change it. \
                 Policies in this account don't help"
            )
        }
        Some((_, Place::Here(place))) if explicit => {
            format!("Remove the explicit deny of {action}{on} from {place}. Allowing it elsewhere doesn't help")
        }
        _ if explicit => {
            format!("Remove the policy's explicit deny of {action}{on}. Allowing it elsewhere doesn't help")
        }
        _ if action == "sts:AssumeRole" => {
            let (who, role) = (who.unwrap_or("the bot's own identity"), resource.unwrap_or("the role"));
            format!("Allow {who} to assume {role}, in its own policies and in the role's trust policy")
        }
        // That a role's own policies are meant goes without saying.
        Some((name, Place::Here(place))) if *name != "identity-based policy" => {
            format!("Allow {action}{on} in {place}")
        }
        _ => {
            let who = who.map(|who| format!(" for {who}")).unwrap_or_default();
            format!("Allow {action}{on}{who}")
        }
    }
}

/// What AWS says in `User: ARN is not authorized to perform: ACTION on resource: ARN because …`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Denial<'a> {
    who: Option<&'a str>,
    action: Option<&'a str>,
    resource: Option<&'a str>,
}

impl<'a> Denial<'a> {
    fn in_message(message: &'a str) -> Self {
        let after = |mark: &str| {
            let word = message.split_once(mark)?.1.split_whitespace().next()?;
            Some(word.trim_matches(['"', '\'', ',', '.', ';', ')']))
        };
        Self {
            who: after("User: ").filter(|who| who.starts_with("arn:")),
            action: after("perform: ").filter(|action| action.contains(':')),
            resource: after("on resource: ").filter(|resource| resource.starts_with("arn:")),
        }
    }
}
