//! AWS's signature of a request (`SigV4`).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as signature_of};
use aws_sigv4::sign::v4;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, HeaderName};
use jiff::Timestamp;
use reqwest::{Body, Request};
use tracing::subscriber::{NoSubscriber, with_default};
use wayleave_core::credential::AwsKeys;

use crate::upstream::UpstreamError;

/// The name under which requests to Bedrock are signed.
const SERVICE: &str = "bedrock";

/// Signs a request as it will be sent: method, URL, host, content type, body. Other headers may be changed on the way.
pub(super) fn sign(
    request: &mut Request,
    keys: &AwsKeys,
    region: &str,
    at: Timestamp,
) -> Result<(), UpstreamError> {
    let signed = sign_for(request, keys, region, SERVICE, at);
    for (name, value) in signed.map_err(|error| UpstreamError::Signature(error.to_string()))? {
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The headers that sign a request.
fn sign_for(
    request: &Request,
    keys: &AwsKeys,
    region: &str,
    service: &str,
    at: Timestamp,
) -> Result<Vec<(HeaderName, HeaderValue)>, Failed> {
    let token = keys.session_token.as_ref();
    let identity = Credentials::new(
        keys.access_key_id.expose(),
        keys.secret_access_key.expose(),
        token.map(|token| token.expose().to_owned()),
        None,
        "wayleave",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::from(at))
        .settings(SigningSettings::default())
        .build()?
        .into();
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::to_str)
        .transpose()?;
    let headers = content_type.map(|value| (CONTENT_TYPE.as_str(), value));
    let body = request.body().and_then(Body::as_bytes).unwrap_or_default();
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.url().as_str(),
        headers.into_iter(),
        SignableBody::Bytes(body),
    )?;
    // The library traces the request that it signs, with the session token and the body.
    let (signed, _) = with_default(NoSubscriber::default(), || signature_of(signable, &params))?.into_parts();
    let header = |(name, value): (&str, &str)| {
        let mut value = HeaderValue::from_str(value)?;
        value.set_sensitive(true);
        Ok((HeaderName::from_bytes(name.as_bytes())?, value))
    };
    signed.headers().map(header).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, Url};
    use wayleave_core::secret::Secret;

    use super::*;

    /// The credentials and the date of the suite of test vectors that AWS publishes.
    fn keys(session_token: Option<&str>) -> AwsKeys {
        AwsKeys {
            access_key_id: Secret::new("AKIDEXAMPLE"),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: session_token.map(Secret::new),
        }
    }

    fn request(method: Method, url: &str, content_type: Option<&'static str>, body: &'static str) -> Request {
        let mut request = Request::new(method, Url::parse(url).expect("a URL"));
        if let Some(value) = content_type {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(value));
        }
        *request.body_mut() = Some(body.into());
        request
    }

    fn signed(request: &Request, keys: &AwsKeys, service: &str) -> Vec<(String, String)> {
        let at = "2015-08-30T12:36:00Z".parse().expect("a date");
        let headers = sign_for(request, keys, "us-east-1", service, at).expect("signed");
        let text = |(name, value): (HeaderName, HeaderValue)| {
            assert!(value.is_sensitive(), "{name}");
            (name.to_string(), value.to_str().expect("text").to_owned())
        };
        headers.into_iter().map(text).collect()
    }

    fn authorisation(headers: &[(String, String)]) -> &str {
        let found = headers.iter().find(|(name, _)| name == "authorization");
        found.map(|(_, value)| value.as_str()).expect("signed")
    }

    /// get-vanilla, post-vanilla and post-x-www-form-urlencoded of the suite.
    #[test]
    fn agrees_with_the_vectors_of_aws() {
        let form = Some("application/x-www-form-urlencoded");
        for (request, names, signature) in [
            (
                request(Method::GET, "https://example.amazonaws.com/", None, ""),
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                request(Method::POST, "https://example.amazonaws.com/", None, ""),
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                request(
                    Method::POST,
                    "https://example.amazonaws.com/",
                    form,
                    "Param1=value1",
                ),
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let headers = signed(&request, &keys(None), "service");
            assert_eq!(
                authorisation(&headers),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                     SignedHeaders={names}, Signature={signature}"
                )
            );
        }
    }

    #[test]
    fn all_that_is_sent_is_signed() {
        let of = |url: &str, body: &'static str, token: Option<&str>| {
            let request = request(Method::POST, url, Some("application/json"), body);
            signed(&request, &keys(token), SERVICE)
        };
        let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3A0/converse";
        let first = of(url, "{}", None);
        assert!(authorisation(&first).contains("/us-east-1/bedrock/aws4_request, "));
        assert!(authorisation(&first).contains("SignedHeaders=content-type;host;x-amz-date, "));
        let port = url.replace(".com/", ".com:8443/");
        let others = [
            of(url, "{ }", None),
            of(&url.replace("converse", "converse-stream"), "{}", None),
            of(&url.replace("%3A", "%253A"), "{}", None),
            of(&port, "{}", None),
            of(url, "{}", Some("IQoJ//8=")),
        ];
        for other in &others {
            assert_ne!(authorisation(other), authorisation(&first));
        }
        let [.., with_token] = &others;
        assert!(with_token.contains(&("x-amz-security-token".to_owned(), "IQoJ//8=".to_owned())));
        assert!(authorisation(with_token).contains("content-type;host;x-amz-date;x-amz-security-token"));
    }
}
