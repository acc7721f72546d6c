//! What a service's events tell: ECS words them for people, so they are told by their words (Amazon ECS Developer Guide, "Amazon ECS service
//! event messages").

use aws_sdk_ecs::types::ServiceEvent;
use jiff::Timestamp;

use super::timestamp;
use crate::observation::Trouble;

/// What ECS says when all is well, or on its way.
const SUCCESSES: [&str; 9] = [
    "has reached a steady state",
    "has started ",
    "registered ",
    "deregistered ",
    "has stopped ",
    "has begun draining connections",
    "deployment completed",
    "updated computedDesiredCount",
    "AZ balanced",
];

/// After this, what was said before is past.
const STEADY: &str = "has reached a steady state";

/// The latest event that says a task could not be placed or started for want of room.
pub(super) fn placement_failure(events: &[ServiceEvent]) -> Option<(Timestamp, String)> {
    said(events)
        .filter(|(_, message)| message.contains("unable to place") || message.contains("unable to consistently start"))
        .max_by_key(|(at, _)| *at)
        .map(|(at, message)| (at, message.to_owned()))
}

/// The newest event that reports no success, if no steady state was reached since. ECS repeats its events: the time is that of the first in the
/// same words.
pub(super) fn trouble(events: &[ServiceEvent]) -> Option<Trouble> {
    let steady = said(events).filter(|(_, message)| message.contains(STEADY)).map(|(at, _)| at).max();
    let since = |at: Timestamp| steady.is_none_or(|steady| at > steady);
    let (_, newest) =
        said(events).filter(|(at, message)| since(*at) && !is_success(message)).max_by_key(|(at, _)| *at)?;
    let first = said(events).filter(|(at, message)| since(*at) && *message == newest).map(|(at, _)| at).min()?;
    Some(Trouble { at: first, message: newest.to_owned() })
}

fn said(events: &[ServiceEvent]) -> impl Iterator<Item = (Timestamp, &str)> {
    events.iter().filter_map(|event| Some((timestamp(event.created_at()?)?, event.message()?)))
}

/// A task that is started in place of an unhealthy one is no success.
fn is_success(message: &str) -> bool {
    !message.contains("unhealthy") && SUCCESSES.iter().any(|success| message.contains(success))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn newest(events: &[(i64, &str)]) -> Option<(i64, String)> {
        let events: Vec<ServiceEvent> = events
            .iter()
            .map(|&(at, message)| ServiceEvent::builder().created_at(DateTime::from_secs(at)).message(message).build())
            .collect();
        trouble(&events).map(|trouble| (trouble.at.as_second(), trouble.message))
    }

    const ROLE: &str = "(service web) failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::1:role/web-task' \
                        that was provided for this task.)";

    #[test]
    fn successes_are_no_trouble() {
        for message in [
            "(service web) has reached a steady state.",
            "(service web) has started 3 tasks: (task a) (task b) (task c).",
            "(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:r:1:targetgroup/web/1)",
            "(service web) deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:r:1:targetgroup/web/1)",
            "(service web) has stopped 1 running tasks: (task a).",
            "(service web, taskSet ecs-svc/1) has begun draining connections on 2 tasks.",
            "(service web) (deployment ecs-svc/1) deployment completed.",
            "(service web) updated computedDesiredCount for taskSet ecs-svc/1 to 4.",
        ] {
            assert_eq!(newest(&[(1, message)]), None, "{message}");
        }
    }

    #[test]
    fn everything_else_is_told() {
        for message in [
            ROLE,
            "(service web) was unable to place a task. Reason: Capacity is unavailable at this time.",
            "(service web) was unable to place a task because no container instance met all of its requirements.",
            "(service web) is unable to consistently start tasks successfully.",
            "(service web) (task a) failed container health checks.",
            "(service web) (task a) (port 80) is unhealthy in (target-group g) due to (reason Health checks failed).",
            "(service web) (deployment ecs-svc/1) deployment failed: tasks failed to start.",
            "(service web) operations are being throttled on ELB. Will try again later.",
            "(service web) has started 1 tasks: (task b). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        ] {
            assert_eq!(
                newest(&[(1, message), (2, "(service web) has started 1 tasks: (task a).")]),
                Some((1, message.to_owned()))
            );
        }
    }

    #[test]
    fn what_came_before_a_steady_state_is_past_and_what_is_repeated_began_with_the_first() {
        assert_eq!(newest(&[(1, ROLE), (2, "(service web) has reached a steady state.")]), None);
        assert_eq!(
            newest(&[(9, ROLE), (5, ROLE), (2, "(service web) has reached a steady state."), (1, ROLE)]),
            Some((5, ROLE.to_owned()))
        );
    }
}
