//! How many cases, and which.

use std::cell::Cell;
use std::env;
use std::fmt::Debug;

use allocation_counter::measure;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// All suites together.
const CASES: u32 = 20_000;

/// What a suite makes of all cases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// What is broken.
    pub(crate) name: &'static str,
    /// How much of the whole, in hundredths.
    pub(crate) hundredths: u32,
}

/// What the code made of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It got through.
    Sound,
    /// It was found broken.
    Broken,
}

/// Runs a suite, and tells how far it is. Fails where nearly all cases have the same fate: they would try little.
pub(crate) fn run<S: Strategy>(share: Share, strategy: &S, check: impl Fn(&S::Value) -> Result<Fate, String>)
where
    S::Value: Debug,
{
    let cases = (number("WAYLEAVE_FUZZ_CASES").unwrap_or(CASES) / 100 * share.hundredths).max(1);
    let seed = number("WAYLEAVE_FUZZ_SEED").unwrap_or_else(|| fastrand::u32(..));
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(
        Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        },
        TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
    );
    let (done, sound) = (Cell::new(0), Cell::new(0));
    let result = runner.run(strategy, |case| {
        done.set(done.get() + 1);
        if done.get() % (cases / 10).max(1) == 0 {
            println!("{}: {} of {cases}", share.name, done.get());
        }
        let fate = check(&case).map_err(TestCaseError::fail)?;
        sound.set(sound.get() + u32::from(fate == Fate::Sound));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{}, WAYLEAVE_FUZZ_SEED={seed}: {failure}", share.name);
    }
    let sound = sound.get();
    println!("{}: {sound} of {cases} were sound", share.name);
    let few = cases / 20;
    assert!(
        cases < 1_000 || (few..cases - few).contains(&sound),
        "{}: {sound} of {cases} were sound",
        share.name
    );
}

fn number(name: &str) -> Option<u32> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

/// What `run` gives, and the most memory that it held on top of what was there.
pub(crate) fn held<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let mut result = None;
    let info = measure(|| result = Some(run()));
    (
        result.expect("it ran"),
        usize::try_from(info.bytes_max).expect("it fits in memory"),
    )
}

/// What may be held or written of next to nothing: 256 choices, of which the last is the only one to speak.
const LEAST: usize = 256 * 1024;

/// Fails where more is held or written than a multiple of what was given.
pub(crate) fn bounded(what: &str, amount: usize, given: usize, factor: usize) -> Result<(), String> {
    let bound = factor * given + LEAST;
    if amount > bound {
        return Err(format!("{what}: {amount} bytes of {given}, more than {bound}"));
    }
    Ok(())
}
