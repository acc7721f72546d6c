//! What connects to the world. Production, rehearsal and tests differ in this one value.

use std::{fmt, sync::Arc};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime::client::dns::TokioDnsResolver;
use aws_smithy_runtime_api::client::{dns::SharedDnsResolver, http::SharedHttpClient};

use super::CONNECT;
use crate::egress::{Client, Connector, EgressError, Via};

/// Makes an HTTP client whose connections go where `Via` leads; SNI and `Host` stay those of the URL.
pub type ProbeClient = Arc<dyn Fn(Via) -> SharedHttpClient + Send + Sync>;

/// What connects to the world.
#[derive(Clone)]
pub struct Network {
    /// HTTP client for AWS; `None`: the SDK's default HTTPS client.
    pub aws: Option<SharedHttpClient>,
    /// How the public name resolves.
    pub resolver: SharedDnsResolver,
    /// HTTP client for the pair's public endpoints.
    pub probe: ProbeClient,
    /// Identity for AWS; `None`: the SDK's own chain (environment, profile, container, instance).
    pub credentials: Option<SharedCredentialsProvider>,
}

impl Network {
    /// The real world, as this process's environment leads to it.
    ///
    /// # Errors
    /// See [`Connector::system`].
    pub fn system() -> Result<Self, EgressError> {
        Self::over(Connector::system()?)
    }

    /// The real world over these connections. Where no proxy is named, the SDK makes its own, as it does for everybody.
    ///
    /// # Errors
    /// When a proxy is named and no authority is trusted.
    pub fn over(connector: Connector) -> Result<Self, EgressError> {
        let resolver = SharedDnsResolver::new(TokioDnsResolver::new());
        if !connector.has_proxies() {
            let probe: ProbeClient = Arc::new(|via| {
                Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_with_resolver(via)
            });
            return Ok(Self { aws: None, resolver, probe, credentials: None });
        }
        let client = Client::new(connector.within(CONNECT))?;
        let aws = Some(SharedHttpClient::new(client.clone()));
        let probe: ProbeClient = Arc::new(move |via| SharedHttpClient::new(client.to(via)));
        Ok(Self { aws, resolver, probe, credentials: None })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}
