//! `/experiments`: what is known of the experiments in force.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use wayleave_engine::Engine;

use super::{JSON, TEXT, page};

pub(super) fn respond(query: &str, engine: &Engine) -> Response<Full<Bytes>> {
    let route = match read(query) {
        Ok(route) => route,
        Err(message) => return page(StatusCode::BAD_REQUEST, TEXT, format!("{message}\n")),
    };
    let mut reports = engine.experiments();
    reports.retain(|report| route.is_none_or(|route| report.route == route));
    match serde_json::to_string_pretty(&reports) {
        Ok(text) => page(StatusCode::OK, JSON, format!("{text}\n")),
        Err(error) => page(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
    }
}

/// The route that is asked about; `None`: all.
fn read(query: &str) -> Result<Option<&str>, String> {
    let mut route = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("route", name)) => route = Some(name),
            _ => return Err(format!("{pair}: there is only route=NAMESPACE/NAME")),
        }
    }
    Ok(route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_query() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("route=team/chat"), Ok(Some("team/chat")));
        assert!(
            read("rout=team/chat")
                .unwrap_err()
                .contains("route=NAMESPACE/NAME")
        );
        assert!(read("route").is_err());
    }
}
