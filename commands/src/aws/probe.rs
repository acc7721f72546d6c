//! The pair as its users see it: names and health requests.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::{
    dns::ResolveDns,
    orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
};
use aws_smithy_types::{body::SdkBody, timeout::TimeoutConfig};
use tokio::time::timeout;
use url::{Position, Url};

use super::{Aws, CONNECT, SdkClock, tls};
use crate::{
    egress::{Via, innermost},
    topology::SideName,
};

/// A health request, or the look-up of a name, that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Nothing came in time.
    #[error("{what} did not answer within {} s", after.as_secs_f64())]
    Timeout {
        /// The URL or name.
        what: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The name does not resolve.
    #[error("{name} does not resolve: {cause}")]
    Resolve {
        /// The name.
        name: String,
        /// Why.
        cause: String,
    },
    /// No connection, or no HTTP over it.
    #[error("{what} cannot be reached: {cause}")]
    Failed {
        /// The URL, and the endpoint that the connection went to.
        what: String,
        /// Why.
        cause: String,
    },
}

/// What the health URL answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where it redirects to.
    pub location: Option<String>,
}

fn answer(response: &HttpResponse) -> Answer {
    Answer { status: response.status().as_u16(), location: response.headers().get("location").map(str::to_owned) }
}

impl Aws {
    /// The HTTP status that the public health URL answers. With `via` the connection goes to that name's addresses, while SNI and `Host`
    /// stay the public name: the answer is that endpoint's, wherever the record points.
    pub async fn probe(&self, via: Option<&str>) -> Result<u16, ProbeError> {
        Ok(self.answer(via).await?.status)
    }

    /// The same, with where it redirects to.
    pub async fn answer(&self, via: Option<&str>) -> Result<Answer, ProbeError> {
        let url = &self.0.app.verify.url;
        let way = Via { name: via.map(str::to_owned), resolver: self.0.network.resolver.clone() };
        let what = via.map(|name| format!("{url} via {name}")).unwrap_or_else(|| url.to_string());
        let after = self.0.app.timing.observation;
        match timeout(after, self.get(url, way)).await {
            Ok(answer) => answer.map_err(|cause| ProbeError::Failed { what, cause }),
            Err(_) => Err(ProbeError::Timeout { what, after }),
        }
    }

    /// Whether the public name's addresses are that side's: of IPv4 and of IPv6, as far as the name has them, some address is common to both.
    pub async fn resolves_to(&self, side: SideName) -> Result<bool, ProbeError> {
        let public = self.0.app.verify.url.host_str().unwrap_or_default();
        let (public, wanted) =
            futures::future::try_join(self.addresses(public), self.addresses(&self.side(side).endpoint.dns_name))
                .await?;
        let agrees = |six: bool| {
            let mut asked = public.iter().filter(|address| address.is_ipv6() == six).peekable();
            asked.peek().is_none() || asked.any(|address| wanted.contains(address))
        };
        Ok(!public.is_empty() && agrees(false) && agrees(true))
    }

    /// A GET on a new connection: one kept open would go on reaching the region that the name stood for when it was made.
    async fn get(&self, url: &Url, via: Via) -> Result<Answer, String> {
        let path = url[Position::BeforePath..].to_owned();
        let operation = Operation::builder()
            .service_name("endpoint")
            .operation_name("probe")
            .http_client((self.0.network.probe)(via))
            .endpoint_url(&url[..Position::BeforePath])
            .no_auth()
            .no_retry()
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build())
            .sleep_impl(TokioSleep::new())
            .time_source(SdkClock(self.0.clock.clone()))
            .serializer(move |()| {
                let mut request = HttpRequest::new(SdkBody::empty());
                request.set_uri(path.as_str())?;
                Ok(request)
            })
            .deserializer(|response| Ok::<_, OrchestratorError<std::convert::Infallible>>(answer(response)))
            .build();
        operation.invoke(()).await.map_err(|error| {
            let cause = innermost(&error);
            tls::meaning(&cause).map_or_else(|| cause.clone(), |meaning| format!("{cause}: {meaning}"))
        })
    }

    async fn addresses(&self, name: &str) -> Result<BTreeSet<IpAddr>, ProbeError> {
        let after = self.0.app.timing.observation;
        match timeout(after, self.0.network.resolver.resolve_dns(name)).await {
            Ok(Ok(addresses)) => Ok(addresses.into_iter().collect()),
            Ok(Err(error)) => Err(ProbeError::Resolve { name: name.to_owned(), cause: innermost(&error) }),
            Err(_) => Err(ProbeError::Timeout { what: name.to_owned(), after }),
        }
    }
}
