//! Where file I/O runs.

use std::io;

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs blocking work off the async threads, or in place on a current-thread runtime.
///
/// In place, because those runtimes are the deterministic ones: with tokio's time paused, the order of events must not
/// depend on how long another thread takes. A production program uses the multi-thread runtime.
///
/// # Errors
/// The work panicked, or the runtime is shutting down; what the work owned is lost.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => Ok(work()),
        _ => tokio::task::spawn_blocking(work).await.map_err(io::Error::other),
    }
}

/// Runs blocking work on this thread, in a task of its own: on the multi-thread runtime, another thread takes over the tasks that wait for this one.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => work(),
        _ => tokio::task::block_in_place(work),
    }
}
