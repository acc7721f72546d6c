//! STS: who a caller is. Any credentials are accepted.

use std::collections::BTreeMap;

/// Access keys that `AssumeRole` gave out, with the assumed role's ARN.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    assumed: BTreeMap<String, String>,
}

impl Identity {
    /// Gives out an access key for a session of a role.
    pub(crate) fn assume(&mut self, role_arn: &str, session: &str) -> Session {
        let account = role_arn.split(':').nth(4).unwrap_or_default();
        let role = role_arn.rsplit('/').next().unwrap_or_default();
        let number = self.assumed.len();
        let id = crate::dice::hex_id(&format!("session/{role_arn}/{session}/{number}"), 16).to_uppercase();
        let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
        let access_key = format!("ASIA{id}");
        self.assumed.insert(access_key.clone(), arn.clone());
        Session { access_key, arn, role_id: format!("AROA{id}:{session}") }
    }

    /// ARN of whom an access key belongs to; a user of `account` if it was not given out here.
    pub(crate) fn arn(&self, access_key: &str, account: &str) -> String {
        self.assumed.get(access_key).cloned().unwrap_or_else(|| format!("arn:aws:iam::{account}:user/rehearsal"))
    }
}

/// A session of an assumed role.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) access_key: String,
    pub(crate) arn: String,
    pub(crate) role_id: String,
}
