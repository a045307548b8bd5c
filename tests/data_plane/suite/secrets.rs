//! No credential is ever shown, even where a provider shows it. (Each test of this suite searches all outputs besides.)

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use wayleave_sim::{Replay, Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, Manifests, on_every_front};

on_every_front!(a_provider_that_repeats_the_credential);

/// What a provider repeats the credential in.
#[derive(Clone, Copy, Debug)]
enum Place {
    Error,
    ErrorUnder200,
    ErrorInStream,
}

const PLACES: [(&str, Place); 3] = [
    ("error", Place::Error),
    ("inside", Place::ErrorUnder200),
    ("stream", Place::ErrorInStream),
];

impl Place {
    fn reply(self, credential: &str) -> Replay {
        let error = format!(
            "{{\"error\": {{\"message\": \"Incorrect API key provided: {credential}.\", \"type\": \
             \"invalid_request_error\", \"code\": \"invalid_api_key\"}}}}"
        );
        let (status, content_type, body) = match self {
            Self::Error => (StatusCode::UNAUTHORIZED, "application/json", error),
            Self::ErrorUnder200 => (StatusCode::OK, "application/json", error),
            Self::ErrorInStream => (StatusCode::OK, "text/event-stream", format!("data: {error}\n\n")),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Replay {
            status,
            headers,
            chunks: vec![body.into()],
            pause: Duration::ZERO,
        }
    }
}

/// Once with a credential that looks like one, and once with one that does not.
async fn a_provider_that_repeats_the_credential(front: Front) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let mut manifests = Manifests::default();
    for (name, place) in PLACES {
        let (looks, plain) = (name.to_owned(), format!("{name}-plain"));
        manifests = manifests.openai(&looks, &sim).to(&looks, &looks, &looks);
        manifests = manifests.plain_openai(&plain, &sim).to(&plain, &plain, &plain);
        for model in [&looks, &plain] {
            sim.replay(model, place.reply(&manifests.credentials(model)[0]))
                .unwrap();
        }
    }
    let gateway = Gateway::start(front, &manifests).await;
    let client = gateway.client();
    for (name, place) in PLACES {
        for model in [name.to_owned(), format!("{name}-plain")] {
            for format in Format::ALL {
                let stream = matches!(place, Place::ErrorInStream);
                // The client itself searches what it gets.
                let answer = client.ask(format, &format.request(&model, stream)).await;
                assert!(!answer.status.is_success(), "{model}: {}", answer.text());
                format.error_message(&answer.json());
                let books = gateway.books(answer.id()).await;
                assert_eq!(books.attempts[0].class, "auth_failed", "{model}");
            }
        }
    }
    gateway.finish().await;
}
