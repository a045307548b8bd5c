//! Polls a call's executor in its client's own task for as long as the client waits, and in a task of its own after.
//!
//! Most answers are there at once when the executor ends, so a task of its own would only add hops between threads. Once
//! the answer is a stream, or when the client leaves, the executor goes on without the client's task.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

/// An executor under way.
pub(crate) struct Drive {
    execution: Option<BoxFuture<'static, ()>>,
    runtime: Handle,
}

impl Drive {
    pub(crate) fn new(tasks: &TaskTracker, execution: impl Future<Output = ()> + Send + 'static) -> Self {
        // A panic ends this call only: whoever waits for the answer sees its sender gone.
        let execution = AssertUnwindSafe(execution).catch_unwind().map(drop);
        Self {
            execution: Some(tasks.track_future(execution).boxed()),
            runtime: Handle::current(),
        }
    }

    /// Waits for the answer.
    pub(crate) async fn until<T>(
        mut self,
        mut answer: oneshot::Receiver<T>,
    ) -> Result<T, oneshot::error::RecvError> {
        std::future::poll_fn(|cx| {
            if let Some(execution) = &mut self.execution
                && execution.poll_unpin(cx) == Poll::Ready(())
            {
                self.execution = None;
            }
            answer.poll_unpin(cx)
        })
        .await
    }
}

/// Whatever is left of the execution goes on by itself.
impl Drop for Drive {
    fn drop(&mut self) {
        if let Some(execution) = self.execution.take() {
            drop(self.runtime.spawn(execution));
        }
    }
}

impl fmt::Debug for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive")
            .field("over", &self.execution.is_none())
            .finish_non_exhaustive()
    }
}
