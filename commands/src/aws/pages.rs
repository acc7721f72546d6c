//! Lists, page by page: [`Listed`] keeps what was read before a page failed, [`whole`] is all or nothing.

use futures::future::BoxFuture;

use super::{AwsError, AwsErrorKind};

/// Most pages of one list: thousands of things.
const PAGES: usize = 100;

/// A list, as far as it could be read.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub(super) found: Vec<T>,
    /// Why the rest was not read; `None` if all of it was.
    pub(super) gap: Option<Gap>,
}

/// Why something was not read.
#[derive(Debug, Clone)]
pub(super) struct Gap {
    /// AWS's words, for people.
    pub(super) why: String,
    /// Nothing answers there: asking about the next thing would only take time.
    pub(super) is_dark: bool,
    /// AWS does not know the thing: it was deleted after it was listed.
    pub(super) is_gone: bool,
}

impl From<AwsError> for Gap {
    fn from(error: AwsError) -> Self {
        Self {
            is_dark: matches!(error.kind, AwsErrorKind::Timeout | AwsErrorKind::Unreachable),
            is_gone: error.kind == AwsErrorKind::NotFound,
            why: error.to_string(),
        }
    }
}

impl<T> Listed<T> {
    /// Reads a list: `read` gives what a page has, and the token of the next one.
    pub(super) async fn read<K: Clone + PartialEq>(
        read: impl AsyncFn(Option<K>) -> Result<(Vec<T>, Option<K>), AwsError>,
    ) -> Self {
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..PAGES {
            match read(token.clone()).await {
                Err(error) => return Self { found, gap: Some(error.into()) },
                Ok((page, next)) => {
                    found.extend(page);
                    match next {
                        None => return Self { found, gap: None },
                        Some(next) if token.as_ref() == Some(&next) => {
                            return Self::cut(found, "AWS named the same page as the next one again".to_owned());
                        }
                        next => token = next,
                    }
                }
            }
        }
        let why =
            format!("there are more than {PAGES} pages ({} entries), and the rest was not asked for", found.len());
        Self::cut(found, why)
    }

    fn cut(found: Vec<T>, why: String) -> Self {
        Self { found, gap: Some(Gap { why, is_dark: false, is_gone: false }) }
    }
}

/// Reads a whole list, at most `most` pages. `read` returns a page's entries and the marker of the next page.
///
/// # Errors
/// The first page that fails; nothing is returned then.
pub(super) async fn whole<'a, T>(
    most: usize,
    read: impl Fn(Option<String>) -> BoxFuture<'a, Result<(Vec<T>, Option<String>), AwsError>>,
) -> Result<Vec<T>, AwsError> {
    let (mut found, mut marker) = (Vec::new(), None);
    for _ in 0..most {
        let (page, next) = read(marker).await?;
        found.extend(page);
        marker = more(next);
        if marker.is_none() {
            break;
        }
    }
    Ok(found)
}

/// A token of the next page. Some services send an empty one at the end.
pub(super) fn more(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_list_without_end_is_cut_and_said() {
        let listed = Listed::read(async |page: Option<usize>| Ok((vec![()], Some(page.unwrap_or(0) + 1)))).await;
        assert_eq!(listed.found.len(), PAGES);
        assert!(listed.gap.unwrap().why.contains("more than 100 pages"));
    }

    #[tokio::test]
    async fn the_same_page_twice_is_the_end() {
        let listed = Listed::read(async |_| Ok((vec![()], Some("again")))).await;
        assert_eq!(listed.found.len(), 2);
        assert!(listed.gap.unwrap().why.contains("the same page"));
    }
}
