//! The whole run, against a stand-in for the simulator.

#[cfg(test)]
mod stand_in;

use std::io::{Write, stderr};

use clap::Parser;
use wayleave_bench::aim::Verdict;
use wayleave_bench::options::Options;
use wayleave_bench::report::Report;
use wayleave_bench::scenario::Phase;
use wayleave_bench::variant::Variant;
use wayleave_bench::{envoy, run, table};

async fn measure(arguments: &[&str]) -> anyhow::Result<Report> {
    let upstream = stand_in::start().await.to_string();
    let always = [
        "wayleave-bench",
        "--rounds",
        "2",
        "--seconds",
        "0.1",
        "--upstream",
        &upstream,
    ];
    let options = Options::try_parse_from(always.iter().chain(arguments))?;
    Box::pin(run::run(&options, |_| {})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn direct_is_measured_in_every_scenario() {
    let report = measure(&["--variant", "direct"]).await.unwrap();
    assert_eq!(report.steps.len(), 2 * Phase::ALL.len());
    for row in &report.rows {
        assert_eq!((row.bad, row.fault.as_deref()), (0, None), "{row:?}");
        assert!(
            row.good > 0 && row.per_second.median.is_some_and(|rate| rate > 0.0),
            "{row:?}"
        );
        assert_eq!(row.first_p50_ms.median.is_some(), row.phase.streams());
        assert_eq!(row.cpu.median, None);
    }
    assert!(report.aims.iter().all(|aim| aim.verdict == Verdict::NotMeasured));
    assert!(table::render(&report).contains("small: 1 KB request"));
    assert!(serde_json::to_value(&report).unwrap()["steps"][0]["per_second"].is_f64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy_alone_is_measured_with_its_cpu_and_memory() {
    if envoy::find().is_none() {
        let _ = writeln!(stderr(), "no Envoy on PATH or fetched: not measured");
        return;
    }
    let report = measure(&["--variant", "direct", "envoy", "--scenario", "small", "flat"])
        .await
        .unwrap();
    let row = report
        .rows
        .iter()
        .find(|row| row.phase == Phase::Flat && row.variant == Variant::Envoy)
        .unwrap();
    assert_eq!((row.bad, row.fault.as_deref()), (0, None));
    assert_eq!(row.per_second.of_envoy, Some(1.0));
    assert!(
        row.cpu_envoy.median.is_some_and(|cpu| cpu > 0.0) && row.cpu_wayleave.median.is_none(),
        "{row:?}"
    );
    let [idle] = report.idle.as_slice() else {
        panic!("one program: {:?}", report.idle)
    };
    assert!(idle.envoy_mb.is_some_and(|mb| mb > 10.0), "{idle:?}");
}

#[tokio::test]
async fn a_missing_program_is_said_with_what_to_do() {
    let alone = ["--variant", "wayleave-no-envoy"];
    let missing = [
        &alone[..],
        &["--wayleave", "/nowhere/wayleave", "--scenario", "small"],
    ]
    .concat();
    let error = measure(&missing).await.unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.starts_with("there is no /nowhere/wayleave: build it with"),
        "{text}"
    );
    let error = measure(&["--variant", "envoy", "--envoy", "/nowhere/envoy"])
        .await
        .unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "there is no /nowhere/envoy: give --envoy PATH"
    );
    let missing = [&alone[..], &["--redis", "/nowhere/redis-server"]].concat();
    let error = measure(&missing).await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "there is no /nowhere/redis-server: give --redis PATH"
    );
}

#[tokio::test]
async fn a_program_that_ends_is_an_error_with_its_output() {
    // `false up -f …` ends at once.
    let ends = ["--wayleave", "/bin/false", "--scenario", "small"];
    let error = measure(&[&["--variant", "wayleave-no-envoy"][..], &ends].concat())
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").starts_with("wayleave-no-envoy ended (exit status: 1)"),
        "{error:#}"
    );
}
