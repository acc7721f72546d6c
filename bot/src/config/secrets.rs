//! Secrets: read from files or the environment, never from the configuration file, never printed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::{ExposeSecret as _, SecretString};
use storage::SigningKey;

use super::{Audit, Config, ConfigError, Problem, Web};

/// Least characters of the links' key: 128 bits in hex.
const LINK_KEY: usize = 32;

/// What the bot needs to prove who it is, and to check who calls.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Signs what Slack sends over HTTP. In Socket Mode it may be there too: requests are then taken both ways.
    pub signing_secret: Option<SecretString>,
    /// Opens Socket Mode connections (`xapp-…`); absent in HTTP mode.
    pub app_token: Option<SecretString>,
    /// Authorises calls to Slack's Web API (`xoxb-…`).
    pub bot_token: SecretString,
    /// Signs links to the incident page, where they are signed.
    pub link_key: Option<SecretString>,
}

/// Where one secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretSource<'a> {
    /// A file's content, without surrounding white space.
    File(&'a Path),
    /// An environment variable.
    Env(&'a str),
}

impl<'a> SecretSource<'a> {
    /// The one source that the keys `{key}_file` and `{key}_env` name between them.
    pub(super) fn of(key: &str, file: Option<&'a Path>, env: Option<&'a str>) -> Result<Self, Problem> {
        match (file, env) {
            (Some(file), None) => Ok(Self::File(file)),
            (None, Some(env)) => Ok(Self::Env(env)),
            (None, None) => {
                let name = key.rsplit('.').next().unwrap_or(key);
                Err(Problem::new(
                    format!("{key}_file"),
                    "is missing",
                    format!("name a file with {name}_file, or an environment variable with {name}_env"),
                ))
            }
            (Some(_), Some(_)) => Err(Problem::new(
                format!("{key}_env"),
                format!("is given together with {}_file", key.rsplit('.').next().unwrap_or(key)),
                "keep one of the two",
            )),
        }
    }

    fn read(self, key: &str, env: impl Fn(&str) -> Option<String>) -> Result<SecretString, Problem> {
        let (key, value) = match self {
            Self::File(path) => {
                let key = format!("{key}_file");
                let value = std::fs::read_to_string(path).map_err(|error| {
                    Problem::new(
                        &key,
                        format!("{} cannot be read: {error}", path.display()),
                        "create it, readable by the bot's user alone",
                    )
                })?;
                (key, value)
            }
            Self::Env(name) => {
                let key = format!("{key}_env");
                let value = env(name).ok_or_else(|| {
                    Problem::new(
                        &key,
                        format!("environment variable {name} is not set"),
                        "set it where the bot is started",
                    )
                })?;
                (key, value)
            }
        };
        match value.trim() {
            "" => Err(Problem::new(
                key,
                "is empty",
                "put the secret there; Slack shows its own on the app's Basic Information page",
            )),
            secret => Ok(secret.into()),
        }
    }
}

impl Config {
    /// Reads the secrets; `path` names the configuration file in errors, `env` looks up environment variables.
    pub fn secrets(&self, path: &Path, env: impl Fn(&str) -> Option<String>) -> Result<Secrets, ConfigError> {
        let slack = &self.slack;
        let read = |key, file: &Option<PathBuf>, name: &Option<String>| {
            let secret = SecretSource::of(key, file.as_deref(), name.as_deref()).and_then(|from| from.read(key, &env));
            secret.map_err(|problem| ConfigError::one(path, problem))
        };
        let read_if_named = |key, file: &Option<PathBuf>, name: &Option<String>| match (file, name) {
            (None, None) => Ok(None),
            _ => read(key, file, name).map(Some),
        };
        let link_key = self.web.as_ref().and_then(Web::link_secret).map(|source| link_key(source?, &env));
        Ok(Secrets {
            signing_secret: read_if_named(
                "slack.signing_secret",
                &slack.signing_secret_file,
                &slack.signing_secret_env,
            )?,
            app_token: read_if_named("slack.app_token", &slack.app_token_file, &slack.app_token_env)?,
            bot_token: read("slack.bot_token", &slack.bot_token_file, &slack.bot_token_env)?,
            link_key: link_key.transpose().map_err(|problem| ConfigError::one(path, problem))?,
        })
    }

    /// The key that signs checkpoints, if one is configured; `path` and `env` as for [`Config::secrets`].
    pub fn signing_key(
        &self,
        path: &Path,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Arc<SigningKey>>, ConfigError> {
        let Audit { signing_key_file, signing_key_env, .. } = &self.audit;
        if signing_key_file.is_none() && signing_key_env.is_none() {
            return Ok(None);
        }
        let read = || {
            let source =
                SecretSource::of("audit.signing_key", signing_key_file.as_deref(), signing_key_env.as_deref())?;
            let text = source.read("audit.signing_key", env)?;
            text.expose_secret().parse().map_err(|error: storage::KeyError| {
                Problem::new("audit.signing_key_file", error.to_string(), "make one with `standby audit keygen`")
            })
        };
        read().map(|key| Some(Arc::new(key))).map_err(|problem| ConfigError::one(path, problem))
    }
}

/// A key that can be guessed would open every page.
fn link_key(source: SecretSource<'_>, env: impl Fn(&str) -> Option<String>) -> Result<SecretString, Problem> {
    let key = source.read("web.link_secret", env)?;
    match key.expose_secret().len() < LINK_KEY {
        true => Err(Problem::new(
            "web.link_secret",
            format!("is shorter than {LINK_KEY} characters"),
            "`openssl rand -hex 32` makes one",
        )),
        false => Ok(key),
    }
}
