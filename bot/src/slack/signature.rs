//! Proof that a request is Slack's: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// Most seconds that a request may be old, or ahead.
const WINDOW: i64 = 5 * 60;

/// Why a request is not taken for Slack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untrusted {
    /// The signature is absent or does not fit.
    BadSignature,
    /// It was signed too long ago, or in the future.
    Stale,
}

/// Checks `body` against its headers.
///
/// slack-morphism's verifier reads the host's clock; this one is told the time, so that rehearsals and tests run on
/// theirs.
pub(super) fn verify(secret: &SecretString, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Untrusted> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Untrusted::BadSignature);
    let timestamp = header("x-slack-request-timestamp")?;
    let signature = header("x-slack-signature")?;
    let claimed = signature.strip_prefix("v0=").and_then(|hex| hex::decode(hex).ok()).ok_or(Untrusted::BadSignature)?;

    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| Untrusted::BadSignature)?;
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    // Constant time, so that how long it takes tells nothing about the right signature.
    mac.verify_slice(&claimed).map_err(|_| Untrusted::BadSignature)?;

    let signed_at: i64 = timestamp.parse().map_err(|_| Untrusted::BadSignature)?;
    if now.as_second().saturating_sub(signed_at).saturating_abs() > WINDOW {
        return Err(Untrusted::Stale);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const SIGNED_AT: i64 = 1_531_420_618;

    fn check(signature: &str, body: &[u8], later: i64) -> Result<(), Untrusted> {
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-request-timestamp", SIGNED_AT.into());
        headers.insert("x-slack-signature", signature.parse().unwrap());
        verify(&SECRET.into(), &headers, body, Timestamp::from_second(SIGNED_AT + later).unwrap())
    }

    #[test]
    fn slacks_own_example_is_accepted() {
        assert_eq!(check(SIGNATURE, BODY, 2), Ok(()));
        assert_eq!(check(SIGNATURE, BODY, 300), Ok(()));
    }

    #[test]
    fn anything_else_is_not() {
        assert_eq!(check(SIGNATURE, BODY, 301), Err(Untrusted::Stale));
        assert_eq!(check(SIGNATURE, BODY, -301), Err(Untrusted::Stale));
        assert_eq!(check(SIGNATURE, b"token=other", 0), Err(Untrusted::BadSignature));
        assert_eq!(check("v0=00", BODY, 0), Err(Untrusted::BadSignature));
        assert_eq!(check("nonsense", BODY, 0), Err(Untrusted::BadSignature));
        assert_eq!(
            verify(&SECRET.into(), &HeaderMap::new(), BODY, Timestamp::UNIX_EPOCH),
            Err(Untrusted::BadSignature)
        );
    }
}
