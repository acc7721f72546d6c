//! The incident page: who gets in, what it says, and that it leaves nothing behind.

mod stream;

use std::{
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo};
use commands::{journal::Event, report::RunOutcome};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use rehearsal::{Fault, Region, slack::Message};
use tests::{Cast, Stage, StageBuilder};
use tower::ServiceExt as _;
use tracing_subscriber::{fmt::MakeWriter, util::SubscriberInitExt as _};

const WEB: &str = "[web]\npublic_url = \"https://standby.shop.example/\"\nlink_secret_env = \"STAGE_LINK_SECRET\"";
const PROXY: &str = "[web]\npublic_url = \"https://standby.shop.example/\"\nproxy_header = \"x-forwarded-user\"\n\
                     trusted_proxies = [\"10.0.0.0/16\"]";

fn with_page() -> StageBuilder {
    Stage::with().configure(WEB)
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl Answer {
    async fn text(self) -> String {
        String::from_utf8(self.body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }
}

/// Opens an address of the bot, as whoever connects from `peer`.
async fn open(stage: &Stage, path: &str, from: Option<(&str, &str)>) -> Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some((peer, user)) = from {
        let peer: SocketAddr = format!("{peer}:4000").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.headers_mut().insert("x-forwarded-user", user.parse().unwrap());
    }
    let (parts, body) = stage.router().oneshot(request).await.unwrap().into_parts();
    Answer { status: parts.status, headers: parts.headers, body: Body::new(body) }
}

async fn page(stage: &Stage, path: &str) -> String {
    let answer = open(stage, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.text().await
}

async fn refused(stage: &Stage, path: &str) -> String {
    let answer = open(stage, path, None).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    answer.text().await
}

/// The page's path and query as a message has them.
fn link_in(message: &Message) -> Option<String> {
    let blocks = serde_json::to_string(&message.blocks).unwrap();
    let (_, address) = blocks.split_once("<https://standby.shop.example")?;
    Some(address.split_once('|')?.0.to_owned())
}

/// The link that a message with that text has.
async fn link(stage: &Stage, text: &str) -> String {
    let message = stage.message(|message| message.text.contains(text) && link_in(message).is_some()).await;
    link_in(&message).unwrap()
}

fn dark(stage: &Stage) {
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
}

#[tokio::test(start_paused = true)]
async fn link_from_the_channel_opens_the_page() {
    let stage = with_page().open().await;
    dark(&stage);
    stage.says(Cast::MAYA, "promote the primary is dark").await;
    let path = link(&stage, "Promote shop").await;
    let asked = page(&stage, &path).await;
    for fact in ["waits for a confirmation", "LIVE", "the primary is dark", "us-east-1", "maya (Slack)", "not begun"] {
        assert!(asked.contains(fact), "{fact} is not in {asked}");
    }
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "step.started").await;
    let running = page(&stage, &path).await;
    assert!(running.contains("approved: failover") && running.contains("jonas (Slack)"), "{running}");
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    let ended = page(&stage, &link(&stage, "is served by").await).await;
    for fact in
        ["shop is served by us-west-2.", "RTO from the confirmation", "plan the failback to us-east-1", "The run ended"]
    {
        assert!(ended.contains(fact), "{fact} is not in {ended}");
    }
}

#[tokio::test(start_paused = true)]
async fn report_typed_later_has_a_new_link() {
    let stage = with_page().open().await;
    dark(&stage);
    stage.promotes().await;
    let run = stage.ended().await.id;
    let old = link(&stage, "is served by").await;
    tokio::time::sleep(Duration::from_secs(4 * 86_400)).await;
    let expired = refused(&stage, &old).await;
    assert!(expired.contains("This link has expired.") && expired.contains("/dr report RUN"), "{expired}");
    stage.says(Cast::SAM, &format!("report {run}")).await;
    let new = link(&stage, "Report of").await;
    assert!(page(&stage, &new).await.contains("The run ended"));
}

#[tokio::test(start_paused = true)]
async fn tampered_and_borrowed_links_are_refused_and_tell_nothing() {
    let stage = with_page().open().await;
    stage.says(Cast::MAYA, "promote").await;
    let path = link(&stage, "Promote shop").await;
    let (page, link) = path.split_once("?link=").unwrap();
    let (expires, signature) = link.split_once('.').unwrap();
    let later: i64 = expires.parse::<i64>().unwrap() + 86_400;
    let forged = [
        format!("{page}?link={later}.{signature}"),
        format!("{page}?link={expires}.{}", signature.replace(['0', '1'], "2")),
        format!("{page}?link={expires}."),
        format!("{page}?link="),
        format!("/incidents/promote-9?link={link}"),
        format!("/incidents/nothing?link={link}"),
        format!("{page}/events?link={later}.{signature}"),
    ];
    let said = refused(&stage, &forged[0]).await;
    for path in &forged {
        assert_eq!(refused(&stage, path).await, said, "{path}");
    }
    // Without a link, whether there is such a run or not.
    assert_eq!(refused(&stage, page).await, refused(&stage, "/incidents/nothing").await);
    let records = stage.of("request.refused").await;
    assert!(records.iter().any(|record| record.data["reason"] == "bad_signature"));
    assert!(records.iter().all(|record| !record.data.to_string().contains(signature)));
}

#[tokio::test(start_paused = true)]
async fn without_configuration_there_is_no_page_and_no_link() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote").await;
    let message = stage.hears("Promote shop").await;
    assert!(!serde_json::to_string(&message.blocks).unwrap().contains("Incident page"));
    assert_eq!(open(&stage, "/incidents/promote-1", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn proxy_opens_the_page_by_name_and_nobody_else_by_that_header() {
    let stage = Stage::with().configure(PROXY).open().await;
    stage.says(Cast::MAYA, "promote").await;
    let path = link(&stage, "Promote shop").await;
    assert!(!path.contains("link="), "{path}");
    let answer = open(&stage, &path, Some(("10.0.1.2", "sam@shop.example"))).await;
    assert_eq!(answer.status, StatusCode::OK);
    for from in [None, Some(("10.1.0.1", "sam@shop.example"))] {
        assert_eq!(open(&stage, &path, from).await.status, StatusCode::FORBIDDEN);
    }
    // Who may look is told what there is not.
    let missing = open(&stage, "/incidents/nothing", Some(("10.0.1.2", "sam@shop.example"))).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let viewed = stage.of("page.viewed").await;
    assert_eq!(viewed.len(), 1);
    assert_eq!(viewed[0].data["by"], serde_json::json!({ "kind": "proxy", "user": "sam@shop.example" }));
}

#[tokio::test(start_paused = true)]
async fn looking_is_recorded_once_for_a_link() {
    let stage = with_page().open().await;
    dark(&stage);
    stage.promotes().await;
    let run = stage.ended().await.id;
    let path = link(&stage, "is served by").await;
    for _ in 0..5 {
        page(&stage, &path).await;
    }
    stream::Events::of(&stage, &path).await;
    let viewed = stage.events("page.viewed").await;
    let [Event::PageViewed { viewed, .. }] = viewed.as_slice() else { panic!("{viewed:?}") };
    assert_eq!(*viewed, run);
    // The run itself is as it was.
    assert!(stage.run(run.as_str()).await.ended.is_some());
}

#[tokio::test(start_paused = true)]
async fn answers_forbid_everything_that_the_page_does_not_need() {
    let stage = with_page().open().await;
    stage.says(Cast::MAYA, "promote").await;
    let path = link(&stage, "Promote shop").await;
    for path in [path.as_str(), "/incidents/nothing"] {
        let answer = open(&stage, path, None).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "script-src 'sha256-", "connect-src 'self'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        let text = answer.text().await;
        assert!(
            !text.contains("http://")
                || text.matches("http://").count() == text.matches("http://www.w3.org/2000/svg").count()
        );
        assert!(!text.contains("https://"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn markup_in_a_reason_and_in_a_persons_name_stays_text() {
    let stage = with_page().open().await;
    stage.says(Cast::MAYA, "promote <img src=x onerror=alert(1)><script>alert(2)</script> & \"so on\"").await;
    let text = page(&stage, &link(&stage, "Promote shop").await).await;
    assert!(text.contains("&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(2)&lt;/script&gt; &amp; "), "{text}");
    assert!(!text.contains("<img") && !text.contains("<script>alert"));
}

#[tokio::test(start_paused = true)]
async fn lag_is_measured_while_the_run_is_open() {
    let stage = with_page().open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.gate().await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let measured = stage.of("lag.observed").await;
    assert!((3..=6).contains(&measured.len()), "{} datapoints in five minutes", measured.len());
    let path = link(&stage, "Promote shop").await;
    assert!(page(&stage, &path).await.contains("class=\"lag-line\""));
    stage.presses(Cast::MAYA, "cancel").await;
    stage.ended().await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(stage.of("lag.observed").await.len(), measured.len(), "nothing is measured for a run that ended");
}

/// What the program logs.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn links_are_neither_logged_nor_recorded() {
    let written = Written::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("info,bot=trace,commands=trace,storage=trace")
        .with_writer(written.clone());
    let _logging = subscriber.set_default();
    let stage = with_page().open().await;
    stage.says(Cast::MAYA, "promote").await;
    let path = link(&stage, "Promote shop").await;
    page(&stage, &path).await;
    let mut tampered = path.clone();
    tampered.replace_range(tampered.len() - 64..tampered.len() - 60, "ffff");
    refused(&stage, &tampered).await;
    let signature = &path[path.len() - 60..];
    let logged = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("request refused"), "the program logs: {logged}");
    assert!(!logged.contains(signature), "{logged}");
    let records = stage.records().await;
    assert!(records.iter().all(|record| !serde_json::to_string(record.as_ref()).unwrap().contains(signature)));
}
