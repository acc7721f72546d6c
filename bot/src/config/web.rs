//! `[web]`: the incident page, where it is reached and who may see it.

use std::{path::PathBuf, time::Duration};

use cidr::IpCidr;
use http::HeaderName;
use serde::Deserialize;
use url::{Host, Url};

use super::{Problem, SecretSource};

/// Longest that a link may be valid.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// `[web]`. Without this section there is no page and no link to one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where people reach the bot's HTTP server; the pages are under `incidents/` there.
    pub public_url: Url,
    /// File that holds the key that links are signed with.
    pub link_secret_file: Option<PathBuf>,
    /// Environment variable that holds that key.
    pub link_secret_env: Option<String>,
    /// How long a link is valid at least, in seconds.
    #[serde(default = "Web::default_link_expiry")]
    pub link_expiry: u32,
    /// Header in which an authenticating proxy names the person.
    pub proxy_header: Option<String>,
    /// Networks whose addresses that header is believed from.
    #[serde(default)]
    pub trusted_proxies: Vec<IpCidr>,
}

impl Web {
    /// Three days: as long as people come back to an incident.
    fn default_link_expiry() -> u32 {
        3 * 86_400
    }

    /// Whether links are signed, so that they open the page by themselves.
    pub fn signs_links(&self) -> bool {
        self.link_secret_file.is_some() || self.link_secret_env.is_some()
    }

    /// Where the links' key is, where they are signed.
    pub(super) fn link_secret(&self) -> Option<Result<SecretSource<'_>, Problem>> {
        let (file, env) = (self.link_secret_file.as_deref(), self.link_secret_env.as_deref());
        self.signs_links().then(|| SecretSource::of("web.link_secret", file, env))
    }

    /// Everything that does not fit.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let header = self.proxy_header.as_ref();
        let wrong = |holds: bool, key: &str, what: &str, fix: &str| {
            (!holds).then(|| Problem::new(format!("web.{key}"), what, fix))
        };
        let found = [
            wrong(
                is_private(&self.public_url),
                "public_url",
                "would carry links unencrypted",
                "write https://…; http only for a host on loopback",
            ),
            wrong(
                self.public_url.query().is_none() && self.public_url.fragment().is_none(),
                "public_url",
                "has a query or a fragment",
                "end it with the path",
            ),
            self.link_secret().and_then(Result::err),
            wrong(
                self.signs_links() || header.is_some(),
                "link_secret_file",
                "is missing, and so is proxy_header: nobody could open the page",
                "name a key for signed links, or the header of an authenticating proxy, or leave [web] out",
            ),
            wrong(
                !self.expiry().is_zero() && self.expiry() <= LONGEST,
                "link_expiry",
                "is 0 or more than 30 days",
                "give the seconds that a link is to work, such as 259200",
            ),
            wrong(
                header.is_none_or(|name| HeaderName::try_from(name).is_ok()),
                "proxy_header",
                "is not the name of a header",
                "write it as the proxy sends it, such as x-forwarded-user",
            ),
            wrong(
                header.is_some() != self.trusted_proxies.is_empty(),
                "trusted_proxies",
                "goes with proxy_header: a header is believed from named addresses alone",
                "give both or neither",
            ),
        ];
        found.into_iter().flatten().collect()
    }

    /// How long a link is valid at least.
    pub fn expiry(&self) -> Duration {
        Duration::from_secs(self.link_expiry.into())
    }
}

/// Whether nobody on the way reads what goes there.
fn is_private(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}
