//! Links to the incident page: signed, for one run, and only for a while.

use commands::ids::RunId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use url::Url;

use crate::config::Web;

/// Links that are made within the same hour are the same, so that an edited message does not change for its link alone.
const ROUND: i64 = 3_600;

/// Makes links, and tells whether one is good.
#[derive(Debug, Clone)]
pub struct Links {
    /// Ends in a slash.
    base: Url,
    key: Option<SecretString>,
    expiry: SignedDuration,
}

/// Why a link does not open the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadLink {
    /// It is not one of this bot's for that run.
    Forged,
    /// It was good once.
    Expired,
}

impl Links {
    /// Links as configured; without a key they are not signed, and open the page through the proxy alone.
    pub fn new(web: &Web, key: Option<SecretString>) -> Self {
        let mut base = web.public_url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Self { base, key, expiry: SignedDuration::from_secs(web.link_expiry.into()) }
    }

    /// Address of that run's page, good from `now` for as long as configured. It has no character that Slack's markup would need escaped.
    pub fn to(&self, run: &RunId, now: Timestamp) -> String {
        let page = format!("{}incidents/{run}", self.base);
        let Some(key) = &self.key else { return page };
        let expires = (now + self.expiry).as_second().div_euclid(ROUND).saturating_add(1).saturating_mul(ROUND);
        match mac(key, run, expires) {
            Some(mac) => format!("{page}?link={expires}.{}", hex::encode(mac.finalize().into_bytes())),
            None => page,
        }
    }

    /// Until when the link opens that run's page.
    pub(super) fn check(&self, run: &RunId, link: &str, now: Timestamp) -> Result<Timestamp, BadLink> {
        let key = self.key.as_ref().ok_or(BadLink::Forged)?;
        let (expires, signature) = link.split_once('.').ok_or(BadLink::Forged)?;
        let expires: i64 = expires.parse().map_err(|_| BadLink::Forged)?;
        let signature = hex::decode(signature).map_err(|_| BadLink::Forged)?;
        let mac = mac(key, run, expires).ok_or(BadLink::Forged)?;
        // Constant time, so that how long it takes tells nothing about the right signature.
        mac.verify_slice(&signature).map_err(|_| BadLink::Forged)?;
        let expires = Timestamp::from_second(expires).map_err(|_| BadLink::Forged)?;
        if now < expires { Ok(expires) } else { Err(BadLink::Expired) }
    }
}

/// What a link for that run and time is signed with. HMAC takes keys of any length, so there always is one.
fn mac(key: &SecretString, run: &RunId, expires: i64) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    mac.update(format!("standby incident page v1\n{run}\n{expires}").as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::ToSpan as _;
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_424_400, 0);

    fn links(key: Option<&str>) -> Links {
        let web = "public_url = \"https://standby.example/dr\"\nlink_expiry = 7200";
        Links::new(&toml::from_str(web).unwrap(), key.map(Into::into))
    }

    fn promote() -> RunId {
        RunId::new("promote", 17)
    }

    /// The link's own part of the address.
    fn link(links: &Links, run: &RunId) -> String {
        links.to(run, NOW).split_once("?link=").unwrap().1.to_owned()
    }

    #[test]
    fn link_opens_its_run_until_it_expires() {
        let links = links(Some("0123456789abcdef0123456789abcdef"));
        let link = link(&links, &promote());
        let expires = links.check(&promote(), &link, NOW).unwrap();
        assert_eq!(expires, NOW + 3.hours());
        assert_eq!(links.check(&promote(), &link, expires - 1.second()), Ok(expires));
        assert_eq!(links.check(&promote(), &link, expires), Err(BadLink::Expired));
        assert_eq!(links.check(&RunId::new("promote", 18), &link, NOW), Err(BadLink::Forged));
    }

    #[test]
    fn address_is_under_the_public_one_and_steady_within_the_hour() {
        let signed = links(Some("0123456789abcdef0123456789abcdef"));
        let address = signed.to(&promote(), NOW);
        assert!(address.starts_with("https://standby.example/dr/incidents/promote-17?link=1795435200."), "{address}");
        assert_eq!(address, signed.to(&promote(), NOW + 59.minutes()));
        assert_eq!(links(None).to(&promote(), NOW), "https://standby.example/dr/incidents/promote-17");
    }

    #[test]
    fn another_key_or_none_opens_nothing() {
        let link = link(&links(Some("0123456789abcdef0123456789abcdef")), &promote());
        for other in [links(Some("another-key-another-key-another-")), links(None)] {
            assert_eq!(other.check(&promote(), &link, NOW), Err(BadLink::Forged));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_changed_in_a_link_it_opens_nothing(at in 0_usize..75, to in "[0-9a-f.+-]") {
            let links = links(Some("0123456789abcdef0123456789abcdef"));
            let mut link = link(&links, &promote());
            prop_assume!(link.get(at..=at).is_some_and(|was| was != to));
            link.replace_range(at..=at, &to);
            prop_assert_eq!(links.check(&promote(), &link, NOW), Err(BadLink::Forged));
        }

        #[test]
        fn no_text_is_a_link(text in ".{0,100}") {
            let links = links(Some("0123456789abcdef0123456789abcdef"));
            prop_assert_eq!(links.check(&promote(), &text, NOW), Err(BadLink::Forged));
        }
    }
}
