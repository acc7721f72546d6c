//! The terminal: what `/dr` does, for when Slack is down. The same grammar, desk, gates, records and lock; through the running bot's local
//! socket, or without a bot by itself.

mod alone;
mod conversation;
mod ending;
mod front;
mod plain;
mod question;
mod socket;
mod user;
mod wire;

use crate::{cli::Verb, config::Config, failure::Failure};

pub use self::{
    conversation::{Link, converse},
    socket::{Listener, listen},
    wire::{Ask, Said},
};
pub(crate) use self::{
    plain::commands as as_typed_here,
    socket::{connect, link},
    user::own_name,
    wire::Opening,
};

/// Asks what was typed after `standby`, and stays until it is answered or the run ended.
///
/// # Errors
/// [`Failure::Found`] if it did not end as asked for; what happened was told.
pub async fn run(verb: Verb) -> Result<(), Failure> {
    let (path, ask) = verb.ask();
    let config = Config::load(&path)?;
    let ended_well = match socket::connect(&config.socket()).await? {
        Some(stream) => front::talk(socket::link(stream, Opening::Ask(ask))).await?,
        None => {
            let key = config.signing_key(&path, |name| std::env::var(name).ok())?;
            alone::talk(&path, config, key, ask).await?
        }
    };
    if ended_well { Ok(()) } else { Err(Failure::Found) }
}
