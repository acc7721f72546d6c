//! Secrets and parameters of a side: whether they are there, never what they hold.

use std::collections::BTreeSet;

use futures::future::join;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Aws, AwsError, Looked, MOST, Operation, Place, Protocol, Seen, Service, SideName, look_up, seen};
use crate::{aws::absent_is_none, dependencies::Secret, needs::SecretRef};

static SECRETS_MANAGER: Service = Service {
    id: "Secrets Manager",
    name: "secretsmanager",
    place: Place::Region("secretsmanager"),
    protocol: Protocol::Json("secretsmanager"),
};
static SSM: Service =
    Service { id: "SSM", name: "ssm", place: Place::Region("ssm"), protocol: Protocol::Json("AmazonSSM") };

static SECRET: Operation = Operation::new("secretsmanager", "DescribeSecret");
/// `GetParameters` would read the values.
static PARAMETERS: Operation = Operation::new("ssm", "DescribeParameters");

/// Values that one filter takes, and entries of one page.
const PAGE: usize = 50;

impl Aws {
    /// What the `valueFrom`s stand for that are in that side's region.
    pub(super) async fn secrets(
        &self,
        side: SideName,
        values: BTreeSet<&str>,
        deadline: Instant,
    ) -> Vec<Looked<Secret>> {
        let here = self.side(side).region.as_str();
        let own = self.side(side).account.as_deref();
        let (mut secrets, mut parameters) = (BTreeSet::new(), Vec::new());
        for value in values {
            match SecretRef::of(value) {
                SecretRef::Secret { region, .. } if region.is_none_or(|region| region == here) => {
                    secrets.insert(value);
                }
                // Those that another account shares are not in the list.
                SecretRef::Parameter { name, region, account }
                    if region.is_none_or(|region| region == here)
                        && account.is_none_or(|account| own.is_none_or(|own| own == account)) =>
                {
                    parameters.push((value, name));
                }
                _ => {}
            }
        }
        let look = |value| seen(deadline, "secretsmanager DescribeSecret", self.secret(side, value));
        let (mut all, parameters) = join(look_up(secrets, look), self.parameters(side, parameters, deadline)).await;
        all.extend(parameters);
        all
    }

    async fn secret(&self, side: SideName, value: &str) -> Result<Secret, AwsError> {
        let SecretRef::Secret { id, .. } = SecretRef::of(value) else { return Ok(Secret::Missing) };
        let regional = self.regional(side);
        let parameters = json!({ "SecretId": id });
        let answer = absent_is_none(regional.signed.read(&SECRETS_MANAGER, &SECRET, &parameters).await)?;
        let Some(answer) = answer else { return Ok(Secret::Missing) };
        if !answer["DeletedDate"].is_null() {
            return Ok(Secret::Deleted);
        }
        let region = self.side(side).region.as_str();
        let here = |status: &&Value| status["Region"] == region && status["Status"] == "Failed";
        let failed = answer["ReplicationStatus"].as_array().into_iter().flatten().find(here);
        Ok(match failed {
            Some(failed) => Secret::Behind(failed["StatusMessage"].as_str().unwrap_or("Failed").to_owned()),
            None => Secret::There,
        })
    }

    /// Which of the parameters there are, asked for by the page.
    async fn parameters(&self, side: SideName, wanted: Vec<(&str, String)>, deadline: Instant) -> Vec<Looked<Secret>> {
        let mut found = Vec::new();
        // Each name may be asked for with and without the slash in front, which ARNs don't tell.
        for page in wanted.chunks(PAGE / 2) {
            let names: BTreeSet<String> = page.iter().flat_map(|(_, name)| spellings(name)).collect();
            let answer = match found.len() < MOST {
                true => seen(deadline, "ssm DescribeParameters", self.parameter_names(side, &names)).await,
                false => Seen::Unknown(format!("not looked up: more than {MOST} of its kind")),
            };
            found.extend(page.iter().map(|(value, name)| Looked {
                name: (*value).to_owned(),
                state: match &answer {
                    Seen::Known(there) if spellings(name).iter().any(|name| there.contains(name)) => {
                        Seen::Known(Secret::There)
                    }
                    Seen::Known(_) => Seen::Known(Secret::Missing),
                    Seen::Unknown(why) => Seen::Unknown(why.clone()),
                    Seen::Refused(why) => Seen::Refused(why.clone()),
                },
            }));
        }
        found
    }

    async fn parameter_names(&self, side: SideName, names: &BTreeSet<String>) -> Result<BTreeSet<String>, AwsError> {
        let filter = json!({ "Key": "Name", "Option": "Equals", "Values": names });
        let parameters = json!({ "ParameterFilters": [filter], "MaxResults": PAGE });
        let answer = self.regional(side).signed.read(&SSM, &PARAMETERS, &parameters).await?;
        let found = answer["Parameters"].as_array().into_iter().flatten();
        Ok(found.filter_map(|parameter| parameter["Name"].as_str()).map(str::to_owned).collect())
    }
}

/// The names that a parameter may have: `parameter/flags` in an ARN is `flags` and `/flags`. Without what follows a colon, a version or label.
fn spellings(name: &str) -> Vec<String> {
    let name = name.split(':').next().unwrap_or(name);
    let bare = name.trim_start_matches('/');
    // A name with a slash inside is a path, which begins with one.
    if bare.contains('/') { vec![format!("/{bare}")] } else { vec![bare.to_owned(), format!("/{bare}")] }
}
