#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use axum::body::{Body, to_bytes};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::Slack;
use super::super::tests::{CHANNEL, MAYA, send, slack};

async fn call(slack: &Slack, method: &str, arguments: Value) -> Value {
    let (_, body) = send(slack, &format!("https://slack.com/api/{method}"), arguments).await;
    serde_json::from_slice(&body).unwrap()
}

async fn upload(slack: &Slack, url: &Value, media_type: &str, body: &'static str) -> (StatusCode, String) {
    let path = url.as_str().unwrap().strip_prefix("http://slack.invalid").unwrap();
    let request = Request::post(path).header(header::CONTENT_TYPE, media_type).body(Body::from(body)).unwrap();
    let response = slack.api().oneshot(request).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
}

async fn begin(slack: &Slack) -> Value {
    call(slack, "files.getUploadURLExternal", json!({"filename": "export.jsonl", "length": 5})).await
}

#[tokio::test(start_paused = true)]
async fn a_file_is_shared_once_its_bytes_are_there() {
    let slack = slack();
    let begun = begin(&slack).await;
    let files = json!([{"id": begun["file_id"], "title": "Export"}]);
    let share = json!({"files": files, "channel_id": CHANNEL, "initial_comment": "here"});
    assert_eq!(call(&slack, "files.completeUploadExternal", share.clone()).await["error"], "file_not_found");
    let octets = "application/octet-stream";
    let (status, _) = upload(&slack, &begun["upload_url"], octets, "four").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let uploaded = upload(&slack, &begun["upload_url"], octets, "12345").await;
    assert_eq!(uploaded, (StatusCode::OK, "OK - 5".to_owned()));
    let id = begun["file_id"].as_str().unwrap();
    assert_eq!(slack.file(id), None);
    let completed = call(&slack, "files.completeUploadExternal", share.clone()).await;
    assert_eq!(completed["files"][0]["title"], "Export", "{completed}");
    assert_eq!(&slack.file(id).unwrap().bytes.unwrap()[..], b"12345");
    let message = slack.messages(CHANNEL).pop().unwrap();
    assert_eq!((message.text.as_str(), message.files[0].name.as_str()), ("here", "export.jsonl"));
    assert_eq!(call(&slack, "files.completeUploadExternal", share).await["error"], "file_not_found");
    assert_eq!(upload(&slack, &begun["upload_url"], octets, "12345").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_file_may_come_in_a_form_and_go_to_one_person() {
    let slack = slack();
    let begun = begin(&slack).await;
    let form = "--x\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"a\"\r\n\r\n12345\r\n--x--\r\n";
    let (status, said) = upload(&slack, &begun["upload_url"], "multipart/form-data; boundary=x", form).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let opened = call(&slack, "conversations.open", json!({"users": MAYA})).await;
    let direct = opened["channel"]["id"].as_str().unwrap();
    let files = json!([{"id": begun["file_id"]}]);
    let share = json!({"files": files, "channel_id": direct});
    assert_eq!(call(&slack, "files.completeUploadExternal", share).await["ok"], true);
    assert_eq!(slack.messages(&slack.direct(MAYA))[0].files[0].channels, [direct]);
    assert!(slack.messages(CHANNEL).is_empty());
    call(&slack, "chat.postMessage", json!({"channel": MAYA, "text": "hello"})).await;
    assert_eq!(slack.messages(direct)[1].text, "hello");
    let described = call(&slack, "conversations.info", json!({"channel": direct})).await["channel"].clone();
    assert_eq!((&described["is_im"], &described["user"]), (&json!(true), &json!(MAYA)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_uploaded_is_refused() {
    let slack = slack();
    for (length, error) in [(0, "missing_argument"), (1_000_000_001, "file_upload_size_restricted")] {
        let refused = call(&slack, "files.getUploadURLExternal", json!({"filename": "x", "length": length})).await;
        assert_eq!(refused["error"], error);
    }
    let shared = call(&slack, "files.completeUploadExternal", json!({"files": [{"id": "F0"}]})).await;
    assert_eq!(shared["error"], "file_not_found");
}
