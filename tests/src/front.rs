//! What stands between clients and the engine, and how tests are made for it.

use tokio::sync::Mutex;

/// The ways in, which have to behave alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Envoy, which hands calls over by its external-processor filter.
    Envoy,
    /// Envoy as a proxy before the data plane's own HTTP server.
    Proxy,
    /// The data plane's own HTTP server.
    Alone,
}

/// Held by tests that load the machine or measure memory, so that they do not disturb each other.
pub static HEAVY: Mutex<()> = Mutex::const_new(());

/// Makes a test for each way in of each function `async fn name(front: Front)`: `name::through_envoy`,
/// `name::through_a_proxy` and `name::without_envoy`.
#[macro_export]
macro_rules! on_every_front {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn through_envoy() {
                super::$name($crate::Front::Envoy).await;
            }

            #[tokio::test]
            async fn through_a_proxy() {
                super::$name($crate::Front::Proxy).await;
            }

            #[tokio::test]
            async fn without_envoy() {
                super::$name($crate::Front::Alone).await;
            }
        }
    )+};
}
