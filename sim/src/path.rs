//! What paths, queries and forms say: models, methods, parameters.

use http::request::Parts;

/// The model that a path names, if it names one.
pub(crate) fn model(path: &str) -> Option<String> {
    let named = gemini_model(path)
        .map(|(model, _)| model)
        .or_else(|| bedrock_model(path))
        .or_else(|| azure_model(path))?;
    Some(decode(named))
}

/// `…/models/MODEL:METHOD`: both, the model as it is written.
pub(crate) fn gemini_model(path: &str) -> Option<(&str, &str)> {
    let (model, method) = path.rsplit_once("/models/")?.1.rsplit_once(':')?;
    (!model.is_empty() && !method.contains('/')).then_some((model, method))
}

/// `…/model/MODEL/converse` or `…/converse-stream`.
pub(crate) fn bedrock_model(path: &str) -> Option<&str> {
    let (model, end) = path.rsplit_once("/model/")?.1.rsplit_once('/')?;
    (!model.is_empty() && matches!(end, "converse" | "converse-stream")).then_some(model)
}

/// `…/openai/deployments/NAME/…`
pub(crate) fn azure_model(path: &str) -> Option<&str> {
    let name = path.split_once("/openai/deployments/")?.1.split_once('/')?.0;
    (!name.is_empty()).then_some(name)
}

/// A parameter of the query.
pub(crate) fn query(head: &Parts, name: &str) -> Option<String> {
    form(head.uri.query()?)
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// The pairs of a query or a form.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
    };
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(pair)
        .collect()
}

/// Takes `%XX` back; what is no such escape stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| others.split_at_checked(2)).flatten();
        let value = escaped.and_then(|(digits, after)| Some((hex(digits)?, after)));
        let (byte, after) = value.unwrap_or((*first, others));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    (!text.starts_with('+'))
        .then(|| u8::from_str_radix(text, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_with_their_behaviour() {
        for (path, wanted) in [
            ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
            (
                "/v1/projects/p/locations/l/publishers/google/models/g%3Ftokens%3D5%26json:countTokens",
                "g?tokens=5&json",
            ),
            (
                "/model/us.amazon.nova-lite-v1%3A0/converse",
                "us.amazon.nova-lite-v1:0",
            ),
            (
                "/model/us.amazon.nova-lite-v1:0/converse-stream",
                "us.amazon.nova-lite-v1:0",
            ),
            ("/model/arn%3Aaws%3Abedrock%2Fx/converse", "arn:aws:bedrock/x"),
            ("/openai/deployments/my-gpt/chat/completions", "my-gpt"),
        ] {
            assert_eq!(model(path).as_deref(), Some(wanted), "{path}");
        }
        for path in [
            "/v1/models",
            "/v1/chat/completions",
            "/model/a/invoke",
            "/openai/deployments/",
        ] {
            assert_eq!(model(path), None, "{path}");
        }
    }

    #[test]
    fn forms_are_decoded() {
        let pairs = form("grant_type=urn%3Aietf%3Aa+b&x&bad=%zz%+1");
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            pairs,
            [("grant_type", "urn:ietf:a b"), ("x", ""), ("bad", "%zz% 1")]
        );
    }
}
