//! What a promote depends on beside the pair itself: identity and keys.

use super::{Aws, AwsError, call::Operation, timestamp};
use crate::{
    observation::{Caller, KmsKey},
    topology::{Duty, SideName},
};

static CALLER_IDENTITY: Operation = Operation::new("sts", "GetCallerIdentity");
static DESCRIBE_KEY: Operation = Operation::new("kms", "DescribeKey");

impl Aws {
    /// Who we are on that side when we look, by its regional STS.
    pub async fn caller(&self, side: SideName) -> Result<Caller, AwsError> {
        self.caller_for(side, Duty::Read).await
    }

    /// Who we are on that side for a duty: also whether its role can be assumed at all.
    pub async fn caller_for(&self, side: SideName, duty: Duty) -> Result<Caller, AwsError> {
        let regional = self.acting(side, duty);
        let answer = regional.caller.read(&CALLER_IDENTITY, || regional.sts.get_caller_identity().send()).await?;
        Ok(Caller {
            account: answer.account().unwrap_or_default().to_owned(),
            arn: answer.arn().unwrap_or_default().to_owned(),
        })
    }

    pub(super) async fn kms_key(&self, side: SideName, key: &str) -> Result<KmsKey, AwsError> {
        let regional = self.regional(side);
        let answer = regional.caller.read(&DESCRIBE_KEY, || regional.kms.describe_key().key_id(key).send()).await?;
        let metadata = answer
            .key_metadata()
            .ok_or_else(|| AwsError::unreadable(&DESCRIBE_KEY, &regional.caller.region, "the key has no metadata"))?;
        Ok(KmsKey {
            arn: metadata.arn().unwrap_or(key).to_owned(),
            customer_managed: metadata.key_manager().is_some_and(|manager| manager.as_str() == "CUSTOMER"),
            enabled: metadata.enabled(),
            state: metadata.key_state().map(|state| state.as_str().to_owned()),
            deleted_at: metadata.deletion_date().and_then(timestamp),
        })
    }
}
