//! Known cases, computed by hand with published prices of the autumn of 2026, on a small book of their own.

use jiff::Timestamp;

use super::*;
use crate::usage::{ServiceTier, Usage};

/// Dollars per million tokens, and per thousand searches and requests, from the vendors' price pages.
const BOOK: &str = include_str!("testdata/book.json");

fn book() -> PriceBook {
    PriceBook::parse(BOOK).expect("reads")
}

pub(super) fn rates(vendor: &str, model: &str) -> Rates {
    Rates::of(book().find(vendor, model).expect(model))
}

fn usd(text: &str) -> Ticks {
    text.parse().expect(text)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

pub(super) fn today() -> Timestamp {
    at("2026-11-23T20:00:00Z")
}

fn input(input: u64) -> Usage {
    Usage {
        input,
        ..Usage::default()
    }
}

#[test]
fn prices_each_kind_of_token() {
    let all = Usage {
        input: 1000,
        cache_read: 2000,
        cache_write_5m: 3000,
        cache_write_1h: 400,
        output: 500,
        web_searches: 2,
        ..Usage::default()
    };
    let audio = Usage {
        input: 1000,
        input_audio: 400,
        output: 100,
        output_audio: 60,
        ..Usage::default()
    };
    let thought = Usage {
        input: 1000,
        output: 5000,
        reasoning: 4000,
        ..Usage::default()
    };
    let writes = Usage {
        cache_write_5m: 100,
        cache_write_1h: 100,
        ..Usage::default()
    };
    let cases = [
        // (1000 x 3 + 2000 x 0.3 + 3000 x 3.75 + 400 x 6 + 500 x 15) / 1e6 + 2 x 10 / 1000
        ("anthropic", "claude-sonnet-4-5-20250929", all, "0.04475"),
        // (600 x 2.5 + 400 x 40 + 40 x 10 + 60 x 80) / 1e6
        ("openai", "gpt-4o-audio", audio, "0.0227"),
        // Reasoning has its own price: (1000 x 2 + 1000 x 8 + 4000 x 3) / 1e6
        ("perplexity", "deep", thought, "0.022"),
        // and elsewhere that of output: (1000 x 2 + 5000 x 8) / 1e6
        ("openai", "gpt-4.1", thought, "0.042"),
        // No price for reading the cache: 500 x 2.5 / 1e6
        (
            "openai",
            "gpt-4o-audio",
            Usage {
                cache_read: 500,
                ..Usage::default()
            },
            "0.00125",
        ),
        // No price for an hour's write, so that of five minutes: 200 x 6.25 / 1e6
        ("openai", "gpt-5.6-sol-2026-06-01", writes, "0.00125"),
        // None for either: 200 x 2 / 1e6
        ("openai", "gpt-4.1", writes, "0.0004"),
        ("openai", "text-embedding-3-small", input(10), "0.0000002"),
        // A fee per request: 1000 x 1 / 1e6 + 12 / 1000
        ("perplexity", "sonar", input(1000), "0.013"),
    ];
    for (vendor, model, usage, dollars) in cases {
        assert_eq!(
            rates(vendor, model).cost(&usage, None, today()),
            Priced::Exact(usd(dollars)),
            "{model}"
        );
    }
}

#[test]
fn the_whole_request_moves_when_input_exceeds_the_threshold() {
    let rates = rates("anthropic", "claude-sonnet-4.5");
    let cost = |usage: Usage| rates.cost(&usage, None, today());
    let out = |usage: Usage| Usage { output: 10, ..usage };
    // 200000 x 3 + 10 x 15, and 200001 x 6 + 10 x 22.5
    assert_eq!(cost(out(input(200_000))), Priced::Exact(usd("0.60015")));
    assert_eq!(cost(out(input(200_001))), Priced::Exact(usd("1.200231")));
    // The cache counts as input: 1 x 6 + 200000 x 0.6
    assert_eq!(
        cost(Usage {
            cache_read: 200_000,
            ..input(1)
        }),
        Priced::Exact(usd("0.120006"))
    );
}

#[test]
fn a_tier_costs_its_own_price_or_says_that_it_has_none() {
    let rates = rates("openai", "gpt-4.1");
    let usage = Usage {
        cache_read: 1_000_000,
        output: 1_000_000,
        ..input(1_000_000)
    };
    let cost = |tier, day: &str| rates.cost(&usage, Some(tier), at(day));
    let listed = usd("10.5");
    assert_eq!(
        cost(ServiceTier::Standard, "2026-11-23T00:00:00Z"),
        Priced::Exact(listed)
    );
    assert_eq!(
        cost(ServiceTier::Priority, "2026-11-23T00:00:00Z"),
        Priced::Exact(usd("18.375"))
    );
    // The batch tier lists no price for the cache, so the list price holds: 1 + 0.5 + 4
    assert_eq!(
        cost(ServiceTier::Batch, "2026-10-14T00:00:00Z"),
        Priced::Exact(usd("5.5"))
    );
    assert_eq!(
        cost(ServiceTier::Batch, "2026-10-13T23:59:59.999Z"),
        Priced::Approximate(listed)
    );
    assert_eq!(
        cost(ServiceTier::Flex, "2026-11-23T00:00:00Z"),
        Priced::Approximate(listed)
    );
    assert_eq!(
        cost(ServiceTier::Priority, "2020-01-01T00:00:00Z"),
        Priced::Approximate(listed)
    );
}

#[test]
fn hours_are_half_open_and_utc() {
    let rates = rates("deepseek", "deepseek-chat");
    for (time, dollars) in [
        ("00:29:59.9Z", "0.135"),
        ("00:30:00Z", "0.27"),
        ("16:29:59.9Z", "0.27"),
        ("16:30:00Z", "0.135"),
        ("16:30:00+01:00", "0.27"),
    ] {
        let cost = rates.cost(&input(1_000_000), None, at(&format!("2026-11-23T{time}")));
        assert_eq!(cost, Priced::Exact(usd(dollars)), "{time}");
    }
}

#[test]
fn what_has_no_price_is_never_free() {
    let output = Usage {
        output: 1,
        ..Usage::default()
    };
    assert_eq!(
        rates("openai", "text-embedding-3-small").cost(&output, None, today()),
        Priced::Unpriced
    );
    assert_eq!(
        rates("openai", "whisper-1").cost(&Usage::default(), None, today()),
        Priced::Unpriced
    );
    assert!(book().find("openai", "gpt-99").is_none());
    assert!(book().find("nobody", "gpt-4.1").is_none());
    // A search without a price is left out, and images may be among the tokens.
    let searched = Usage {
        web_searches: 1,
        ..input(1_000_000)
    };
    let cost = rates("openai", "gpt-4.1").cost(&searched, None, today());
    assert_eq!(cost, Priced::Approximate(usd("2")));
    let cost = rates("openai", "gpt-image").cost(&input(1_000_000), None, today());
    assert_eq!(cost, Priced::Approximate(usd("5")));
}

#[test]
fn finds_dated_names_and_resold_models() {
    let book = book();
    let find = |vendor, model| book.find(vendor, model).map(|prices| prices.id().to_owned());
    assert_eq!(find("openai", "GPT-4.1-2025-04-14").as_deref(), Some("gpt-4.1"));
    assert_eq!(find("openai", "gpt-4.1-20250414").as_deref(), Some("gpt-4.1"));
    assert_eq!(find("openai", "gpt-4.1-mini"), None);
    assert_eq!(find("azure", "gpt-4").as_deref(), Some("gpt-4"));
    assert_eq!(
        find("azure", "gpt-5.6-sol-2026-06-01").as_deref(),
        Some("gpt-5.6-sol")
    );
    assert_eq!(find("openai", "gpt-5.6-sol-pro"), None);
}

#[test]
fn an_overlay_goes_before_the_book_and_its_multiplier_is_for_the_book() {
    let price = |model: &str, dollars: &str| OverlayPrice {
        model: model.into(),
        input_per_million: usd(dollars),
        output_per_million: usd("4"),
        cache_read_per_million: None,
        cache_write_per_million: Some(usd("9")),
    };
    let prices = vec![
        price("gpt-4.1-mini", "0.3"),
        price("gpt-4.1-*", "0.7"),
        price("mine/*", "1"),
    ];
    let overlay = Overlay {
        prices,
        multiplier: "0.9".parse().expect("ratio"),
    };
    let book = book();
    let cost = |vendor, asked, served| {
        let rates = overlay.resolve(&book, vendor, asked, served)?;
        rates
            .cost(&input(1_000_000), Some(ServiceTier::Flex), today())
            .ticks()
    };
    assert_eq!(
        cost(Some("openai"), "gpt-4.1-mini", None),
        Some(usd("0.3")),
        "the first that matches"
    );
    assert_eq!(cost(Some("openai"), "gpt-4.1-nano", None), Some(usd("0.7")));
    assert_eq!(
        cost(None, "mine/llama", Some("/models/llama.gguf")),
        Some(usd("1")),
        "by the name asked for"
    );
    assert_eq!(
        cost(Some("openai"), "gpt-4.1-x", Some("gpt-4")),
        Some(usd("0.7")),
        "explicit before the book"
    );
    assert_eq!(
        cost(Some("openai"), "alias", Some("gpt-4.1")),
        Some(usd("1.8")),
        "the book at a discount"
    );
    assert_eq!(
        cost(Some("azure"), "gpt-4", Some("unknown")),
        Some(usd("27")),
        "the name asked for, then"
    );
    assert_eq!(cost(Some("openai"), "alias", Some("unknown")), None);
    assert_eq!(cost(None, "gpt-4.1", None), None);

    let rates = overlay.resolve(&book, None, "mine/llama", None).expect("priced");
    let usage = Usage {
        cache_read: 1,
        cache_write_5m: 10,
        cache_write_1h: 100,
        output: 1000,
        ..Usage::default()
    };
    // 1 x 1 + 10 x 9 + 100 x 9 + 1000 x 4
    assert_eq!(rates.cost(&usage, None, today()), Priced::Exact(usd("0.004991")));
    assert_eq!(&**rates.version(), "provider-key");
}

/// A provider may serve another model than it was asked for (OpenRouter's `models`, a name that was retired).
#[test]
fn the_price_of_the_model_asked_for_is_an_assumption_where_another_served() {
    let book = book();
    let cost = |vendor, asked, served| {
        let rates = Overlay::default().resolve(&book, Some(vendor), asked, served)?;
        Some(rates.cost(&input(1_000_000), None, today()))
    };
    let listed = usd("2");
    for (served, expected) in [
        (None, Priced::Exact(listed)),
        (Some("gpt-4.1-2025-04-14"), Priced::Exact(listed)),
        (Some("gpt-99"), Priced::Approximate(listed)),
    ] {
        assert_eq!(cost("openai", "gpt-4.1", served), Some(expected), "{served:?}");
    }
    // Whoever asks for what is free may be served what is not.
    let free = "minimax/minimax-m2:free";
    assert_eq!(cost("openrouter", free, None), Some(Priced::Exact(Ticks::ZERO)));
    assert_eq!(cost("openrouter", free, Some("x-ai/grok-4")), None);
}

#[test]
fn follows_the_order_of_truth() {
    let rates = rates("openai", "gpt-4.1");
    let report = |billed, tier| Report {
        usage: input(1_000_000),
        billed,
        tier,
    };
    let cost = |billed, tier, estimated, rates| {
        let cost = price(&report(billed, tier), estimated, rates, today());
        (cost.ticks, cost.source)
    };
    let (billed, listed) = (Some(Ticks::new(7)), Some(usd("2")));
    assert_eq!(
        cost(billed, None, true, Some(&rates)),
        (billed, CostSource::ProviderBilled)
    );
    assert_eq!(
        cost(billed, None, false, None),
        (billed, CostSource::ProviderBilled)
    );
    assert_eq!(cost(None, None, false, Some(&rates)), (listed, CostSource::Table));
    assert_eq!(
        cost(None, None, true, Some(&rates)),
        (listed, CostSource::Estimate)
    );
    assert_eq!(
        cost(None, Some(ServiceTier::Flex), false, Some(&rates)),
        (listed, CostSource::Estimate)
    );
    assert_eq!(cost(None, None, false, None), (None, CostSource::None));
}

#[test]
fn a_cost_is_written_in_snake_case() {
    let cost = Cost {
        ticks: Some(Ticks::new(1)),
        source: CostSource::ProviderBilled,
    };
    let text = serde_json::to_string(&cost).expect("serialises");
    assert_eq!(text, r#"{"ticks":1,"source":"provider_billed"}"#);
    assert_eq!(
        serde_json::to_string(&Cost::UNKNOWN).expect("serialises"),
        r#"{"ticks":null,"source":"none"}"#
    );
}

#[test]
fn the_builtin_book_reads() {
    let book = PriceBook::builtin();
    assert!(book.error().is_none(), "{:?}", book.error());
    assert!(book.version().starts_with("genai-prices-"), "{}", book.version());
    let vendors = crate::vendor::VENDORS.iter().filter_map(|vendor| vendor.prices);
    for vendor in vendors {
        assert!(book.knows(vendor), "{vendor}");
    }
}

#[test]
fn a_broken_book_says_what_is_wrong() {
    let error = |from: &str, to: &str| {
        PriceBook::parse(&BOOK.replace(from, to))
            .expect_err(to)
            .to_string()
    };
    assert!(error(r#""format":1"#, r#""format":2"#).contains("format 2"));
    assert!(error(r#""0.27""#, r#""0,27""#).contains(r#"price "0,27""#));
    assert!(error(r#""search""#, r#""seek""#).contains("seek"));
    assert!(error("16:30", "24:01").contains("24:01"));
    assert!(error(r#"["3",[200000,"6"]]"#, r#"["3",[5,"6"],[5,"7"]]"#).contains("threshold 5"));
    assert!(error(r#"[{"standard":{"in":"0.02"}}]"#, "[]").contains("text-embedding-3-small"));
    assert!(
        error("2026-10-14", "2026-10-12").contains("gpt-4.1"),
        "periods out of order"
    );
}
