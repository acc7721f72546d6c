//! Signatures on requests to the app, as Slack makes them.
//!
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>: HMAC-SHA256, keyed with the app's signing
//! secret, over `v0:{timestamp}:{raw body}`.

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::Sha256;

/// Unix seconds at which the request was signed.
pub const TIMESTAMP_HEADER: HeaderName = HeaderName::from_static("x-slack-request-timestamp");
/// `v0=` and the signature in hex.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-slack-signature");

/// The value of the signature header for `body`, signed at `timestamp` (Unix seconds).
pub fn signature(secret: &str, body: &str, timestamp: i64) -> String {
    // HMAC takes a key of any length, so there is no error to tell anybody of.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body.as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

/// Media type of commands and interactions.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
/// Media type of events.
pub(super) const JSON: &str = "application/json";

/// All headers of a signed request.
pub(super) fn headers(secret: &str, media_type: &'static str, body: &str, timestamp: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Slackbot 1.0 (+https://api.slack.com/robots)"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json,*/*"));
    headers.insert(TIMESTAMP_HEADER, HeaderValue::from(timestamp));
    if let Ok(signature) = HeaderValue::from_str(&signature(secret, body, timestamp)) {
        headers.insert(SIGNATURE_HEADER, signature);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Slack's documentation.
    #[test]
    fn agrees_with_the_documented_example() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
                    &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
                    &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554\
                    %2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        assert_eq!(
            signature("8f742231b10e8888abcd99yyyzzz85a5", body, 1_531_420_618),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }
}
