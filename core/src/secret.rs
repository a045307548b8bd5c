//! Credentials that cannot be printed.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A credential. `Debug`, `Display` and `Serialize` show stars; only [`Secret::expose`] gives the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Arc<str>);

const STARS: &str = "***";

impl Secret {
    /// Wraps a credential.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The credential itself, for the one place that puts it on the wire.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STARS)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STARS)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(STARS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_nothing_anywhere() {
        let secret = Secret::new("sk-very-secret");
        let shown = format!(
            "{secret:?} {secret} {}",
            serde_json::to_string(&secret).expect("serialises")
        );
        assert_eq!(shown, "*** *** \"***\"");
        assert_eq!(secret.expose(), "sk-very-secret");
    }
}
