//! How much of a proposal was found.

use commands::discovery::{Proposal, Proposed};

use crate::config::FILL_IN;

/// In how many ways the values of a proposal came out.
#[derive(Default)]
struct Tally {
    found: usize,
    ambiguous: usize,
    not_found: usize,
    not_read: usize,
}

impl Tally {
    fn add<T>(&mut self, proposed: &Proposed<T>) {
        match proposed {
            Proposed::Found(..) => self.found += 1,
            Proposed::Choice(_) => self.ambiguous += 1,
            Proposed::NotRead(_) => self.not_read += 1,
            Proposed::Missing => self.not_found += 1,
        }
    }
}

/// One line for people. `body` is the text that the blanks are counted in, comments left out; `people` its part about Slack.
pub(super) fn of(proposal: &Proposal, body: &str, people: &str) -> String {
    let mut tally = Tally::default();
    for region in [&proposal.primary, &proposal.dr] {
        tally.add(&region.ecs_cluster);
        tally.add(&region.endpoint);
        if region.listener != Proposed::Missing {
            tally.add(&region.listener);
        }
    }
    tally.add(&proposal.services);
    tally.add(&proposal.records);
    tally.add(&proposal.health_path);
    let Tally { found, ambiguous, not_found, not_read } = tally;
    let blanks = |text: &str| -> usize {
        let values = text.lines().filter(|line| !line.starts_with('#'));
        values.map(|line| line.matches(FILL_IN).count()).sum()
    };
    // Nothing in AWS tells who people are in Slack.
    let (all, of_slack) = (blanks(body), blanks(people));
    let resources = match proposal.unread.len() {
        0 => "AWS answered everything".to_owned(),
        1 => "1 resource could not be read and is named at the top of the file".to_owned(),
        several => format!("{several} resources could not be read and are named at the top of the file"),
    };
    format!(
        "Found {found}, ambiguous {ambiguous}, not found {not_found}, not read {not_read}. {FILL_IN} stands {all} times, {of_slack} of them for Slack's ids. {resources}."
    )
}
