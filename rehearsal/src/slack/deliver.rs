//! Requests to the app: over a router in the same process, over HTTP, or through Socket Mode.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use tower::ServiceExt;
use url::Url;

use super::socket::Sockets;

/// How long Slack waits for the answer to a command or a click.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// What is read of an answer, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Where the app is.
#[derive(Clone, Debug)]
pub enum Deliver {
    /// In this process, without sockets. A request that Slack gives up on is dropped, as a closed connection would be.
    Router(Router),
    /// At a base URL, over plain HTTP.
    Http(Url),
    /// Over the WebSockets that the app opened.
    Socket(Sockets),
}

/// What a person got for a command or a click.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The app's HTTP status; `None` if it did not answer.
    pub status: Option<StatusCode>,
    /// The body of its answer.
    pub body: String,
    /// How long it took, in tokio's time.
    pub elapsed: Duration,
    /// What Slack told the person went wrong.
    pub failure: Option<DeliveryFailure>,
}

/// Why a command or a click failed, as Slack tells the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryFailure {
    /// No answer within three seconds.
    OperationTimeout,
    /// No connection, or an answer other than success.
    DispatchFailed,
    /// The answer to a command is JSON, and no message.
    InvalidCommandResponse,
    /// The answer to a submitted modal says nothing that Slack understands.
    InvalidViewResponse,
}

impl DeliveryFailure {
    /// The line that Slack shows: <https://docs.slack.dev/interactivity/implementing-slash-commands>.
    pub(super) fn shown(self, what: &str) -> String {
        let code = match self {
            DeliveryFailure::OperationTimeout => "operation_timeout",
            DeliveryFailure::DispatchFailed => "dispatch_failed",
            DeliveryFailure::InvalidCommandResponse => "invalid_command_response",
            DeliveryFailure::InvalidViewResponse => "invalid_view_response",
        };
        format!("{what} failed with the error \"{code}\"")
    }
}

impl Deliver {
    /// Posts `body` to `path` and reads the answer, within the time that Slack allows.
    pub(super) async fn send(
        &self,
        path: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<Response<Bytes>, DeliveryFailure> {
        let sent = tokio::time::timeout(PATIENCE, self.exchange(path, headers, body)).await;
        sent.map_err(|_| DeliveryFailure::OperationTimeout)?.ok_or(DeliveryFailure::DispatchFailed)
    }

    async fn exchange(&self, path: &str, headers: HeaderMap, body: String) -> Option<Response<Bytes>> {
        match self {
            Deliver::Router(router) => {
                let request = request(path, headers, Body::from(body))?;
                let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                read(response).await
            }
            Deliver::Http(base) => {
                let url = base.join(path).ok()?;
                let request = request(url.as_str(), headers, Full::new(Bytes::from(body)))?;
                let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
                read(client.request(request).await.ok()?).await
            }
            // An envelope needs no signature: the app opened the connection with its token.
            Deliver::Socket(sockets) => sockets.send_again(path, &headers, &body).await,
        }
    }
}

fn request<B>(uri: &str, headers: HeaderMap, body: B) -> Option<Request<B>> {
    let mut request = Request::builder().method(Method::POST).uri(uri).body(body).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

async fn read<B>(response: Response<B>) -> Option<Response<Bytes>>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await.ok()?.to_bytes();
    Some(Response::from_parts(parts, body))
}

/// Whether an answer says that its body is JSON.
pub(super) fn is_json(response: &Response<Bytes>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("application/json"))
}
