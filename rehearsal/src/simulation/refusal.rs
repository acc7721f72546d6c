//! A service's "no", in AWS's own codes.

/// An error answer, independent of the protocol that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    /// The caller's mistake, with status 400.
    pub(crate) fn invalid(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    /// Something that does not exist, from a service that says so with status 404.
    pub(crate) fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self { status: 404, code: code.to_owned(), message: message.into() }
    }
}

/// What a simulated operation comes to.
pub(crate) type Result<T> = std::result::Result<T, Refusal>;
