//! Why something was refused, as records name it.

use serde::{Deserialize, Serialize};

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The signature does not fit the body.
    BadSignature,
    /// The timestamp is more than five minutes off.
    Stale,
    /// The same signed request came before.
    Replayed,
    /// The body is larger than allowed.
    TooLarge,
    /// The body is not what Slack sends.
    Malformed,
    /// The text is not a command.
    NotACommand,
    /// No such application, or none named where there are several.
    UnknownApplication,
    /// The person may not do this.
    NotAllowed,
    /// The person is not a full member of the workspace: a guest, of another one, switched off, or no person.
    NotAMember,
    /// Slack could not be asked who the person is or belongs to.
    Unverified,
    /// What cannot be undone was not confirmed by its exact words.
    NotConfirmed,
    /// It takes a reason, of at most [`crate::grammar::REASON_LIMIT`] characters.
    NoReason,
    /// Not in this channel.
    WrongChannel,
    /// The requester may not approve their own request.
    OwnRequest,
    /// Only the requester takes a request back.
    NotTheRequester,
    /// The person approved before, and counts once.
    AlreadyApproved,
    /// Another run of the application is open.
    RunInProgress,
    /// The pair is not in a state that this command is for.
    WrongPhase,
    /// The gate closed before, or a link's time is over.
    Expired,
    /// It was decided or resolved before.
    AlreadyDecided,
    /// No such run, step or choice.
    NoSuchThing,
    /// Several could be meant; one has to be named.
    Ambiguous,
    /// The program is stopping.
    Stopping,
    /// The audit log takes no records; this refusal alone is not recorded.
    LogDown,
}
