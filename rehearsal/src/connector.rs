//! The SDK's HTTP client for a world in the same process: no socket, so that paused time can pass.

use std::time::Duration;

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        dns::{ResolveDns, SharedDnsResolver},
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Request;

use crate::{aws::protocol, exchange::Destination, visit, world::World};

/// Client and connector in one: they differ only in their timeouts.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    world: World,
    dns: SharedDnsResolver,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
}

/// Why a request got no answer in time.
#[derive(Debug, thiserror::Error)]
enum Timeout {
    #[error("no connection within {0:?}")]
    Connect(Duration),
    #[error("no answer within {0:?}")]
    Read(Duration),
}

/// Why no connection was tried.
#[derive(Debug, thiserror::Error)]
enum Unroutable {
    #[error("nothing in the simulated world has an address of {0}")]
    Refused(String),
}

impl Connector {
    pub(crate) fn new(world: World, dns: SharedDnsResolver) -> Self {
        Self { world, dns, connect_timeout: None, read_timeout: None }
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = read(request).map_err(ConnectorError::user)?;
        let destination = self.destination(&request).await?;
        within(self.connect_timeout, Timeout::Connect, self.world.connect(&destination)).await?;
        let answer = within(self.read_timeout, Timeout::Read, self.world.answer(destination, request)).await?;
        let response = answer.map_err(|reset| ConnectorError::io(reset.into()))?;
        HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
    }

    async fn destination(&self, request: &Request<Bytes>) -> Result<Destination, ConnectorError> {
        if let Some(scope) = protocol::scope(request.headers()) {
            return Ok(Destination::Api(scope));
        }
        let host = visit::host(request);
        let addresses = self.dns.resolve_dns(host).await.map_err(|error| ConnectorError::io(error.into()))?;
        let endpoint = addresses.into_iter().find_map(|address| self.world.endpoint_at(address));
        let endpoint = endpoint.ok_or_else(|| ConnectorError::io(Unroutable::Refused(host.to_owned()).into()))?;
        Ok(Destination::Public { endpoint, any_host: false })
    }
}

/// A request whose body is in memory, as those of all operations here are.
fn read(request: HttpRequest) -> Result<Request<Bytes>, BoxError> {
    let request = request.try_into_http1x()?;
    let body = request.body().bytes().map(Bytes::copy_from_slice).ok_or("streaming bodies are not simulated")?;
    Ok(request.map(|_| body))
}

async fn within<T>(
    limit: Option<Duration>,
    timeout: impl FnOnce(Duration) -> Timeout,
    work: impl Future<Output = T>,
) -> Result<T, ConnectorError> {
    match limit {
        None => Ok(work.await),
        Some(limit) => {
            tokio::time::timeout(limit, work).await.map_err(|_| ConnectorError::timeout(timeout(limit).into()))
        }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            connect_timeout: settings.connect_timeout(),
            read_timeout: settings.read_timeout(),
            ..self.clone()
        })
    }
}
