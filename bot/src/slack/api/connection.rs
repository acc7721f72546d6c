//! One connection to the Web API.

use anyhow::Context as _;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, header::AUTHORIZATION};
use http_body_util::Empty;
use hyper_util::client::legacy::{Client, connect::Connect};
use serde_json::Value;
use slack_morphism::{
    SlackApiToken, SlackClient, api::SlackApiFilesUploadViaUrlRequest, errors::SlackClientError,
    prelude::SlackClientHyperConnector,
};
use url::Url;

use super::Method;

/// One connection to the Web API, whatever it is made over.
pub(super) trait Web: Send + Sync {
    /// Calls a method that takes JSON.
    fn post<'a>(&'a self, method: Method, request: &'a Value) -> BoxFuture<'a, Result<Value, SlackClientError>>;
    /// Sends bytes to an address that Slack gave for them.
    fn upload<'a>(&'a self, to: &'a Url, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), SlackClientError>>;
    /// Calls a method that only reads, and takes no JSON.
    fn get<'a>(
        &'a self,
        method: Method,
        arguments: &'a [(&'static str, &'a str)],
    ) -> BoxFuture<'a, Result<Value, SlackClientError>>;
    /// The headers of the answer to a method that needs no arguments.
    fn headers(&self, method: Method) -> BoxFuture<'_, anyhow::Result<HeaderMap>>;
}

/// slack-morphism's client, with what it keeps to itself.
pub(super) struct Session<C: Connect + Clone + Send + Sync + 'static> {
    pub(super) client: SlackClient<SlackClientHyperConnector<C>>,
    pub(super) token: SlackApiToken,
    /// For what slack-morphism keeps to itself: headers.
    pub(super) http: Client<C, Empty<Bytes>>,
    /// Base of the methods, without a slash at the end.
    pub(super) url: String,
}

impl<C: Connect + Clone + Send + Sync + 'static> Web for Session<C> {
    fn post<'a>(&'a self, method: Method, request: &'a Value) -> BoxFuture<'a, Result<Value, SlackClientError>> {
        Box::pin(async move {
            self.client.open_session(&self.token).http_session_api.http_post(method.name(), request, None).await
        })
    }

    fn upload<'a>(&'a self, to: &'a Url, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), SlackClientError>> {
        Box::pin(async move {
            let session = self.client.open_session(&self.token);
            let request = SlackApiFilesUploadViaUrlRequest::new(
                to.clone().into(),
                bytes.to_vec(),
                "application/octet-stream".to_owned(),
            );
            session.files_upload_via_url(&request).await.map(drop)
        })
    }

    fn get<'a>(
        &'a self,
        method: Method,
        arguments: &'a [(&'static str, &'a str)],
    ) -> BoxFuture<'a, Result<Value, SlackClientError>> {
        Box::pin(async move {
            let session = self.client.open_session(&self.token);
            let arguments: Vec<(&str, Option<&str>)> =
                arguments.iter().map(|&(name, value)| (name, Some(value))).collect();
            session.http_session_api.http_get(method.name(), &arguments, None).await
        })
    }

    fn headers(&self, method: Method) -> BoxFuture<'_, anyhow::Result<HeaderMap>> {
        Box::pin(async move {
            let request = Request::post(format!("{}/{}", self.url, method.name()))
                .header(AUTHORIZATION, format!("Bearer {}", self.token.token_value.0))
                .body(Empty::new())
                .context("the token cannot be sent")?;
            Ok(self.http.request(request).await?.into_parts().0.headers)
        })
    }
}
