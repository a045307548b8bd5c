//! What an entry of a Secret is: read by how its vendor wants a credential shown.

mod aws;
mod google;

pub use self::aws::AwsKeys;
pub use self::google::ServiceAccount;

use crate::secret::Secret;
use crate::vendor::Auth;

/// The header of Google's API keys.
const GOOGLE_API_KEY: &str = "x-goog-api-key";
/// The longest text that is read; a credentials file may have many profiles.
const MAX_BYTES: usize = 64 << 10;

/// A credential, ready to be shown.
#[derive(Clone, Debug)]
pub enum Credential {
    /// `authorization: Bearer KEY`.
    Bearer(Secret),
    /// `NAME: KEY`.
    Header(&'static str, Secret),
    /// Signs each request.
    Aws(AwsKeys),
    /// Gets tokens, which are sent as bearer tokens.
    Google(ServiceAccount),
}

/// Why a text is no credential. Nothing of the text is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCredential {
    /// What a header cannot carry.
    #[error("has a line break, a space or another character that no HTTP header takes")]
    Characters,
    /// The same in a member of it.
    #[error("has a {0} with a line break, a space or another character that no HTTP header takes")]
    Member(&'static str),
    /// It begins as JSON.
    #[error("is not JSON, though it begins with a brace: see line {line}, column {column}")]
    Json {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// More than any credential has.
    #[error("is longer than {MAX_BYTES} bytes")]
    Long,
    /// Something is not there.
    #[error("has no {0}")]
    Missing(&'static str),
    /// A credential of Google's of another kind.
    #[error(
        "is a Google credential of type {0}: only a key of a service account (type service_account) works"
    )]
    Type(&'static str),
    /// A private key that nothing can be signed with.
    #[error(
        "has a private_key that cannot be read: PEM (PKCS#8) of an RSA key of 2048 to 4096 bits is expected"
    )]
    PrivateKey,
    /// Where tokens come from.
    #[error("has a token_uri that is not a URL with http or https")]
    TokenUri,
}

impl Credential {
    /// Reads the text of an entry.
    ///
    /// # Errors
    /// When the vendor could not be shown it.
    pub fn parse(auth: Auth, secret: &Secret) -> Result<Self, BadCredential> {
        if secret.expose().len() > MAX_BYTES {
            return Err(BadCredential::Long);
        }
        match auth {
            Auth::Bearer => key(secret).map(Self::Bearer),
            Auth::Header(name) => key(secret).map(|key| Self::Header(name, key)),
            Auth::AwsSignature => match AwsKeys::parse(secret.expose())? {
                Some(keys) => Ok(Self::Aws(keys)),
                None => key(secret).map(Self::Bearer),
            },
            Auth::GoogleToken if begins_as_json(secret.expose()) => {
                ServiceAccount::parse(secret.expose()).map(Self::Google)
            }
            Auth::GoogleToken => key(secret).map(|key| Self::Header(GOOGLE_API_KEY, key)),
        }
    }
}

/// A text that is sent as it is.
fn key(secret: &Secret) -> Result<Secret, BadCredential> {
    if fits_header(secret.expose()) {
        Ok(secret.clone())
    } else {
        Err(BadCredential::Characters)
    }
}

fn fits_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn begins_as_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Reads JSON. What serde says of a value may show it, so only the place is told.
fn from_json<'de, T: serde::Deserialize<'de>>(text: &'de str) -> Result<T, BadCredential> {
    serde_json::from_str(text).map_err(|error| BadCredential::Json {
        line: error.line(),
        column: error.column(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(auth: Auth, text: &str) -> Result<Credential, BadCredential> {
        Credential::parse(auth, &Secret::new(text))
    }

    #[test]
    fn a_key_is_sent_as_it_is() {
        assert!(matches!(parse(Auth::Bearer, "sk-1"), Ok(Credential::Bearer(key)) if key.expose() == "sk-1"));
        let header = parse(Auth::Header("api-key"), "k");
        assert!(matches!(header, Ok(Credential::Header("api-key", _))));
        for text in ["sk 1", "sk\t1", "sk\n1", "schlüssel", "{\n}"] {
            for auth in [Auth::Bearer, Auth::Header("api-key")] {
                assert_eq!(parse(auth, text).err(), Some(BadCredential::Characters), "{text}");
            }
        }
    }

    #[test]
    fn a_text_without_end_is_not_read() {
        let text = format!("[default]\n{}", "#\n".repeat(MAX_BYTES / 2));
        for auth in [Auth::Bearer, Auth::AwsSignature, Auth::GoogleToken] {
            assert_eq!(parse(auth, &text).err(), Some(BadCredential::Long));
        }
    }

    #[test]
    fn the_clouds_take_an_api_key_too() {
        assert!(matches!(
            parse(Auth::AwsSignature, "ABSKQmVk="),
            Ok(Credential::Bearer(_))
        ));
        let google = parse(Auth::GoogleToken, "AIzaSy1");
        assert!(matches!(google, Ok(Credential::Header("x-goog-api-key", _))));
        for auth in [Auth::AwsSignature, Auth::GoogleToken] {
            assert_eq!(parse(auth, "two words").err(), Some(BadCredential::Characters));
        }
    }

    #[test]
    fn no_reason_and_no_debug_shows_the_text() {
        const TEXT: &str = "5ecr3t";
        let broken = [
            (
                Auth::AwsSignature,
                format!("{{\"SecretAccessKey\": 5, \"x\": \"{TEXT}\"}}"),
            ),
            (Auth::AwsSignature, format!("{{\"SecretAccessKey\": \"{TEXT}\"")),
            (
                Auth::AwsSignature,
                format!("[default]\naws_secret_access_key = {TEXT}"),
            ),
            (Auth::GoogleToken, format!("{{\"type\": \"{TEXT}\"}}")),
            (Auth::GoogleToken, format!("{{\"type\": {TEXT}}}")),
            (Auth::Bearer, format!("{TEXT} {TEXT}")),
        ];
        for (auth, text) in broken {
            let reason = parse(auth, &text).expect_err("it is broken");
            assert!(!format!("{reason} {reason:?}").contains(TEXT), "{reason}");
        }
        let good = [
            (Auth::Bearer, TEXT.to_owned()),
            (Auth::GoogleToken, TEXT.to_owned()),
            (
                Auth::AwsSignature,
                format!(
                    "{{\"AccessKeyId\": \"AKIA{TEXT}\", \"SecretAccessKey\": \"{TEXT}\", \"SessionToken\": \"{TEXT}\"}}"
                ),
            ),
        ];
        for (auth, text) in good {
            let debug = format!("{:?}", parse(auth, &text).expect("it is good"));
            assert!(!debug.contains(TEXT), "{debug}");
        }
    }
}
