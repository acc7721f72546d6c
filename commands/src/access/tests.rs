#![allow(clippy::unwrap_used)]

use super::*;
use crate::plan::{Method, RunbookName};

fn access(viewers: &[&str]) -> Access {
    Access {
        team: "T1".into(),
        channels: vec!["C1".into()],
        viewers: viewers.iter().map(|&id| id.to_owned()).collect(),
        promoters: vec!["U1".into()],
        terminal: BTreeMap::from([("alice".into(), "U1".into()), ("bob".into(), "U2".into())]),
        ..Access::default()
    }
}

fn terminal(user: &str) -> Actor {
    Actor::Terminal { user: user.into() }
}

fn slack(team: &str, user: &str) -> Actor {
    Actor::Slack { team: team.into(), user: user.into(), name: Some("U1".into()) }
}

fn channel(id: &str) -> Origin {
    Origin::Slack { channel: id.into(), message: None }
}

fn member() -> Facts {
    Facts { standing: Some(Ok(Standing::Full)), ..Facts::default() }
}

fn unreachable() -> Unavailable {
    Unavailable("no answer".into())
}

fn in_group(known: Result<bool, Unavailable>) -> Facts {
    Facts { groups: BTreeMap::from([("S1".into(), known)]), ..member() }
}

#[test]
fn rights_are_given_by_team_user_and_channel() {
    let denied = Err(Refusal::NotAllowed);
    let cases = [
        (slack("T1", "U1"), channel("C1"), Ok(()), Ok(())),
        (slack("T1", "U2"), channel("C1"), Ok(()), denied),
        (slack("T1", "U3"), channel("C1"), denied, denied),
        (slack("T2", "U1"), channel("C1"), Ok(()), Ok(())),
        (slack("T1", "U1"), channel("C2"), Err(Refusal::WrongChannel), Err(Refusal::WrongChannel)),
        (slack("T1", "U1"), Origin::Terminal, Err(Refusal::WrongChannel), Err(Refusal::WrongChannel)),
        (terminal("alice"), Origin::Terminal, Ok(()), Ok(())),
        (terminal("bob"), Origin::Terminal, Ok(()), denied),
        (terminal("U1"), Origin::Terminal, denied, denied),
        (terminal("alice"), channel("C1"), Err(Refusal::WrongChannel), Err(Refusal::WrongChannel)),
        (Actor::Bot, Origin::System, denied, denied),
    ];
    let access = access(&["U2"]);
    for (actor, origin, look, rest) in cases {
        assert_eq!(access.may(Right::Look, &actor, &origin, &member()), look, "{actor:?} {origin:?}");
        for right in [Right::Ask, Right::Resolve, Right::Approve(Kind::Promote)] {
            assert_eq!(access.may(right, &actor, &origin, &member()), rest, "{right:?} {actor:?} {origin:?}");
        }
    }
}

#[test]
fn request_that_names_another_team_is_judged_by_what_the_chat_tells() {
    let may = |right, standing| {
        let facts = Facts { standing, ..Facts::default() };
        access(&["U2"]).may(right, &slack("T2", "U1"), &channel("C1"), &facts)
    };
    for right in [Right::Look, Right::Ask, Right::Resolve, Right::Approve(Kind::Promote)] {
        assert_eq!(may(right, Some(Ok(Standing::Full))), Ok(()));
        assert_eq!(may(right, Some(Ok(Standing::Outsider))), Err(Refusal::NotAMember));
        assert_eq!(may(right, Some(Err(unreachable()))), Err(Refusal::Unverified));
        assert_eq!(may(right, None), Err(Refusal::NotAllowed));
    }
}

#[test]
fn person_is_the_same_at_the_terminal_and_under_another_name() {
    let access = access(&[]);
    let renamed = Actor::Slack { team: "T1".into(), user: "U1".into(), name: None };
    assert!(access.same_person(&slack("T1", "U1"), &renamed));
    assert!(access.same_person(&slack("T1", "U1"), &terminal("alice")));
    assert!(!access.same_person(&slack("T1", "U2"), &terminal("alice")));
    assert!(access.same_person(&slack("T2", "U1"), &slack("T1", "U1")), "of two workspaces of an organization");
    assert!(access.same_person(&terminal("carol"), &terminal("carol")), "without rights, and still one person");
    assert!(!access.same_person(&terminal("carol"), &terminal("dave")));
}

#[test]
fn anyone_of_the_team_may_look_where_that_is_said() {
    let access = access(&[ANYONE]);
    let may = |right, actor| access.may(right, &actor, &channel("C1"), &member());
    assert_eq!(may(Right::Look, slack("T1", "U9")), Ok(()));
    assert_eq!(may(Right::Ask, slack("T1", "U9")), Err(Refusal::NotAllowed));
    let outsider = Facts { standing: Some(Ok(Standing::Outsider)), ..Facts::default() };
    let other = access.may(Right::Look, &slack("T2", "U9"), &channel("C1"), &outsider);
    assert_eq!(other, Err(Refusal::NotAMember));
}

#[test]
fn promoters_are_named_one_by_one() {
    let access = Access { promoters: vec![ANYONE.into()], ..access(&[]) };
    assert_eq!(access.may(Right::Ask, &slack("T1", "U9"), &channel("C1"), &member()), Err(Refusal::NotAllowed));
}

#[test]
fn guests_outsiders_and_others_who_are_no_full_members_may_nothing() {
    let access = access(&[ANYONE]);
    for standing in [Standing::Guest, Standing::Outsider, Standing::Deactivated, Standing::Bot] {
        let facts = Facts { standing: Some(Ok(standing)), ..Facts::default() };
        for right in [Right::Look, Right::Ask, Right::Resolve, Right::Approve(Kind::Rebuild)] {
            let may = access.may(right, &slack("T1", "U1"), &channel("C1"), &facts);
            assert_eq!(may, Err(Refusal::NotAMember), "{right:?} {standing:?}");
        }
    }
}

