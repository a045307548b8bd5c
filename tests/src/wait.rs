//! Waiting for something to come true.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Looks again and again until there is something to see.
///
/// # Panics
/// When there is nothing after `limit`; `what` says what was waited for.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(
            Instant::now() < end,
            "after {limit:?} there was still not: {what}"
        );
        sleep(LOOK_AGAIN).await;
    }
}
