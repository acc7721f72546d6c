//! What the page says while the run moves.

use axum::body::Body;
use http::{StatusCode, header};
use http_body_util::BodyExt as _;
use tests::{Cast, Stage};

use super::{dark, link, open, page, refused, with_page};

/// The events of a stream, as they come.
pub(super) struct Events {
    body: Body,
    text: String,
}

impl Events {
    pub(super) async fn of(stage: &Stage, path: &str) -> Self {
        let (page, query) = path.split_once('?').unwrap_or((path, ""));
        let answer = open(stage, &format!("{page}/events?{query}"), None).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/event-stream");
        Self { body: answer.body, text: String::new() }
    }

    /// The next event: its name, id and data; `None` once the stream has ended.
    async fn next(&mut self) -> Option<(String, String, String)> {
        loop {
            if let Some((event, rest)) =
                self.text.split_once("\n\n").map(|(event, rest)| (event.to_owned(), rest.to_owned()))
            {
                self.text = rest;
                let all = |name: &str| {
                    event.lines().filter_map(|line| line.strip_prefix(name)).collect::<Vec<_>>().join("\n")
                };
                let (name, data) = (all("event: "), all("data: "));
                if !name.is_empty() {
                    return Some((name, all("id: "), data));
                }
                continue;
            }
            let frame = self.body.frame().await?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref()?).unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn stream_moves_as_the_run_does_and_ends_with_it() {
    let stage = with_page().open().await;
    dark(&stage);
    stage.says(Cast::MAYA, "promote the primary is dark").await;
    let path = link(&stage, "Promote shop").await;
    let mut events = Events::of(&stage, &path).await;
    let (name, first, data) = events.next().await.unwrap();
    assert_eq!(name, "state");
    assert!(data.contains("waits for a confirmation"), "{data}");

    stage.presses(Cast::JONAS, "approve-failover").await;
    let (mut over, mut ids) = (Vec::new(), vec![first]);
    loop {
        let (name, id, data) = events.next().await.unwrap();
        if name == "end" {
            break;
        }
        over.push(data.matches("class=\"bar done\"").count());
        ids.push(id);
    }
    assert!(events.next().await.is_none(), "the stream ends");
    let mut sorted = over.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert!(sorted.len() >= 4, "bars became done one by one: {over:?}");
    let numbers: Vec<u64> = ids.iter().map(|id| id.parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");

    // Who comes back finds the end, and is told that it is one.
    let mut again = Events::of(&stage, &path).await;
    let (_, id, data) = again.next().await.unwrap();
    assert!(id == *ids.last().unwrap() && data.contains("The run ended"), "{data}");
    assert_eq!(again.next().await.unwrap().0, "end");
    assert!(again.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn bars_grow_while_nothing_is_recorded() {
    let stage = with_page().open().await;
    dark(&stage);
    stage.says(Cast::MAYA, "promote").await;
    let mut events = Events::of(&stage, &link(&stage, "Promote shop").await).await;
    let mut before = events.next().await.unwrap();
    for _ in 0..20 {
        let now = events.next().await.unwrap();
        if now.1 == before.1 {
            assert_ne!(now.2, before.2, "the wait is longer");
            return;
        }
        before = now;
    }
    panic!("the run is never still");
}

#[tokio::test(start_paused = true)]
async fn stream_ends_with_the_bot_and_with_the_link() {
    let mut stage = with_page().open().await;
    stage.says(Cast::MAYA, "promote").await;
    let path = link(&stage, "Promote shop").await;
    let mut events = Events::of(&stage, &path).await;
    assert_eq!(events.next().await.unwrap().0, "state");
    stage.restart().await;
    while let Some((name, ..)) = events.next().await {
        assert_eq!(name, "state", "the run has not ended");
    }
    let mut events = Events::of(&stage, &path).await;
    stage.set_host_clock(jiff::SignedDuration::from_hours(96));
    while let Some((name, ..)) = events.next().await {
        assert_eq!(name, "state");
    }
    assert!(refused(&stage, &path).await.contains("expired"));
}

#[tokio::test(start_paused = true)]
async fn there_is_a_bound_on_viewers_and_the_page_goes_on_without() {
    let stage = with_page().open().await;
    stage.says(Cast::MAYA, "promote").await;
    let path = link(&stage, "Promote shop").await;
    let mut watching = Vec::new();
    for _ in 0..128 {
        watching.push(Events::of(&stage, &path).await);
    }
    let (page_path, query) = path.split_once('?').unwrap();
    let events = format!("{page_path}/events?{query}");
    assert_eq!(open(&stage, &events, None).await.status, StatusCode::SERVICE_UNAVAILABLE);
    page(&stage, &path).await;
    watching.pop();
    assert_eq!(open(&stage, &events, None).await.status, StatusCode::OK, "a place is free again");
}
