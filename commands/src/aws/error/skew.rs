//! Signatures that were refused since this host's clock and AWS's differ.

use aws_smithy_types::date_time::{DateTime, Format};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use super::class::Answer;

/// AWS takes signatures of the last five minutes, and some services of the last fifteen. What is below is another fault, whatever the clock says.
const TOLERATED: SignedDuration = SignedDuration::from_mins(4);

/// Codes that say what a wrong clock says, and other things besides.
const SUSPECTS: [&str; 5] =
    ["SignatureDoesNotMatch", "InvalidSignatureException", "InvalidSignature", "AuthFailure", "AccessDeniedException"];

/// Whether the clock is why AWS refused.
pub(super) fn is_cause(answer: &Answer<'_>) -> bool {
    let Answer { code, message, skew, .. } = *answer;
    let far = skew.is_some_and(|skew| skew.abs() > TOLERATED);
    match code {
        "RequestTimeTooSkewed" | "RequestInTheFuture" => true,
        // The same code stands for a token that has expired.
        "RequestExpired" => far || !(message.contains("token") || message.contains("credential")),
        _ if message.contains("Signature expired") || message.contains("Signature not yet current") => true,
        _ => far && SUSPECTS.contains(&code),
    }
}

/// AWS's clock minus this host's: as the message gives it, or by the answer's `Date` header and `now`.
pub(super) fn measure(message: &str, date: Option<&str>, now: Timestamp) -> Option<SignedDuration> {
    told(message).or_else(|| {
        let date = DateTime::from_str(date?, Format::HttpDate).ok()?;
        Some(Timestamp::from_second(date.secs()).ok()?.duration_since(now))
    })
}

/// From `Signature expired: 20261129T081500Z is now earlier than 20261129T083000Z (20261129T083500Z - 5 min.)`, and the like for one that is not yet
/// current: the signature's time comes first, AWS's own stands in parentheses.
fn told(message: &str) -> Option<SignedDuration> {
    let (_, signed) = message.split_once("Signature ")?;
    let mut times = signed.split([' ', '(', ')']).filter_map(time);
    let signed = times.next()?;
    Some(times.next_back()?.duration_since(signed))
}

fn time(word: &str) -> Option<Timestamp> {
    let at = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", word).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// How far off the host's clock is, in words: `20 min behind`; `None` if it isn't, by this measure.
pub(super) fn in_words(skew: SignedDuration) -> Option<String> {
    if skew.abs() < TOLERATED {
        return None;
    }
    let side = if skew.is_negative() { "ahead of" } else { "behind" };
    let seconds = skew.abs().as_secs();
    Some(match seconds {
        0..7_200 => format!("{} min {side}", (seconds + 30) / 60),
        _ => format!("{:.1} h {side}", seconds as f64 / 3_600.0),
    })
}
