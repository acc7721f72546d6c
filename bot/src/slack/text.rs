//! Words for people: escaping, dates, durations, names.

use jiff::Timestamp;
use storage::Actor;

/// Text with Slack's three control characters escaped, so that data never becomes a mention or a link.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escaped text in which `<@U…>` stays a mention: for sentences that name people.
pub fn prose(text: &str) -> String {
    let escaped = escape(text);
    let mut pieces = escaped.split("&lt;@");
    let mut prose = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once("&gt;") {
            Some((id, rest)) if is_user(id) => prose.push_str(&format!("<@{id}>{rest}")),
            _ => prose.push_str(&format!("&lt;@{piece}")),
        }
    }
    prose
}

fn is_user(id: &str) -> bool {
    id.starts_with(['U', 'W']) && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Text of at most `limit` characters; a cut is marked with an ellipsis.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Data as inline code; a backtick cannot be escaped in mrkdwn, so it becomes an apostrophe.
pub fn code(text: &str) -> String {
    format!("`{}`", escape(&text.replace('`', "'")))
}

/// A moment in the reader's own time zone, with the time in UTC beside it: people of several zones talk about it. Where Slack's markup is not
/// shown, the date stands before the latter.
pub fn date(at: Timestamp) -> String {
    let (day, time) = (at.strftime("%Y-%m-%d"), at.strftime("%H:%M:%SZ"));
    format!("<!date^{}^{{date_short_pretty}} {{time_secs}}|{day}> ({time})", at.as_second())
}

/// A person or the bot, as a mention where Slack knows them.
pub fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Slack { user, .. } => format!("<@{user}>"),
        Actor::Terminal { user } => format!("{} (terminal)", escape(user)),
        Actor::Bot => "the bot".to_owned(),
    }
}

/// A number of seconds, as people say it: `850 ms`, `42 s`, `2 min 5 s`, `1 h 2 min`.
pub fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "unknown".to_owned();
    }
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds.max(0.0) * 1_000.0);
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

/// How long ago `then` was, seen from `now`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", seconds(elapsed(then, now).round()))
}

/// Seconds from `then` to `now`, never negative.
pub fn elapsed(then: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(then).as_secs_f64().max(0.0)
}

/// `1 task`, `2 tasks`.
pub fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// Words joined by commas within `limit` characters; what does not fit is counted.
pub fn joined_words(words: &[String], limit: usize) -> String {
    let mut text = String::new();
    for (number, word) in words.iter().enumerate() {
        if text.chars().count() + word.chars().count() + 2 > limit {
            return format!("{text} and {} more", words.len() - number);
        }
        if number > 0 {
            text.push_str(", ");
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_people_are_mentioned() {
        assert_eq!(prose("by <@U0JONAS0001> & <b>"), "by <@U0JONAS0001> &amp; &lt;b&gt;");
        assert_eq!(prose("<!channel> <@channel> <@U1"), "&lt;!channel&gt; &lt;@channel&gt; &lt;@U1");
    }

    #[test]
    fn seconds_as_people_say_them() {
        let said = [0.0, 0.2624, 0.9999, 1.0, 59.4, 59.6, 125.0, 3_720.0, f64::NAN].map(seconds);
        assert_eq!(
            said,
            ["0 ms", "262 ms", "1000 ms", "1 s", "59 s", "1 min 0 s", "2 min 5 s", "1 h 2 min", "unknown"]
        );
    }

    #[test]
    fn a_cut_is_marked_and_counts() {
        assert_eq!((shorten("abc", 3).as_str(), shorten("abcd", 3).as_str()), ("abc", "ab…"));
        let words = ["one", "two", "three"].map(str::to_owned);
        assert_eq!(
            (joined_words(&words, 50).as_str(), joined_words(&words, 10).as_str()),
            ("one, two, three", "one, two and 1 more")
        );
    }
}
