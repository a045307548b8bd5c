//! What stands between clients and the engine, and how tests are made for it.

use tokio::sync::Mutex;

/// The two ways in, which have to behave alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Envoy, which hands calls over by its external-processor filter.
    Envoy,
    /// The data plane's own HTTP server.
    Alone,
}

/// Held by tests that load the machine or measure memory, so that they do not disturb each other.
pub static HEAVY: Mutex<()> = Mutex::const_new(());

/// Makes two tests of each function `async fn name(front: Front)`: `name::through_envoy` and `name::without_envoy`.
#[macro_export]
macro_rules! on_both_fronts {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn through_envoy() {
                super::$name($crate::Front::Envoy).await;
            }

            #[tokio::test]
            async fn without_envoy() {
                super::$name($crate::Front::Alone).await;
            }
        }
    )+};
}
