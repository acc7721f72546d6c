//! Who people are, in a log that never changes and from which they can be erased all the same.

use std::time::Duration;

use rehearsal::slack::{Fault, FaultKind, Method};
use storage::{Opening, Record, export, verify::Trust, verify::verify_with};
use tests::{Cast, Stage};

const HOUR: Duration = Duration::from_secs(3601);

async fn open() -> Stage {
    Stage::with().configure("[audit]\nemails = true").open().await
}

/// The bot has done whatever it does upon what was said.
async fn settled() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

async fn resolved(stage: &Stage) -> Vec<(String, String, Option<String>)> {
    let text = |record: &Record, member: &str| record.data[member].as_str().map(str::to_owned);
    let records = stage.of("person.resolved").await;
    let told = |record: &Record| {
        (text(record, "user").unwrap(), text(record, "name").unwrap(), text(record, "email_commitment"))
    };
    records.iter().map(|record| told(record)).collect()
}

#[tokio::test(start_paused = true)]
async fn records_say_who_somebody_was_then_and_only_a_commitment_has_the_address() {
    let stage = open().await;
    for user in [Cast::MAYA, Cast::SAM, Cast::MAYA] {
        stage.says(user, "status").await;
        settled().await;
    }
    stage.slack.change_person(Cast::MAYA, |maya| maya.email = "maya@chen.example".to_owned()).unwrap();
    tokio::time::sleep(HOUR).await;
    for user in [Cast::MAYA, Cast::SAM] {
        stage.says(user, "status").await;
        settled().await;
    }
    let told = resolved(&stage).await;
    let who: Vec<_> = told.iter().map(|(user, name, _)| (user.as_str(), name.as_str())).collect();
    assert_eq!(who, [(Cast::MAYA, "Maya Chen"), (Cast::SAM, "Sam Ortiz"), (Cast::MAYA, "Maya Chen")]);

    let openings = stage.log().personal().all().unwrap();
    let addresses: Vec<_> = openings.iter().map(|opening| (opening.person.as_str(), opening.data.as_str())).collect();
    let expected =
        [(Cast::MAYA, "maya@shop.example"), (Cast::MAYA, "maya@chen.example"), (Cast::SAM, "sam@shop.example")];
    assert_eq!(addresses, expected);
    let mut out = Vec::new();
    export::write(stage.log().reader(), &mut out).await.unwrap();
    assert!(!String::from_utf8(out.clone()).unwrap().contains("@shop.example"), "no address is in the log");

    let verified = |openings: Vec<Opening>| {
        verify_with(out.as_slice(), None::<&[u8]>, Trust { openings, ..Trust::default() })
            .map(|report| report.opened)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(verified(openings.clone()), Ok(3));
    // Neither another address, nor another person's, nor another salt.
    let forgeries: [fn(&mut Opening); 3] = [
        |opening| opening.data = "jonas@shop.example".to_owned(),
        |opening| opening.person = Cast::JONAS.to_owned(),
        |opening| opening.salt = "00".repeat(32),
    ];
    for forge in forgeries {
        let mut forged = openings[0].clone();
        forge(&mut forged);
        let why = verified(vec![forged]).unwrap_err();
        assert!(why.contains("no record here commits to what is said of"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_scope_there_are_names_and_without_slack_nothing_is_held_up() {
    let stage = open().await;
    stage.slack.set_scopes(&["users:read", "chat:write", "channels:read", "commands"]);
    stage.says(Cast::SAM, "status").await;
    settled().await;
    assert_eq!(resolved(&stage).await, [(Cast::SAM.to_owned(), "Sam Ortiz".to_owned(), None)]);

    let fault = |kind| Fault { method: Some(Method::UsersInfo), kind, times: None };
    stage.slack.fault(fault(FaultKind::Hang));
    stage.says(Cast::PRIYA, "status").await;
    stage.message(|message| message.text.contains("shop")).await;
    tokio::time::sleep(HOUR).await;
    assert_eq!(resolved(&stage).await.len(), 1);
    stage.slack.clear_faults();
    stage.says(Cast::PRIYA, "status").await;
    settled().await;
    assert_eq!(resolved(&stage).await[1].0, Cast::PRIYA);
}

#[tokio::test(start_paused = true)]
async fn without_being_asked_to_the_log_says_nothing_of_anybody() {
    let stage = Stage::open().await;
    stage.says(Cast::SAM, "status").await;
    settled().await;
    assert_eq!((resolved(&stage).await.len(), stage.log().personal().all().unwrap().len()), (0, 0));
}
