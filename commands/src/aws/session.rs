//! What the calls of one identity share: a clock, and credentials that can be loaded anew.

use std::sync::{Arc, PoisonError, RwLock};

use aws_config::identity::IdentityCache;
use aws_smithy_runtime_api::client::{
    identity::{IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::config_bag::ConfigBag;
use storage::Clock;

/// Clock and credentials. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) clock: Clock,
    pub(super) identities: Identities,
}

impl Session {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), identities: Identities::new() }
    }
}

/// The SDK's cache of credentials, which can be emptied: AWS may call credentials expired that by their own date, or by this host's clock, are not.
#[derive(Debug, Clone)]
pub(super) struct Identities(Arc<RwLock<SharedIdentityCache>>);

impl Identities {
    fn new() -> Self {
        Self(Arc::new(RwLock::new(IdentityCache::lazy().build())))
    }

    /// The next call loads credentials anew.
    pub(super) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = IdentityCache::lazy().build();
    }
}

impl ResolveCachedIdentity for Identities {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let cache = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        IdentityFuture::new(async move { cache.resolve_cached_identity(resolver, components, config).await })
    }
}
