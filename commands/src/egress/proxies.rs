//! Which proxy a connection goes through, by the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or in lower case.
//!
//! The rules are curl's, by the matcher that the AWS SDK has too. What the SDK passes over in silence, a URL that is none, is an error here.

use std::fmt;

use http::{HeaderValue, Uri, uri::Authority};
use hyper_util::client::proxy::matcher::Matcher;
use url::{ParseError, Url};

use super::is_tls;

/// Where credentials come from: the metadata of an instance, of a task and of a pod, which a proxy must never see.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
const METADATA: [&str; 2] = ["169.254.0.0/16", "fd00:ec2::/32"];
/// Variables that move these elsewhere.
const METADATA_AT: [&str; 2] = ["AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// A variable that names no proxy that can be used. Never quotes the value, which may have a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} isn't the URL of an HTTP proxy: {why}; set it to http://[USER:PASSWORD@]HOST:PORT, or unset it")]
pub struct BadProxy {
    variable: &'static str,
    why: String,
}

/// A proxy for some target. Shown without its user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(super) uri: Uri,
    pub(super) authorization: Option<HeaderValue>,
    /// The variable that names it.
    pub variable: &'static str,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.uri.to_string().trim_end_matches('/'))
    }
}

/// The rules.
pub struct Proxies {
    matcher: Matcher,
    /// The variables that count for `http` and for `https` URLs.
    http: Option<&'static str>,
    https: Option<&'static str>,
    /// Metadata services at other places than AWS's own.
    metadata: Vec<Authority>,
}

