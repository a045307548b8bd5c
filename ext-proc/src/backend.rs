//! What the adaptors stand before.

use wayleave_engine::Engine;
use wayleave_engine::call::{Answer, Call};

/// Runs calls: the engine, or a stand-in for it in a test of an adaptor. Cheap to clone: all clones are one.
pub trait Backend: Clone + Send + Sync + 'static {
    /// Runs a call. Dropping the future, or the pieces of its answer, cancels the call.
    fn run(&self, call: Call) -> impl Future<Output = Answer> + Send;
}

impl Backend for Engine {
    async fn run(&self, call: Call) -> Answer {
        Engine::run(self, call).await
    }
}
