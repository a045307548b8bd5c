//! The whole run: start, rounds, report, end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, timeout};

use crate::fill::{self, Filled, Filling};
use crate::fleet::Fleet;
use crate::http::connection::Connection;
use crate::load::{self, GRACE, Lane};
use crate::machine::Machine;
use crate::options::Options;
use crate::process;
use crate::report::{Memory, Report, Setup};
use crate::scenario::Phase;
use crate::step::{Counters, Step};
use crate::variant::Variant;

/// Load before each measurement, on the same connections.
const WARM_UP: Duration = Duration::from_millis(250);
/// How long the first good answer of a load may take.
const PRIMING: Duration = Duration::from_secs(5);
/// Rest before memory is read.
const SETTLE: Duration = Duration::from_secs(1);
/// What starting and ending everything may take.
const AROUND: Duration = Duration::from_secs(180);
/// What filling the caches may take, about.
const FILLING: Duration = Duration::from_secs(60);

/// Measures what the options ask for. All programs are gone when this returns, also with an error and after SIGINT or
/// SIGTERM. `progress` gets a line for each step.
///
/// # Errors
/// When a program is missing or fails, or the run takes much longer than it should.
pub async fn run(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report> {
    let expected = expected_time(options);
    progress(&format!(
        "{} rounds; about {} seconds of load",
        options.rounds,
        expected.as_secs()
    ));
    let mut fleet = Fleet::new(options)?;
    let measured = tokio::select! {
        measured = timeout(expected * 2 + AROUND, measure(options, &mut fleet, &mut progress)) => measured
            .unwrap_or_else(|_| bail!("stopped: the run took more than twice as long as it should")),
        signal = interrupted() => signal.and_then(|()| bail!("interrupted")),
    };
    progress("ending all programs");
    fleet.stop().await;
    measured
}

/// The time of all loads together.
fn expected_time(options: &Options) -> Duration {
    let phases = options.scenarios().into_iter().flat_map(|scenario| {
        let time = scenario.phase_time(options.seconds) + WARM_UP;
        scenario.phases().iter().map(move |_| time)
    });
    let variants = u32::try_from(options.variants().len()).unwrap_or(1);
    let filling = if options.caches() { FILLING } else { Duration::ZERO };
    phases.sum::<Duration>() * variants * options.rounds + filling
}

async fn interrupted() -> Result<()> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

async fn measure(options: &Options, fleet: &mut Fleet, progress: &mut impl FnMut(&str)) -> Result<Report> {
    let setup = Setup {
        command: std::env::args().collect::<Vec<_>>().join(" "),
        machine: Machine::read(),
        rounds: options.rounds,
        seconds: options.seconds.as_secs_f64(),
    };
    fleet.start(options, progress).await?;
    let variants = options.variants();
    sleep(SETTLE).await;
    let idle = memory(fleet, &variants);
    let mut steps = Vec::new();
    for round in 1..=options.rounds {
        for scenario in options.scenarios() {
            for variant in in_turn(&variants, round) {
                for phase in scenario.phases() {
                    let time = scenario.phase_time(options.seconds);
                    let step = measure_step(fleet, round, *phase, variant, time).await?;
                    progress(&told(&step, options.rounds));
                    steps.push(step);
                }
            }
        }
    }
    sleep(SETTLE).await;
    let memory = [idle, memory(fleet, &variants)];
    let filled = if options.caches() {
        filled(fleet, options, progress).await?
    } else {
        Vec::new()
    };
    Ok(Report::new(setup, steps, memory, filled))
}

/// What kept answers take in gateways that have done nothing else.
async fn filled(
    fleet: &mut Fleet,
    options: &Options,
    progress: &mut impl FnMut(&str),
) -> Result<Vec<Filled>> {
    let mut all = Vec::new();
    for filling in Filling::ALL {
        progress(&format!("filling a cache with {}", filling.title()));
        let member = fleet.one_more(Variant::WayleaveNoEnvoy, options).await?;
        let filled = fill::measure(&member, filling).await;
        member.child.stop().await;
        all.extend(filled?);
    }
    Ok(all)
}

/// The variants in the order of a round. Each round begins with the next one, and every other round goes backwards, so
/// that none always begins, and none always follows the same.
fn in_turn(variants: &[Variant], round: u32) -> Vec<Variant> {
    let count = variants.len();
    let first = usize::try_from(round).unwrap_or_default() % count.max(1);
    let mut turn = variants.to_vec();
    turn.rotate_left(first);
    if round.is_multiple_of(2)
        && let Some((_, others)) = turn.split_first_mut()
    {
        others.reverse();
    }
    turn
}

async fn measure_step(
    fleet: &mut Fleet,
    round: u32,
    phase: Phase,
    variant: Variant,
    time: Duration,
) -> Result<Step> {
    let address = fleet.address(variant);
    let call = Arc::new(phase.call(Fleet::reader(variant), address));
    let new = || Connection::new(address, Arc::clone(&call));
    if phase.route().cache.is_some() {
        prime(new()).await;
    }
    let mut connections = Vec::new();
    load::run(phase.shape(), WARM_UP, &mut connections, new)
        .await
        .context(TIMER)?;
    let before = counters(fleet, variant);
    let limit = time + GRACE * 2;
    let tally = timeout(limit, load::run(phase.shape(), time, &mut connections, new)).await;
    let tally = tally
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .context(TIMER)?;
    let after = counters(fleet, variant);
    fleet.check(variant)?;
    Ok(Step::new(round, phase, variant, tally, [before, after]))
}

/// Calls until the answer comes from the cache: the calls of a load that wait for the first one are no hits. Where it
/// never does, the load will tell.
async fn prime(mut connection: Connection) {
    let good = async {
        while connection.call(Instant::now()).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = timeout(PRIMING, good).await;
}

const TIMER: &str = "cannot put load on a server";

fn counters(fleet: &Fleet, variant: Variant) -> Counters {
    Counters {
        variant: fleet.usage(variant),
        simulator: fleet.simulator_usage(),
        generator: process::own_usage(),
    }
}

fn memory(fleet: &Fleet, variants: &[Variant]) -> Vec<Memory> {
    variants
        .iter()
        .filter_map(|variant| Some(Memory::new(*variant, fleet.usage(*variant)?)))
        .collect()
}

/// A line of progress.
fn told(step: &Step, rounds: u32) -> String {
    let unit = if step.phase.streams() {
        "streams/s"
    } else {
        "requests/s"
    };
    let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    let (round, phase, variant) = (step.round, step.phase.name(), step.variant.name());
    let fault = step
        .fault
        .as_ref()
        .map(|fault| format!(", {} bad: {fault}", step.bad))
        .unwrap_or_default();
    let (rate, p50) = (step.per_second, ms(step.p50_ms));
    format!("round {round}/{rounds}  {phase:<13}  {variant:<26}  {rate:>8.0} {unit:<10}  p50 {p50} ms{fault}")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn every_round_has_every_variant_and_another_first_one() {
        let mut firsts = Vec::new();
        for round in 1..=5 {
            let turn = in_turn(&Variant::ALL, round);
            firsts.push(turn[0]);
            let mut sorted = turn;
            sorted.sort_unstable();
            assert_eq!(sorted, Variant::ALL);
        }
        assert_eq!(firsts[..2], [Variant::Envoy, Variant::WayleaveExtproc]);
        firsts.sort_unstable();
        assert_eq!(firsts, Variant::ALL);
        assert_eq!(in_turn(&[Variant::Envoy], 2), [Variant::Envoy]);
        assert_eq!(in_turn(&[], 3), []);
    }

    #[test]
    fn the_default_run_fits_in_eight_minutes() {
        let options = Options::parse_from(["wayleave-bench"]);
        // Programs start in some seconds.
        assert!(
            expected_time(&options) < Duration::from_secs(480),
            "{:?}",
            expected_time(&options)
        );
    }
}
