//! What the page says, at any size and with anything in it.

use commands::{
    journal::Resolution,
    plan::{RunbookName, StepId},
    report::RunOutcome,
};
use jiff::Timestamp;
use proptest::prelude::*;

use super::{
    document::document,
    fixture::{Tale, at},
    incident::Incident,
    page::{parts, title},
    regions::{Holder, roles},
};

/// The text of a page, a line for each element that has some.
fn text(html: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        let inline = ["/", "time", "strong", "span", "q", "svg", "use", "tspan", "rect"]
            .iter()
            .any(|name| tag.starts_with(name));
        match lines.last_mut() {
            Some(line) if inline => line.push_str(text),
            _ => lines.push(text.to_owned()),
        }
    }
    let lines = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn said(incident: &Incident, now: Timestamp) -> String {
    text(&parts(incident, now).into_string())
}

#[test]
fn page_of_a_run_from_its_begin_to_its_end() {
    let mut tale = Tale::promote();
    insta::assert_snapshot!("waits", said(&tale.incident, at(9)));
    tale.approve(15);
    tale.start(15, StepId::Database);
    tale.start(15, StepId::Capacity);
    insta::assert_snapshot!("runs", said(&tale.incident, at(45)));
    tale.fail(60, StepId::Database, "the writer has not moved");
    insta::assert_snapshot!("paused", said(&tale.incident, at(75)));
    insta::assert_snapshot!("ended", said(&Tale::promoted().incident, at(9_999)));
}

#[test]
fn what_is_not_known_is_said_to_be_unknown() {
    let mut tale = Tale::promote();
    tale.incident.run.plan.lag = commands::observation::Seen::Unknown("CloudWatch did not answer within 2 s".into());
    tale.incident.lags.clear();
    let said = said(&tale.incident, at(9));
    assert!(said.contains("Unknown: CloudWatch did not answer within 2 s"), "{said}");
    assert!(said.contains("The records hold no measurement: too few to plot."), "{said}");
    assert!(said.contains("Data loss\n unknown") || said.contains("Data loss\nunknown"), "{said}");
}

#[test]
fn roles_move_with_the_steps_that_move_them() {
    let mut tale = Tale::promote();
    tale.approve(15);
    assert_eq!((roles(&tale.incident.run).serves.0, roles(&tale.incident.run).writes.0), (Holder::From, Holder::From));
    tale.start(15, StepId::Database);
    tale.done(20, StepId::Database);
    tale.start(15, StepId::Capacity);
    tale.done(20, StepId::Capacity);
    assert_eq!((roles(&tale.incident.run).serves.0, roles(&tale.incident.run).writes.0), (Holder::From, Holder::To));
    assert_eq!(roles(&Tale::promoted().incident.run).serves, (Holder::To, at(165)));
    let rebuild = Tale::new(RunbookName::Rebuild, "maya", "", "web");
    assert_eq!(
        (roles(&rebuild.incident.run).serves.0, roles(&rebuild.incident.run).writes.0),
        (Holder::From, Holder::From)
    );
}

#[test]
fn largest_run_stays_a_page() {
    let services: Vec<String> = (0..50).map(|number| format!("service-with-quite-a-long-name-{number} 12")).collect();
    let mut tale = Tale::new(RunbookName::Promote, "maya", &"because ".repeat(100), &services.join(", "));
    tale.approve(15);
    // A week, with a step that fails again and again, and the lag measured all the time.
    for hour in 0..168 {
        let now = 15 + hour * 3_600;
        tale.start(now, StepId::Capacity);
        tale.fail(now + 600, StepId::Capacity, &services.join(", "));
        (0..60).for_each(|minute| {
            tale.measure(now + 600 + minute * 10, f64::from(i32::try_from(hour).unwrap_or(0) + 1) * 100.0)
        });
        tale.resolve(now + 3_599, StepId::Capacity, Resolution::Retry);
    }
    let page = parts(&tale.incident, at(168 * 3_600)).into_string();
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("service-with-quite-a-long-name-49"));
    tale.start(168 * 3_600 + 20, StepId::Capacity);
    tale.end(168 * 3_600 + 21, RunOutcome::Aborted);
    assert!(tale.latest().what.contains("the run ended"));
}

/// Every tag of the document, without what stands between them.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|piece| piece.split_once('>').map(|(tag, _)| tag)).collect()
}

proptest! {
    #[test]
    fn whatever_people_and_things_are_called_stays_text(who in "\\PC{0,40}", reason in ".{0,80}", service in "[<>&\"'/a-z=;#]{0,40}") {
        let page = |who: &str, reason: &str, service: &str| {
            let mut tale = Tale::new(RunbookName::Promote, who, reason, service);
            tale.approve(15);
            tale.start(15, StepId::Database);
            tale.fail(45, StepId::Database, reason);
            tale.resolve(50, StepId::Database, Resolution::Abort);
            tale.end(51, RunOutcome::Aborted);
            document(&title(&tale.incident.run), true, &parts(&tale.incident, at(60))).into_string()
        };
        let (plain, named) = (page("maya", "dark", "web"), page(&who, &reason, &service));
        // The same elements with the same attributes, whatever the texts are.
        prop_assert_eq!(tags(&plain), tags(&named));
    }
}