impl Proxies {
    /// The rules in these variables. An empty one counts as unset; of both spellings, the one in capitals counts.
    ///
    /// # Errors
    /// When a variable that counts is not the URL of an HTTP proxy.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadProxy> {
        let first = |names: [&'static str; 2]| {
            let set = |name| Some((name, get(name)?.trim().to_owned())).filter(|(_, value)| !value.is_empty());
            names.into_iter().find_map(set)
        };
        let all = first(["ALL_PROXY", "all_proxy"]);
        let http = first(["HTTP_PROXY", "http_proxy"]).or_else(|| all.clone());
        let https = first(["HTTPS_PROXY", "https_proxy"]).or(all);
        let no = first(["NO_PROXY", "no_proxy"]).map(|(_, value)| exceptions(&value)).unwrap_or_default();
        let url = |named: &Option<(&'static str, String)>| named.as_ref().map(canonical).transpose();
        let matcher = Matcher::builder()
            .http(url(&http)?.unwrap_or_default())
            .https(url(&https)?.unwrap_or_default())
            .no([METADATA.join(","), no].join(","))
            .build();
        let moved = METADATA_AT.into_iter().filter_map(|name| get(name)?.parse::<Uri>().ok()?.into_parts().authority);
        let variable = |named: Option<(&'static str, String)>| named.map(|(name, _)| name);
        Ok(Self { matcher, http: variable(http), https: variable(https), metadata: moved.collect() })
    }

    /// Whether there is any proxy.
    pub fn are_named(&self) -> bool {
        self.http.is_some() || self.https.is_some()
    }

    /// The proxy for that URL, whose scheme is `http`, `https`, `ws` or `wss`.
    pub fn to(&self, url: &Uri) -> Option<Proxy> {
        let authority = url.authority().filter(|authority| !self.metadata.contains(authority))?;
        let (scheme, variable) = if is_tls(url) { ("https", self.https?) } else { ("http", self.http?) };
        let asked = Uri::builder().scheme(scheme).authority(authority.clone()).path_and_query("/").build().ok()?;
        let found = self.matcher.intercept(&asked)?;
        Some(Proxy { uri: found.uri().clone(), authorization: found.basic_auth().cloned(), variable })
    }
}

/// The URL as the matcher reads it, whatever its user and password are made of.
fn canonical((variable, value): &(&'static str, String)) -> Result<String, BadProxy> {
    let bad = |why: &str| BadProxy { variable, why: why.to_owned() };
    let whole = if value.contains("://") { value.clone() } else { format!("http://{value}") };
    let mut url = Url::parse(&whole).map_err(|error: ParseError| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(&format!("the scheme {} isn't supported", url.scheme())));
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url.into())
}

/// `NO_PROXY` in the matcher's words: it knows no `*.` before a domain, no brackets around an IPv6 address, and by `*` it means names alone.
fn exceptions(value: &str) -> String {
    let parts = value.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let parts = parts.map(|part| match part {
        "*" => "*,0.0.0.0/0,::/0".to_owned(),
        _ => part.strip_prefix('*').unwrap_or(part).replace(['[', ']'], ""),
    });
    parts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, BadProxy> {
        Proxies::read(|asked| variables.iter().find(|(name, _)| *name == asked).map(|(_, value)| (*value).to_owned()))
    }

    fn way(variables: &[(&str, &str)], url: &str) -> String {
        let proxy = proxies(variables).unwrap().to(&url.parse().unwrap());
        proxy.map_or_else(|| "direct".to_owned(), |proxy| format!("{proxy} {}", proxy.variable))
    }

    #[test]
    fn each_scheme_has_its_variable_in_either_spelling() {
        let all = ("ALL_PROXY", "http://all:1");
        for url in ["https://slack.com/api", "wss://wss-primary.slack.com/link"] {
            assert_eq!(way(&[("HTTPS_PROXY", "http://p:3128"), all], url), "http://p:3128 HTTPS_PROXY");
            assert_eq!(way(&[("https_proxy", "p:3128")], url), "http://p:3128 https_proxy");
            assert_eq!(way(&[("HTTPS_PROXY", " "), ("https_proxy", "p:3128")], url), "http://p:3128 https_proxy");
            assert_eq!(
                way(&[("HTTPS_PROXY", "upper:1"), ("https_proxy", "lower:1")], url),
                "http://upper:1 HTTPS_PROXY"
            );
            assert_eq!(way(&[all], url), "http://all:1 ALL_PROXY");
            assert_eq!(way(&[("HTTP_PROXY", "p:3128")], url), "direct");
        }
        for url in ["http://127.0.0.1:8080/api", "ws://[::1]:8080/link"] {
            assert_eq!(way(&[("http_proxy", "http://[::1]:3128"), all], url), "http://[::1]:3128 http_proxy");
            assert_eq!(way(&[("HTTPS_PROXY", "p:3128")], url), "direct");
        }
    }

    #[test]
    fn exceptions_are_domains_suffixes_addresses_networks_or_all() {
        let proxied = |no: &str, url: &str| way(&[("ALL_PROXY", "http://p:3128"), ("NO_PROXY", no)], url) != "direct";
        for (no, direct, through) in [
            ("slack.com", "https://slack.com", "https://notslack.com"),
            ("Slack.com", "wss://WSS-primary.slack.com", "https://slack.com.example"),
            (".shop.example", "https://app.shop.example", "https://shop.example.org"),
            ("*.shop.example", "https://app.shop.example", "https://myshop.example"),
            ("a.example b.example", "https://b.example", "https://c.example"),
            ("127.0.0.1", "http://127.0.0.1:8080", "http://127.0.0.2:8080"),
            ("10.0.0.0/8, localhost", "https://10.1.2.3", "https://11.1.2.3"),
            ("[::1]", "https://[::1]:8443", "https://[::2]:8443"),
            ("::1", "https://[::1]:8443", "https://slack.com"),
            ("fd00::/8", "https://[fd12::5]", "https://[fe12::5]"),
        ] {
            assert!(!proxied(no, direct), "{direct} with NO_PROXY={no}");
            assert!(proxied(no, through), "{through} with NO_PROXY={no}");
        }
        for url in ["https://slack.com", "http://127.0.0.1", "https://[::1]"] {
            assert!(!proxied("*", url), "{url}");
        }
    }

    #[test]
    fn metadata_never_goes_through_a_proxy() {
        let moved = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9911/credentials");
        let variables = [("ALL_PROXY", "http://p:3128"), moved];
        for url in [
            "http://169.254.169.254/latest/api/token",
            "http://169.254.170.2/v2/credentials",
            "http://[fd00:ec2::254]/latest",
            "http://127.0.0.1:9911/credentials",
        ] {
            assert_eq!(way(&variables, url), "direct", "{url}");
        }
        assert_eq!(way(&variables, "http://127.0.0.1:9912/"), "http://p:3128 ALL_PROXY");
        assert_eq!(way(&variables, "https://sts.us-west-2.amazonaws.com/"), "http://p:3128 ALL_PROXY");
    }

    #[test]
    fn user_and_password_are_sent_and_not_shown() {
        for (url, sent) in [
            ("http://maya:s3cret@p:3128/", "Basic bWF5YTpzM2NyZXQ="),
            ("maya:s3cret@p:3128", "Basic bWF5YTpzM2NyZXQ="),
            ("http://maya:p%40ss%3A@p:3128", "Basic bWF5YTpwQHNzOg=="),
            ("http://maya:p@ss%3a@p:3128", "Basic bWF5YTpwQHNzOg=="),
        ] {
            let proxy = proxies(&[("HTTPS_PROXY", url)]).unwrap().to(&Uri::from_static("https://slack.com")).unwrap();
            assert_eq!(proxy.authorization.as_ref().unwrap(), sent, "{url}");
            assert_eq!(proxy.to_string(), "http://p:3128");
            assert!(!format!("{proxy:?}").contains(&sent[6..]), "{proxy:?}");
        }
    }

    #[test]
    fn url_that_is_none_is_told_without_its_password() {
        for url in
            ["socks5://maya:s3cret@p:1080", "http://maya:s3cret@p:99999", "http://maya:s3cret@", "http://s3cret p:1"]
        {
            let said = proxies(&[("https_proxy", url)]).err().unwrap().to_string();
            assert!(said.starts_with("https_proxy isn't the URL of an HTTP proxy: "), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
        let unused = [("ALL_PROXY", "socks5://p:1080"), ("HTTP_PROXY", "p:3128"), ("HTTPS_PROXY", "p:3128")];
        assert!(proxies(&unused).is_ok());
    }
}
