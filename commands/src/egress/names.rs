//! Names looked up for a connection.

use std::{
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use aws_smithy_runtime::client::dns::TokioDnsResolver;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver};
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Where connections go. With a name, each goes to that name's addresses, whatever host it is for.
#[derive(Debug, Clone)]
pub struct Via {
    /// The name whose addresses are used; `None`: the host's own.
    pub name: Option<String>,
    /// Who resolves it.
    pub resolver: SharedDnsResolver,
}

impl Default for Via {
    /// Each host by itself, as the system resolves it.
    fn default() -> Self {
        Self { name: None, resolver: SharedDnsResolver::new(TokioDnsResolver::new()) }
    }
}

impl ResolveDns for Via {
    fn resolve_dns<'a>(&'a self, asked: &'a str) -> DnsFuture<'a> {
        self.resolver.resolve_dns(self.name.as_deref().unwrap_or(asked))
    }
}

impl Service<Name> for Via {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = ResolveDnsError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ResolveDnsError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveDnsError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, asked: Name) -> Self::Future {
        let via = self.clone();
        Box::pin(async move {
            let found = via.resolve_dns(asked.as_str()).await?;
            // The port is set by who connects.
            Ok(found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect::<Vec<_>>().into_iter())
        })
    }
}
