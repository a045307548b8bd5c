//! Waits to a fraction of a millisecond. Tokio's own timers are rounded up to whole milliseconds, which is as much as
//! a call takes.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep_until};

/// A timer of the kernel.
#[derive(Debug)]
pub struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    /// Makes the timer.
    ///
    /// # Errors
    /// When the process has no more file descriptors.
    #[expect(
        deprecated,
        reason = "unsound only for types that give away a foreign descriptor; OwnedFd cannot"
    )]
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self(AsyncFd::with_interest(timer, Interest::READABLE)?))
    }

    /// Returns at `due`, or at once if that has passed.
    pub async fn wait(&mut self, due: Instant) {
        // A kernel that refuses an armed timer still leaves the coarse one.
        if self.try_wait(due).await.is_err() {
            sleep_until(due).await;
        }
    }

    async fn try_wait(&mut self, due: Instant) -> io::Result<()> {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let it_value = Timespec::try_from(left).map_err(io::Error::other)?;
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value,
        };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        let mut expirations = [0; 8];
        self.0
            .async_io(Interest::READABLE, |timer| {
                Ok(rustix::io::read(timer, &mut expirations)?)
            })
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn never_returns_early() {
        let mut timer = Timer::new().unwrap();
        for micros in [0, 100, 900, 2500] {
            let due = Instant::now() + Duration::from_micros(micros);
            timer.wait(due).await;
            assert!(Instant::now() >= due);
        }
    }
}
