//! Who may see a page: whoever has its link, or whom an authenticating proxy names. Nobody else, and nobody learns whether there is such a run.

use std::net::IpAddr;

use cidr::IpCidr;
use commands::{ids::RunId, journal::Viewer};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;

use super::link::{BadLink, Links};
use crate::config::Web;

/// Characters of a person's name that are kept.
const NAME: usize = 200;

/// Decides who may see a page.
#[derive(Debug, Clone)]
pub(super) struct Door {
    links: Links,
    proxy_header: Option<String>,
    trusted_proxies: Vec<IpCidr>,
}

/// What somebody shows at the door.
pub(super) struct Shown<'a> {
    /// The address's `link` parameter.
    pub(super) link: Option<&'a str>,
    /// The headers.
    pub(super) headers: &'a HeaderMap,
    /// Who connected, where that is known.
    pub(super) peer: Option<IpAddr>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// No link, and no proxy that is trusted names anybody.
    Nothing,
    /// A link that does not fit.
    Forged,
    /// A link whose time is over.
    Expired,
}

impl Door {
    pub(super) fn new(web: &Web, key: Option<SecretString>) -> Self {
        Self {
            links: Links::new(web, key),
            proxy_header: web.proxy_header.clone(),
            trusted_proxies: web.trusted_proxies.clone(),
        }
    }

    /// Who it is that may see the page of `run`.
    pub(super) fn admit(&self, run: &RunId, shown: &Shown<'_>, now: Timestamp) -> Result<Viewer, Denied> {
        if let Some(user) = self.named_by_proxy(shown) {
            return Ok(Viewer::Proxy { user });
        }
        match self.links.check(run, shown.link.ok_or(Denied::Nothing)?, now) {
            Ok(expires_at) => Ok(Viewer::Link { expires_at }),
            Err(BadLink::Forged) => Err(Denied::Forged),
            Err(BadLink::Expired) => Err(Denied::Expired),
        }
    }

    /// The header counts from a trusted address alone: anybody else can write it, too.
    fn named_by_proxy(&self, shown: &Shown<'_>) -> Option<String> {
        let peer = shown.peer?.to_canonical();
        self.trusted_proxies.iter().find(|network| network.contains(&peer))?;
        let mut named = shown.headers.get_all(self.proxy_header.as_deref()?).iter();
        // Two headers: one of them was not written by the proxy.
        let (Some(name), None) = (named.next(), named.next()) else { return None };
        let name = name.to_str().ok()?.trim();
        (!name.is_empty()).then(|| name.chars().take(NAME).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderValue;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_424_400, 0);

    fn admit(peer: Option<&str>, names: &[&'static str]) -> Result<Viewer, Denied> {
        let web = "public_url = \"https://standby.example/\"\nproxy_header = \"x-forwarded-user\"\n\
                   trusted_proxies = [\"10.0.0.0/16\", \"fd00::7/128\"]";
        let door = Door::new(&toml::from_str(web).unwrap(), None);
        let mut headers = HeaderMap::new();
        for &name in names {
            headers.append("X-Forwarded-User", HeaderValue::from_static(name));
        }
        let peer = peer.map(|peer| peer.parse().unwrap());
        door.admit(&RunId::new("promote", 1), &Shown { link: None, headers: &headers, peer }, NOW)
    }

    #[test]
    fn trusted_proxy_names_the_person() {
        let maya = Ok(Viewer::Proxy { user: "maya@shop.example".to_owned() });
        for peer in ["10.0.3.4", "::ffff:10.0.3.4", "fd00::7"] {
            assert_eq!(admit(Some(peer), &["maya@shop.example"]), maya, "{peer}");
        }
    }

    #[test]
    fn from_anybody_else_or_in_doubt_the_header_is_nothing() {
        let cases: [(Option<&str>, &[&str]); 6] = [
            (Some("10.1.0.1"), &["maya"]),
            (Some("fd00::8"), &["maya"]),
            (None, &["maya"]),
            (Some("10.0.3.4"), &[]),
            (Some("10.0.3.4"), &[" "]),
            (Some("10.0.3.4"), &["maya", "jonas"]),
        ];
        for (peer, names) in cases {
            assert_eq!(admit(peer, names), Err(Denied::Nothing), "{peer:?} {names:?}");
        }
    }
}
