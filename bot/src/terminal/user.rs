//! Who is at the terminal: the host's user, by what the kernel says.

use nix::unistd::{Uid, User};

/// The name of the user with that id. One without a name goes by its number, as `#1234`, which no user can be called.
pub(super) async fn name(uid: u32) -> String {
    // The host may ask a directory over the network for it.
    let found = tokio::task::spawn_blocking(move || User::from_uid(Uid::from_raw(uid))).await;
    match found {
        Ok(Ok(Some(user))) => user.name,
        _ => format!("#{uid}"),
    }
}

/// The user who runs this program.
pub(crate) async fn own_name() -> String {
    name(Uid::current().as_raw()).await
}
