//! The AWS SDK's HTTP client, over connections as everything else has them.

use std::{error::Error, fmt, io, sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{self, Error as HyperError},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use tokio::time::timeout;

use super::{Connector, EgressError, PROTOCOLS, ProxyError, Via, causes::causes, tls};

/// An HTTP client for the AWS SDK. The time for a connection is the connector's.
#[derive(Clone)]
pub struct Client {
    connector: Connector,
    tls: Arc<ClientConfig>,
    hyper: legacy::Client<HttpsConnector<Connector>, SdkBody>,
    /// Time for the head of an answer, connection included.
    answer: Option<Duration>,
}

impl Client {
    /// A client that keeps connections open for the next call.
    ///
    /// # Errors
    /// When no authority is trusted.
    pub fn new(connector: Connector) -> Result<Self, EgressError> {
        Ok(Self::with(connector, tls(&PROTOCOLS)?))
    }

    /// A client of its own, whose connections go where `via` leads.
    #[must_use]
    pub fn to(&self, via: Via) -> Self {
        Self::with(self.connector.clone().to(via), Arc::clone(&self.tls))
    }

    fn with(connector: Connector, tls: Arc<ClientConfig>) -> Self {
        let https = HttpsConnector::from((connector.clone(), Arc::clone(&tls)));
        let hyper = legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
        Self { connector, tls, hyper, answer: None }
    }

    async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let sent = self.hyper.request(request);
        let answer = match self.answer {
            Some(within) => timeout(within, sent).await.map_err(|late| ConnectorError::timeout(late.into()))?,
            None => sent.await,
        };
        let response = answer.map_err(failed)?.map(SdkBody::from_body_1_x);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

impl HttpConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().send(request))
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let answer = settings.read_timeout().map(|read| settings.connect_timeout().unwrap_or_default() + read);
        SharedHttpConnector::new(Self { answer, ..self.clone() })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

fn failed(error: HyperError) -> ConnectorError {
    let late = |cause: &(dyn Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
        io || matches!(cause.downcast_ref(), Some(ProxyError::Silent { .. }))
    };
    let is_late = causes(&error).any(late);
    match is_late {
        true => ConnectorError::timeout(error.into()),
        false => ConnectorError::io(error.into()),
    }
}
