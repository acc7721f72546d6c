//! Whether the KMS key of the cluster that is to take over will still be there once it has.

use super::of;
use crate::{
    observation::{KmsKey, Seen},
    readiness::{Check, LOOK_AGAIN, blocking, warning},
    topology::SideName,
};

pub(super) fn check(cluster: &str, region: &str, side: SideName, key: Option<&Seen<KmsKey>>) -> Check {
    let draft = blocking(of(side, "kms-key"));
    let key = match key {
        None => return draft.pass(format!("{cluster} is not encrypted")),
        Some(Seen::Unknown(why)) => return draft.unknown(why, LOOK_AGAIN),
        Some(Seen::Refused(why)) => return draft.refused(format_args!("the KMS key of {cluster}"), why),
        Some(Seen::Known(key)) => key,
    };
    let arn = &key.arn;
    if !key.enabled {
        return draft.fail(unusable(key), fix(key, region));
    }
    match key.customer_managed {
        true => draft.pass(format!("{arn} is customer-managed and enabled")),
        // The cluster exists and follows, so it can take over. What AWS's own key forbids is sharing: snapshots for another account.
        false => warning(of(side, "kms-key")).fail(
            format!("{arn} is AWS's own key for RDS, not customer-managed"),
            "a promote works with it; its snapshots can't be shared with another account. Build the secondary with a customer-managed key of its region",
        ),
    }
}

/// What is the matter with a key that is not enabled.
pub(in crate::readiness) fn unusable(key: &KmsKey) -> String {
    let arn = &key.arn;
    match (key.state.as_deref(), &key.deleted_at) {
        (Some("PendingDeletion"), Some(at)) => format!("{arn} is pending deletion, and gone at {at}"),
        (Some("PendingDeletion"), None) => format!("{arn} is pending deletion"),
        (Some("Disabled") | None, _) => format!("{arn} is disabled"),
        (Some(state), _) => format!("{arn} is {state}"),
    }
}

/// What makes a key usable again.
pub(in crate::readiness) fn fix(key: &KmsKey, region: &str) -> String {
    let enable = format!("`aws kms enable-key --region {region} --key-id {}`", key.arn);
    match key.state.as_deref() {
        Some("PendingDeletion") => {
            format!("`aws kms cancel-key-deletion --region {region} --key-id {}`, then {enable}", key.arn)
        }
        Some("Disabled") | None => enable,
        Some(_) => "see what KMS says about the key; without it the cluster can't start".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, readiness::Outcome};

    fn of(change: impl Fn(&mut KmsKey)) -> Check {
        let mut key = fixture::key();
        change(&mut key);
        check("shop-dr", "us-west-2", SideName::Dr, Some(&Seen::Known(key)))
    }

    #[test]
    fn a_key_that_cannot_be_used_blocks_and_one_of_aws_warns() {
        assert_eq!(of(|_| {}).outcome(), Outcome::Pass);
        let aws = of(|key| key.customer_managed = false);
        assert!(aws.outcome() == Outcome::Fail && !aws.blocks());
        let going = of(|key| {
            (key.enabled, key.state, key.deleted_at) =
                (false, Some("PendingDeletion".into()), "2026-12-24T00:00:00Z".parse().ok());
        });
        assert!(going.blocks() && going.detail.contains("2026-12-24"), "{going:?}");
        assert!(going.fix.is_some_and(|fix| fix.contains("cancel-key-deletion")));
    }
}
