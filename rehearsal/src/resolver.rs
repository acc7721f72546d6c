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
        let addresses: Vec<_> = ["A", "AAAA"].into_iter().filter_map(|kind| self.world.resolve(name, kind)).collect();
        DnsFuture::ready(match addresses.is_empty() {
            true => Err(ResolveDnsError::new(format!("{name} does not exist in the simulated world"))),
            false => Ok(addresses),
        })
    }
}
