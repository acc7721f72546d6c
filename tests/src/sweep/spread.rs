//! Plays side by side, each on a runtime and a clock of its own.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Bytes of a player's stack: without optimisation the SDK's futures are large.
const STACK: usize = 16 << 20;

/// Plays one story on a current-thread runtime whose time is paused, from an empty world to its end.
fn on_paused_time<T>(play: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    // On the heap: a whole play is too much for a thread's stack.
    runtime.expect("a runtime").block_on(Box::pin(play))
}

/// Plays each item on one of `threads` threads; the results are in the order of the items.
pub fn spread<I: Sync, T: Send>(items: &[I], threads: usize, play: impl AsyncFn(&I) -> T + Sync) -> Vec<T> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            let thread = thread::Builder::new().stack_size(STACK);
            let spawned = thread.spawn_scoped(scope, || {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    let result = on_paused_time(play(item));
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
            spawned.expect("a thread");
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
