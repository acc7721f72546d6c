//! The world's resolver, as the SDK and the bot's probe take it.

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};

use crate::world::World;

/// Resolves names as the world's name servers answer, through the world's cache.
#[derive(Debug)]
pub(crate) struct Resolver {
    world: World,
}

impl Resolver {
    pub(crate) fn new(world: World) -> Self {
        Self { world }
    }
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let address = self.world.resolve(name);
        DnsFuture::ready(
            address
                .map(|address| vec![address])
                .ok_or_else(|| ResolveDnsError::new(format!("{name} does not exist in the simulated world"))),
        )
    }
}