#[test]
fn decisions_wait_for_slack_to_say_who_it_is_and_looking_does_not() {
    let access = access(&[ANYONE]);
    let facts = Facts { standing: Some(Err(unreachable())), ..Facts::default() };
    let may = |right| access.may(right, &slack("T1", "U1"), &channel("C1"), &facts);
    assert_eq!((may(Right::Look), may(Right::Ask)), (Ok(()), Ok(())));
    assert_eq!(may(Right::Resolve), Err(Refusal::Unverified));
    assert_eq!(may(Right::Approve(Kind::Promote)), Err(Refusal::Unverified));
}

#[test]
fn group_members_approve_and_an_unknown_membership_is_none() {
    let approvals = Approvals {
        promote: Rule { who: Some(vec!["S1".into(), "U7".into()]), ..Rule::default() },
        ..Approvals::default()
    };
    let access = Access { approvals, ..access(&[]) };
    let right = Right::Approve(Kind::Promote);
    let may = |actor: &Actor, facts| access.may(right, actor, &channel("C1"), &facts);
    let (grouped, named, promoter) = (slack("T1", "U5"), slack("T1", "U7"), slack("T1", "U1"));
    assert_eq!(may(&grouped, in_group(Ok(true))), Ok(()));
    assert_eq!(may(&grouped, in_group(Ok(false))), Err(Refusal::NotAllowed));
    assert_eq!(may(&grouped, in_group(Err(unreachable()))), Err(Refusal::Unverified));
    assert_eq!(may(&named, in_group(Err(unreachable()))), Ok(()), "named by id: the group does not matter");
    assert_eq!(may(&promoter, in_group(Ok(false))), Err(Refusal::NotAllowed), "promoters ask, and others approve");
    assert_eq!(access.may(Right::Approve(Kind::Failback), &promoter, &channel("C1"), &member()), Ok(()));
    assert_eq!(access.may(Right::Look, &grouped, &channel("C1"), &in_group(Ok(true))), Ok(()), "who approves may look");
    let mapped = Access { terminal: BTreeMap::from([("erin".into(), "U5".into())]), ..access.clone() };
    let at_terminal = |known| mapped.may(right, &terminal("erin"), &Origin::Terminal, &in_group(known));
    assert_eq!(at_terminal(Ok(true)), Ok(()));
    assert_eq!(at_terminal(Err(unreachable())), Err(Refusal::Unverified));
}

#[test]
fn rule_has_its_own_team_and_channels() {
    let rule = Rule { team: Some("T2".into()), channels: Some(vec!["C2".into()]), ..Rule::default() };
    let access = Access { approvals: Approvals { rebuild: rule, ..Approvals::default() }, ..access(&[]) };
    let may =
        |team, place| access.may(Right::Approve(Kind::Rebuild), &slack(team, "U1"), &channel(place), &Facts::default());
    assert_eq!(may("T2", "C2"), Ok(()));
    assert_eq!(may("T1", "C2"), Err(Refusal::NotAllowed));
    assert_eq!(may("T2", "C1"), Err(Refusal::WrongChannel));
}

#[test]
fn terms_say_what_it_takes() {
    let promote = Rule { approvers: 2, requester_may_approve: Some(true), ..Rule::default() };
    let access = Access { approvals: Approvals { promote, ..Approvals::default() }, ..access(&[]) };
    let terms = access.terms(RunbookName::Promote, Method::Failover);
    assert_eq!((terms.approvers, terms.who.as_slice(), terms.requester_may_approve), (2, &["U1".to_owned()][..], true));
    let terms = access.terms(RunbookName::Failback, Method::Switchover);
    assert_eq!((terms.approvers, terms.requester_may_approve), (1, false));
}

/// A directory that counts how often it was asked.
#[derive(Default)]
struct Asked(std::sync::Mutex<Vec<String>>);

impl Directory for Asked {
    fn members<'a>(
        &'a self,
        _: &'a str,
        group: &'a str,
        _: Freshness,
    ) -> futures::future::BoxFuture<'a, Result<std::collections::BTreeSet<String>, Unavailable>> {
        self.0.lock().unwrap().push(group.to_owned());
        Box::pin(std::future::ready(Ok(["U5".to_owned()].into())))
    }

    fn standing<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        user: &'a str,
        _: Freshness,
    ) -> futures::future::BoxFuture<'a, Result<Standing, Unavailable>> {
        self.0.lock().unwrap().push(user.to_owned());
        Box::pin(std::future::ready(Ok(Standing::Full)))
    }
}

#[tokio::test]
async fn slack_is_asked_for_what_matters_and_nothing_else() {
    let access = Access { promoters: vec!["U1".into(), "S1".into()], ..access(&["U2"]) };
    let cases: [(Actor, &[&str]); 7] = [
        (slack("T1", "U1"), &["U1"]),
        (slack("T1", "U5"), &["S1", "U5"]),
        (slack("T1", "U6"), &["S1"]),
        (slack("T2", "U1"), &["U1"]),
        (terminal("alice"), &[]),
        (terminal("bob"), &["S1"]),
        (terminal("nobody"), &[]),
    ];
    for (actor, expected) in cases {
        let directory = Asked::default();
        Facts::gather(&directory, &access, Right::Ask, &actor, Freshness::Recent).await;
        assert_eq!(*directory.0.lock().unwrap(), expected, "{actor:?}");
    }
}
