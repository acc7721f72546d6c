//! The target's endpoint answers the health request before anybody is moved there. Its tasks are up by then, so what stands before them shows: a lost
//! domain mapping, a certificate, a security group.

use super::Sight;
use crate::{engine::Pair, topology::SideName};

pub(super) async fn look(pair: &Pair, side: SideName) -> Sight {
    let region = pair.app.side(side);
    let (name, url) = (&region.endpoint.dns_name, &pair.app.verify.url);
    match pair.aws.probe(Some(name)).await {
        Ok(status @ 200..=299) => Sight::Holds(format!("{name} answers {status} to {url}")),
        // What the application itself answers where it looks at its database: the writer is still in the other region.
        Ok(status @ (500 | 503)) => Sight::Holds(format!(
            "{name} answers {status} to {url}, as an application may whose database doesn't write yet; verify asks again"
        )),
        Ok(status) => Sight::Waiting(format!(
            "{name} answers {status} to {url}; it must be 2xx before users are moved to {}",
            region.region
        )),
        Err(error) => Sight::Waiting(format!("{name} gives no answer: {error}")),
    }
}
