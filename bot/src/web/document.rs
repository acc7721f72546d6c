//! The document around a page, and the headers that every answer has: nothing is loaded from anywhere, nothing is kept, and no address leaves with a
//! click.

use std::sync::LazyLock;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::parts::symbols;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The page's own mark, so that a browser asks for none.
const MARK: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%230072b2'/%3E%3Cpath d='M5 4l7 4-7 4z' fill='white'/%3E%3C/svg%3E";

/// Only this style and this script, by their hashes; only this origin's event stream.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
});

fn digest(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// The headers of every answer.
pub(super) fn protect(headers: &mut HeaderMap) {
    let fixed = [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    // A policy is made of hashes and fixed words, so there always is one.
    headers.extend(HeaderValue::from_str(&POLICY).ok().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
}

/// A page. `live`: it goes on changing, and the script keeps it up to date; without one it is loaded anew now and then.
pub(super) fn document(title: &str, live: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href=(MARK);
                style { (PreEscaped(STYLE)) }
                @if live { noscript { meta http-equiv="refresh" content="15"; } }
            }
            body {
                (symbols())
                main #incident data-live[live] { (body) }
                footer {
                    p #live .quiet { @if live { noscript { "This page loads itself anew every 15 seconds." } } }
                    p.quiet { "Standby · this page only shows what the audit log holds; decisions are taken in the incident channel or at the terminal." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// A page that says why there is nothing to see.
pub(super) fn notice(title: &str, said: &[&str]) -> Markup {
    let body = html! {
        header.state { h1 { (title) } @for said in said { p { (said) } } }
    };
    document(title, false, &body)
}
