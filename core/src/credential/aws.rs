//! Access keys of AWS: a credentials file, or JSON as `aws configure export-credentials` prints it.

use serde::Deserialize;

use super::{BadCredential, begins_as_json, fits_header, from_json};
use crate::secret::Secret;

/// Access keys, for requests that are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsKeys {
    /// `aws_access_key_id`.
    pub access_key_id: Secret,
    /// `aws_secret_access_key`.
    pub secret_access_key: Secret,
    /// `aws_session_token`, which temporary keys have.
    pub session_token: Option<Secret>,
}

/// The three as they stand in a text.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(alias = "AccessKeyId")]
    access_key_id: Option<String>,
    #[serde(alias = "SecretAccessKey")]
    secret_access_key: Option<String>,
    #[serde(alias = "SessionToken")]
    session_token: Option<String>,
}

impl AwsKeys {
    /// `None`: the text is neither a credentials file nor JSON.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, BadCredential> {
        if begins_as_json(text) {
            return from_json::<Members>(text)?.check().map(Some);
        }
        // Only a file has lines with `=` inside: an API key may end in some.
        let is_file = text.trim_start().starts_with('[') || text.contains("aws_access_key_id");
        is_file.then(|| Members::of_file(text).check()).transpose()
    }
}

impl Members {
    /// The profile `default`, else the first one. Lines before any profile are one too.
    fn of_file(text: &str) -> Self {
        let mut profiles: Vec<(&str, Self)> = vec![("", Self::default())];
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                profiles.push((name.trim(), Self::default()));
            } else if let (Some((name, value)), Some((_, members))) =
                (line.split_once('='), profiles.last_mut())
            {
                members.set(name.trim(), value.trim());
            }
        }
        let default = profiles.iter().position(|(name, _)| *name == "default");
        let first = profiles
            .iter()
            .position(|(name, members)| !name.is_empty() || members.any());
        let chosen = default.or(first).unwrap_or_default();
        profiles.swap_remove(chosen).1
    }

    fn set(&mut self, name: &str, value: &str) {
        let member = match name.to_ascii_lowercase().as_str() {
            "aws_access_key_id" => &mut self.access_key_id,
            "aws_secret_access_key" => &mut self.secret_access_key,
            "aws_session_token" => &mut self.session_token,
            _ => return,
        };
        *member = Some(value.to_owned());
    }

    fn any(&self) -> bool {
        self.access_key_id.is_some() || self.secret_access_key.is_some()
    }

    fn check(self) -> Result<AwsKeys, BadCredential> {
        let filled = |member: Option<String>| member.filter(|text| !text.is_empty());
        let secret = |name: &'static str, text: &str| {
            if fits_header(text) {
                Ok(Secret::new(text))
            } else {
                Err(BadCredential::Member(name))
            }
        };
        let required = |name: &'static str, member| {
            let text = filled(member).ok_or(BadCredential::Missing(name))?;
            secret(name, &text)
        };
        Ok(AwsKeys {
            access_key_id: required("aws_access_key_id", self.access_key_id)?,
            secret_access_key: required("aws_secret_access_key", self.secret_access_key)?,
            session_token: filled(self.session_token)
                .map(|text| secret("aws_session_token", &text))
                .transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Option<(String, String, Option<String>)>, BadCredential> {
        let told = |secret: &Secret| secret.expose().to_owned();
        Ok(AwsKeys::parse(text)?.map(|keys| {
            let session = keys.session_token.as_ref().map(told);
            (told(&keys.access_key_id), told(&keys.secret_access_key), session)
        }))
    }

    type Told = (String, String, Option<String>);

    #[expect(clippy::unnecessary_wraps, reason = "as `keys` gives it")]
    fn is(id: &str, secret: &str, session: Option<&str>) -> Result<Option<Told>, BadCredential> {
        Ok(Some((
            id.to_owned(),
            secret.to_owned(),
            session.map(str::to_owned),
        )))
    }

    #[test]
    fn reads_a_credentials_file() {
        let text = "# mine\n[work]\naws_access_key_id=AKIAW\naws_secret_access_key=w/+=\n\n\
                    [default]\r\naws_access_key_id = AKIAD\r\naws_secret_access_key = d/+=\r\nregion = x\r\n";
        assert_eq!(keys(text), is("AKIAD", "d/+=", None));
        let work = text.replace("default", "other");
        assert_eq!(keys(&work), is("AKIAW", "w/+=", None));
        let bare = "aws_access_key_id=ASIA1\naws_secret_access_key=s\naws_session_token=IQoJ//8=";
        assert_eq!(keys(bare), is("ASIA1", "s", Some("IQoJ//8=")));
        let cased =
            "[p]\nAWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=s\naws_session_token=\n# aws_access_key_id=B";
        assert_eq!(keys(cased), is("A", "s", None));
    }

    #[test]
    fn reads_json() {
        let text = r#"{"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "x"}"#;
        assert_eq!(keys(text), is("ASIA", "s", Some("t")));
        let text = r#" {"accessKeyId": "AKIA", "secretAccessKey": "s\u002fs", "sessionToken": null}"#;
        assert_eq!(keys(text), is("AKIA", "s/s", None));
    }

    #[test]
    fn tells_what_is_missing() {
        for (text, error) in [
            ("[default]", BadCredential::Missing("aws_access_key_id")),
            (
                "[default]\naws_access_key_id=",
                BadCredential::Missing("aws_access_key_id"),
            ),
            (
                "[default]\naws_access_key_id=A",
                BadCredential::Missing("aws_secret_access_key"),
            ),
            ("{}", BadCredential::Missing("aws_access_key_id")),
            ("{\n\"a\"}", BadCredential::Json { line: 2, column: 4 }),
            (
                "aws_access_key_id=A\naws_secret_access_key=a b",
                BadCredential::Member("aws_secret_access_key"),
            ),
        ] {
            assert_eq!(keys(text), Err(error), "{text}");
        }
    }

    #[test]
    fn another_text_is_no_access_key() {
        for text in ["ABSKQmVkcm9jaw==", "sk-1", "two words"] {
            assert_eq!(keys(text), Ok(None), "{text}");
        }
    }
}
