//! Envoy's access log tells what each call came to.

use std::time::Duration;

use serde_json::Value;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, Manifests, until};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn each_call_has_a_line_with_its_cost() {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default()
        .openai("p", &sim)
        .to("chat", "p", "m?tokens=20");
    let gateway = Gateway::start_with(Front::Envoy, &manifests, &["--access-log"]).await;
    for stream in [false, true] {
        let answer = gateway
            .client()
            .ask(Format::OpenAi, &Format::OpenAi.request("chat", stream))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.id();
        let line = until("a line of the access log", SOON, async || {
            let text = gateway.log.text();
            let lines = text
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.into_iter().find(|line| line["call"] == id)
        })
        .await;
        println!("{line}");
        assert_eq!(
            (&line["status"], &line["path"]),
            (&200.into(), &"/v1/chat/completions".into())
        );
        assert_eq!(
            (&line["provider"], &line["class"]),
            (&"default/p".into(), &"ok".into())
        );
        let cost = gateway.books(id).await.call.cost_ticks.unwrap();
        // Envoy knows numbers as floats only.
        let told = line["cost_usd"].as_f64().unwrap();
        assert_eq!(format!("{:.0}", told * 1e10), cost.to_string());
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}
