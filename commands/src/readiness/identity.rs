//! Who the bot is in each region.

use super::{Check, Draft, LOOK_AGAIN, blocking, warning};
use crate::{
    observation::{Observation, Seen},
    topology::{Application, SideName},
};

pub(super) fn checks(app: &Application, observation: &Observation, target: SideName) -> Vec<Check> {
    let id = |side: SideName| if side == SideName::Dr { "caller-dr" } else { "caller-primary" };
    vec![
        caller(blocking(id(target)), app, observation, target),
        caller(warning(id(target.other())), app, observation, target.other()),
    ]
}

fn caller(draft: Draft, app: &Application, observation: &Observation, side: SideName) -> Check {
    let region = app.side(side);
    let caller = match &observation.side(side).caller {
        Seen::Known(caller) => caller,
        // Everything else is seen with the same identity, and shows whether it works.
        Seen::Unknown(why) => return warning(draft.id).unknown(why, LOOK_AGAIN),
        Seen::Refused(why) => return draft.refused(format_args!("the bot's identity in {}", region.region), why),
    };
    let detail = format!("{} in account {}, {}", caller.arn, caller.account, region.region);
    match &region.account {
        Some(account) if *account != caller.account => draft.fail(
            format!("{detail}; the configuration says account {account}"),
            format!("give the bot credentials or a role (`role_arn`) of account {account}, or correct `account`"),
        ),
        _ => draft.pass(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_wrong_account_blocks_in_dr_only() {
        let mut app = fixture::app();
        app.dr.account = Some("999999999999".into());
        app.primary.account = Some("999999999999".into());
        let blocked: Vec<bool> = checks(&app, &fixture::steady(), SideName::Dr).iter().map(Check::blocks).collect();
        assert_eq!(blocked, [true, false]);
    }
}
