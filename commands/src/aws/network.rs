//! What connects to the world. Production, rehearsal and tests differ in this one value.

use std::{fmt, sync::Arc};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime::client::dns::TokioDnsResolver;
use aws_smithy_runtime_api::client::{
    dns::{DnsFuture, ResolveDns, SharedDnsResolver},
    http::SharedHttpClient,
};

/// Makes an HTTP client whose connections go where a resolver says; SNI and `Host` stay those of the URL.
pub type ProbeClient = Arc<dyn Fn(SharedDnsResolver) -> SharedHttpClient + Send + Sync>;

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
    /// The real world.
    pub fn system() -> Self {
        Self {
            aws: None,
            resolver: SharedDnsResolver::new(TokioDnsResolver::new()),
            probe: Arc::new(|resolver| {
                Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_with_resolver(resolver)
            }),
            credentials: None,
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

/// Answers every name with the addresses of one: connections for the public name go to a chosen region's endpoint.
#[derive(Debug, Clone)]
pub(super) struct Via {
    /// The name whose addresses are used.
    pub(super) name: String,
    /// Who resolves it.
    pub(super) resolver: SharedDnsResolver,
}

impl ResolveDns for Via {
    fn resolve_dns<'a>(&'a self, _asked: &'a str) -> DnsFuture<'a> {
        self.resolver.resolve_dns(&self.name)
    }
}
