//! Every message that a person can see: one pure function each, data in, message out.

mod answers;
mod decided;
mod detail;
mod gate;
mod history;
mod home;
mod modal;
mod notices;
mod page;
mod paused;
mod plan;
mod progress;
mod public;
mod readiness;
mod report;
mod status;
mod timeline;
mod troubles;
mod wording;

pub(crate) use self::wording::{achieved, deed};
pub use self::{
    answers::{answer, failed, in_the_way, refused, told},
    decided::{aborted, decided},
    detail::detail,
    gate::{closing, gate},
    history::history,
    home::home,
    modal::{REASON, WORDS, confirmation, not_done, refusal},
    notices::{checkpoint, details, details_fit, handoff, looked, no_return},
    page::linked,
    paused::{Failure, overtaken, paused, resolved},
    plan::plan,
    progress::progress,
    public::{public, unnoticed},
    report::report,
    status::status,
    timeline::timeline,
    troubles::with_troubles,
    wording::named,
};

#[cfg(test)]
mod tests;
