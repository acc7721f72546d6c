//! Holds simulated time back to a multiple of real time.
//!
//! The rehearsal's runtime has its clock paused: whenever nothing is left to do it leaps to the next timer. The pacer
//! is such a timer, every few milliseconds, and lets each leap take the time that it should. All timers so run `speed`
//! times faster, in the same order as ever, and the runtime looks at real sockets between two leaps.

use std::time::Duration;

/// Simulated time between two looks at the real clock.
const TICK: Duration = Duration::from_millis(20);
/// Longest that the thread is held at once: a browser or the AWS CLI may be waiting.
const HOLD: Duration = Duration::from_millis(20);

/// Paces simulated time for ever; `speed` is simulated seconds in a real one.
pub async fn pace(speed: f64) {
    let simulated = tokio::time::Instant::now();
    let real = std::time::Instant::now();
    loop {
        tokio::time::sleep(TICK.min(HOLD.mul_f64(speed))).await;
        let due = simulated.elapsed().div_f64(speed);
        // Behind, after much work or a suspended laptop: it catches up without holding.
        if let Some(ahead) = due.checked_sub(real.elapsed()) {
            std::thread::sleep(ahead.min(HOLD));
        }
    }
}
