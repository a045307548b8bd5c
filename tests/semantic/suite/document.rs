//! The figures in `docs/semantic-cache.md`, and those of other models.

use std::fs;
use std::path::Path;

use wayleave_tests::embeddings::Embeddings;

use super::measured::measure;
use super::pairs::{OURS, read};
use super::table::figures;

/// Set, the test writes the document instead of comparing it.
const UPDATE: &str = "UPDATE_SEMANTIC";
/// Another server with OpenAI's API, its model and its key, and another file of pairs.
const OTHER: &str = "WAYLEAVE_EMBEDDINGS";
const OTHER_MODEL: &str = "WAYLEAVE_EMBEDDINGS_MODEL";
const OTHER_KEY: &str = "WAYLEAVE_EMBEDDINGS_KEY";
const OTHER_PAIRS: &str = "WAYLEAVE_EMBEDDINGS_PAIRS";

/// Between them stands what is made here.
const BEGIN: &str = "<!-- begin: made by a test -->\n";
const END: &str = "<!-- end: made by a test -->\n";

/// Processors differ in the seventh digit; no pair may be so near to a threshold that it shows.
const MARGIN: f64 = 1e-5;

#[tokio::test]
async fn the_document_has_the_figures() {
    let embeddings = Embeddings::start().await;
    let measured = measure(&embeddings, read(OURS)).await;
    for one in &measured {
        let texts = &one.pair.texts;
        assert!(
            one.margin() > MARGIN,
            "{texts:?} is on a threshold: {}",
            one.similarity
        );
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/semantic-cache.md");
    let known = fs::read_to_string(&path).expect("the document");
    let (before, rest) = known.split_once(BEGIN).expect("a beginning");
    let (_, after) = rest.split_once(END).expect("an end");
    let made = format!("{before}{BEGIN}\n{}\n{END}{after}", figures(&measured));
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, made).expect("the document can be written");
        return;
    }
    assert!(
        known == made,
        "docs/semantic-cache.md is out of date: make semantic, and read what changed"
    );
}

#[tokio::test]
#[ignore = "a measurement: `make semantic URL=…` runs it"]
async fn the_figures_of_another_model() {
    let set = |name| std::env::var(name).unwrap_or_default();
    let embeddings = match &*set(OTHER) {
        "" => Embeddings::start().await,
        base => Embeddings::at(base.to_owned(), &set(OTHER_MODEL), &set(OTHER_KEY)),
    };
    let pairs = match &*set(OTHER_PAIRS) {
        "" => read(OURS),
        path => read(&fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))),
    };
    println!("\n{} at {}\n", embeddings.model(), embeddings.base());
    println!("{}", figures(&measure(&embeddings, pairs).await));
}
