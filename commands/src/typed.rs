//! What people type, and names that others give themselves: cleaned of what nobody can see before it is recorded or shown, and folded for comparing,
//! since phones, chat clients and wikis replace hyphens, quotes and spaces.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizer;
use icu_properties::{
    CodePointSetData,
    props::{BidiControl, Dash, DefaultIgnorableCodePoint, QuotationMark, VariationSelector},
};

/// Longest typed text that a record holds, in characters: at most 4 KiB with its mark.
const RECORDED: usize = 1_000;

/// The text as it may be recorded and shown: single spaces, no control characters, none that change the direction of others, and nothing invisible but
/// what joins emoji and letters. Cleaning twice changes nothing more.
pub fn clean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        let before = kept.chars().next_back();
        let follows = before.is_some_and(|before| before != ' ');
        match char {
            _ if char.is_whitespace() => kept.push(' '),
            _ if char.is_control() => {}
            '\u{200c}' | '\u{200d}' if follows && rest.peek().is_some_and(|&next| shows(next)) => kept.push(char),
            // The regions of a flag, such as Scotland's: letters that nobody sees anywhere else.
            '\u{e0020}'..='\u{e007f}' if before.is_some_and(is_in_flag) => kept.push(char),
            _ if follows && CodePointSetData::new::<VariationSelector>().contains(char) => kept.push(char),
            _ if !shows(char) => {}
            _ => kept.push(char),
        }
    }
    kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn shows(char: char) -> bool {
    // U+FFF9 to U+FFFB hide an annotation.
    let hides = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(char)
        || CodePointSetData::new::<BidiControl>().contains(char)
        || matches!(char, '\u{fff9}'..='\u{fffb}');
    !hides && !char.is_whitespace() && !char.is_control()
}

fn is_in_flag(before: char) -> bool {
    matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}')
}

/// The text as it is compared: cleaned, in lower case, every dash a hyphen, compatible forms such as full-width letters as plain ones, and nothing
/// invisible at all.
pub fn fold(text: &str) -> String {
    let dash = |char| if CodePointSetData::new::<Dash>().contains(char) { '-' } else { char };
    let plain = ComposingNormalizer::new_nfkc().normalize(&clean(text)).to_lowercase();
    let visible: String = plain.chars().filter(|&char| shows(char) || char.is_whitespace()).map(dash).collect();
    clean(&visible)
}

/// A folded text without the quotes or backticks that it was copied with, and without what ends a sentence.
pub(crate) fn bare(text: &str) -> String {
    let wraps = |char| char == '`' || CodePointSetData::new::<QuotationMark>().contains(char);
    let ends = |char| wraps(char) || matches!(char, '.' | ',' | ';' | ':' | '!' | '?');
    fold(text).trim_start_matches(wraps).trim_end_matches(ends).to_owned()
}

/// The beginning of a cleaned text, as much as a record holds; what was cut is counted.
pub fn bounded(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(RECORDED) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}… ({} characters)", &text[..end], text.chars().count())),
    }
}

/// How the typed words differ from those that are asked for, word by word; `None` where they count as the same.
pub(crate) fn difference(typed: &str, asked: &str) -> Option<String> {
    let (typed, asked) = (bare(typed), fold(asked));
    let (mut typed, mut asked) = (typed.split(' ').filter(|word| !word.is_empty()), asked.split(' '));
    loop {
        return Some(match (typed.next(), asked.next()) {
            (None, None) => return None,
            (Some(typed), Some(asked)) if typed == asked => continue,
            (Some(typed), Some(asked)) => format!("{} should be {}", code(typed), code(asked)),
            (None, Some(asked)) => format!("{} is missing", code(asked)),
            (Some(typed), None) => format!("{} is too much", code(typed)),
        });
    }
}

/// Longest part of a word that is shown again.
pub(crate) const SHOWN: usize = 40;

/// A word as it is shown again: short, and unable to end the quotation.
pub(crate) fn code(word: &str) -> String {
    format!("`{}`", word.chars().take(SHOWN).collect::<String>().replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_nobody_can_see_goes_and_what_joins_stays() {
        for (typed, kept) in [
            (" a \u{a0}\n\tb\u{3000}c\u{2028}", "a b c"),
            ("\u{1b}[31mred\u{7}\u{9f}", "[31mred"),
            ("now \u{202e}eton\u{202c} \u{2067}x\u{2069}\u{200e}\u{200f}\u{61c}", "now eton x"),
            ("\u{feff}his\u{2060}to\u{ad}ry\u{200b}", "history"),
            (
                "the \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} team",
                "the \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} team",
            ),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            (
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            ),
            ("hidden\u{e0068}\u{e0069}", "hidden"),
            ("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}"),
            ("\u{200d}alone\u{200d} \u{200c}", "alone"),
        ] {
            assert_eq!(clean(typed), kept, "{typed:?}");
        }
    }

    #[test]
    fn folded_texts_compare_as_people_mean_them() {
        for dash in "\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{fe58}\u{fe63}\u{ff0d}".chars() {
            assert_eq!(fold(&format!("Promote{dash}17")), "promote-17", "{dash:?}");
        }
        assert_eq!(fold("Promote\u{a0} US\u{2011}west\u{2011}2\u{200b} by  failover"), "promote us-west-2 by failover");
        assert_eq!(fold("ｐｒｏｍｏｔｅ\u{3000}ｕｓ－ｗｅｓｔ－２"), "promote us-west-2");
    }

    #[test]
    fn a_difference_is_named() {
        let told = |typed| difference(typed, "promote us-west-2 by failover");
        assert_eq!(told("Promote us\u{2013}west\u{2013}2 by failover"), None);
        assert_eq!(told("\u{201c}promote us-west-2 by failover\u{201d}."), None);
        assert_eq!(told("`promote us-west-2 by failover`"), None);
        assert_eq!(told("promote us-east-1 by failover").as_deref(), Some("`us-east-1` should be `us-west-2`"));
        assert_eq!(told("promote us-west-2").as_deref(), Some("`by` is missing"));
        assert_eq!(told("promote us-west-2 by failover now").as_deref(), Some("`now` is too much"));
        assert_eq!(told("").as_deref(), Some("`promote` is missing"));
    }

    #[test]
    fn records_hold_at_most_four_kibibytes_of_it() {
        let long = bounded(&"\u{1f468}".repeat(200_000)).into_owned();
        assert!(long.len() <= 4_096 && long.ends_with("… (200000 characters)"), "{}", long.len());
        assert_eq!(bounded("short"), "short");
    }

    proptest! {
        #[test]
        fn cleaning_is_done_once(text in "(?s).*") {
            let cleaned = clean(&text);
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
            let shown = |char: char| !char.is_control() && !CodePointSetData::new::<BidiControl>().contains(char);
            prop_assert!(cleaned.chars().all(shown));
        }

        #[test]
        fn folding_is_done_once(text in "(?s).*") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
