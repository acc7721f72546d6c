//! What the tasks of a service need before they can start, as their task definition names it. Pure: texts are read, nothing is looked up.

use serde::{Deserialize, Serialize};

/// What a task definition names beside its images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// `secrets[].valueFrom` and `repositoryCredentials` of all containers, each once.
    pub secrets: Vec<String>,
    /// Where the containers with the driver `awslogs` log to, each once.
    pub logs: Vec<LogTarget>,
}

/// Where a container logs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTarget {
    /// `awslogs-group`.
    pub group: String,
    /// `awslogs-region`; the task's own if absent.
    pub region: Option<String>,
    /// `awslogs-create-group`: the driver makes the group where there is none.
    pub created: bool,
}

/// An image in a registry of Amazon ECR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcrImage<'a> {
    /// Account of the registry.
    pub account: &'a str,
    /// Region of the registry.
    pub region: &'a str,
    /// Repository.
    pub repository: &'a str,
    /// Tag; `latest` where there is neither tag nor digest.
    pub tag: Option<&'a str>,
    /// Digest, which decides where both are given.
    pub digest: Option<&'a str>,
}

impl<'a> EcrImage<'a> {
    /// Reads `ACCOUNT.dkr.ecr.REGION.DOMAIN/REPOSITORY[:TAG][@DIGEST]`, its FIPS and dual-stack forms included; `None` for an image of any other registry.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>
    pub fn of(image: &'a str) -> Option<Self> {
        let (host, rest) = image.split_once('/')?;
        let mut labels = host.split('.');
        let account = labels.next().filter(|account| account.bytes().all(|byte| byte.is_ascii_digit()))?;
        let region = match (labels.next()?, labels.next()?) {
            ("dkr", "ecr" | "ecr-fips") => labels.next()?,
            ("dkr-ecr" | "dkr-ecr-fips", region) => region,
            _ => return None,
        };
        let (named, digest) = match rest.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (rest, None),
        };
        let (repository, tag) = match named.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (named, None),
        };
        let tag = tag.or(digest.is_none().then_some("latest"));
        Some(Self { account, region, repository, tag, digest })
    }
}

/// What a `valueFrom` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef<'a> {
    /// A secret of Secrets Manager.
    Secret {
        /// Its ARN or name, without the JSON key, version stage and version id that ECS takes after it.
        id: String,
        /// Region; the task's own if absent.
        region: Option<&'a str>,
    },
    /// A parameter of Systems Manager.
    Parameter {
        /// Its name.
        name: String,
        /// Region; the task's own if absent.
        region: Option<&'a str>,
        /// Account; the task's own if absent.
        account: Option<&'a str>,
    },
    /// Neither, as far as this program knows.
    Other,
}

impl<'a> SecretRef<'a> {
    /// Reads `secrets[].valueFrom`: an ARN of either service, or the name of a parameter in the task's region.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html>
    pub fn of(value_from: &'a str) -> Self {
        const IN_SECRETS_MANAGER: &str = "/aws/reference/secretsmanager/";
        let parts: Vec<&str> = value_from.split(':').collect();
        match parts.as_slice() {
            ["arn", _, "secretsmanager", region, _, "secret", name, ..] if !name.is_empty() => {
                Self::Secret { id: parts[..7].join(":"), region: Some(region) }
            }
            ["arn", _, "ssm", region, account, resource, ..] => match resource.strip_prefix("parameter/") {
                Some(name) => Self::Parameter { name: name.to_owned(), region: Some(region), account: Some(account) },
                None => Self::Other,
            },
            ["arn", ..] => Self::Other,
            _ => match value_from.strip_prefix(IN_SECRETS_MANAGER) {
                Some(secret) => Self::Secret { id: secret.to_owned(), region: None },
                None => Self::Parameter { name: value_from.to_owned(), region: None, account: None },
            },
        }
    }

    /// The region that it names, if it names one.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Secret { region, .. } | Self::Parameter { region, .. } => *region,
            Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_ecr_are_told_from_others() {
        let of = |image| {
            EcrImage::of(image).map(|image| (image.account, image.region, image.repository, image.tag, image.digest))
        };
        let account = "123456789012";
        assert_eq!(
            of("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:1.2"),
            Some((account, "us-east-1", "shop/web", Some("1.2"), None))
        );
        assert_eq!(
            of("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/web@sha256:0a"),
            Some((account, "cn-north-1", "web", None, Some("sha256:0a")))
        );
        assert_eq!(
            of("123456789012.dkr-ecr.eu-west-1.on.aws/web:1@sha256:0a"),
            Some((account, "eu-west-1", "web", Some("1"), Some("sha256:0a")))
        );
        assert_eq!(
            of("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/web"),
            Some((account, "us-gov-west-1", "web", Some("latest"), None))
        );
        for other in ["nginx", "docker.io/library/nginx:1", "public.ecr.aws/x/y:1", "registry.test:5000/web:1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn values_are_read_with_their_suffixes() {
        let secret = "arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf";
        let with_key = format!("{secret}:password:AWSCURRENT:");
        for value in [secret, with_key.as_str()] {
            assert_eq!(SecretRef::of(value), SecretRef::Secret { id: secret.into(), region: Some("us-west-2") });
        }
        let parameter = |name: &str, region, account| SecretRef::Parameter { name: name.into(), region, account };
        assert_eq!(
            SecretRef::of("arn:aws:ssm:us-west-2:123456789012:parameter/shop/flags"),
            parameter("shop/flags", Some("us-west-2"), Some("123456789012"))
        );
        assert_eq!(SecretRef::of("/shop/flags"), parameter("/shop/flags", None, None));
        assert_eq!(SecretRef::of("flags"), parameter("flags", None, None));
        let inside = SecretRef::of("/aws/reference/secretsmanager/db");
        assert_eq!(inside, SecretRef::Secret { id: "db".into(), region: None });
        assert_eq!(SecretRef::of("arn:aws:s3:::bucket"), SecretRef::Other);
    }
}
