use serde_json::value::RawValue;

use super::*;

fn read(json: &str, reasoning: ReasoningCount) -> Report {
    let raw: &RawValue = serde_json::from_str(json).expect(json);
    read_usage(raw, reasoning, None).expect(json)
}

fn usage(json: &str) -> Usage {
    read(json, ReasoningCount::Included).usage
}

#[test]
fn cached_tokens_are_part_of_the_prompt() {
    for cached in [
        r#""prompt_tokens_details":{"cached_tokens":80}"#,
        r#""prompt_cache_hit_tokens":80"#,
        r#""cached_tokens":80"#,
        r#""num_cached_tokens":80"#,
    ] {
        let seen = usage(&format!(
            r#"{{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,{cached}}}"#
        ));
        assert_eq!(
            (seen.input, seen.cache_read, seen.output),
            (20, 80, 5),
            "{cached}"
        );
    }
    let written =
        r#"{"prompt_tokens":100,"prompt_tokens_details":{"cached_tokens":80,"cache_write_tokens":19}}"#;
    assert_eq!((usage(written).input, usage(written).cache_write_5m), (1, 19));
    let too_many = r#"{"prompt_tokens":347,"prompt_tokens_details":{"cached_tokens":403}}"#;
    assert_eq!((usage(too_many).input, usage(too_many).cache_read), (0, 347));
}

#[test]
fn reasoning_is_counted_once_whatever_the_convention() {
    let json = |completion: u64, reasoning: u64, total: &str| {
        format!(
            r#"{{"prompt_tokens":35,"completion_tokens":{completion}{total},
                "completion_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#
        )
    };
    let outputs = |json: &str| {
        [ReasoningCount::Included, ReasoningCount::Beside].map(|convention| {
            let usage = read(json, convention).usage;
            (usage.output, usage.reasoning)
        })
    };
    // OpenAI: inside. xAI: beside. The total tells, whatever the vendor's row says.
    assert_eq!(outputs(&json(12, 10, r#","total_tokens":47"#)), [(12, 10); 2]);
    assert_eq!(outputs(&json(12, 62, r#","total_tokens":109"#)), [(74, 62); 2]);
    // Gemini's OpenAI endpoint: beside and untold.
    assert_eq!(outputs(&json(12, 0, r#","total_tokens":109"#)), [(74, 62); 2]);
    // No total: the row says. More reasoning than output: no more than all of it.
    assert_eq!(outputs(&json(12, 10, "")), [(12, 10), (22, 10)]);
    assert_eq!(outputs(&json(9, 61, r#","total_tokens":44"#)), [(9, 9); 2]);
}

#[test]
fn the_providers_own_bill_is_taken() {
    let billed = |members: &str| {
        read(&format!("{{{members}}}"), ReasoningCount::Included)
            .billed
            .map(Ticks::get)
    };
    assert_eq!(billed(r#""cost_in_usd_ticks":1660500"#), Some(1_660_500));
    assert_eq!(
        billed(r#""cost_in_usd_ticks":0"#),
        None,
        "other hosts of xAI's models send 0"
    );
    assert_eq!(billed(r#""cost":0.00007159,"is_byok":false"#), Some(715_900));
    assert_eq!(billed(r#""cost":0"#), Some(0), "a free model is free");
    assert_eq!(
        billed(r#""cost":0.95,"is_byok":true,"cost_details":{"upstream_inference_cost":19}"#),
        Some(199_500_000_000)
    );
    assert_eq!(
        billed(r#""cost":0.95,"is_byok":true"#),
        None,
        "only the fee is known"
    );
    assert_eq!(billed(r#""cost":{"total_cost":0.00609}"#), Some(60_900_000));
    assert_eq!(billed(r#""estimated_cost":0.0000139"#), Some(139_000));
    assert_eq!(billed(r#""cost":"free""#), None);
    assert_eq!(billed(""), None);
}

#[test]
fn tiers_with_a_price_are_told() {
    for (tier, expected) in [
        ("default", Some(ServiceTier::Standard)),
        ("on_demand", Some(ServiceTier::Standard)),
        ("flex", Some(ServiceTier::Flex)),
        ("priority", Some(ServiceTier::Priority)),
        ("auto", None),
        ("", None),
    ] {
        assert_eq!(read_tier(tier), expected, "{tier}");
    }
}

#[test]
fn null_is_no_usage_and_zero_is() {
    let raw: &RawValue = serde_json::from_str("null").expect("JSON");
    assert_eq!(read_usage(raw, ReasoningCount::Included, None), None);
    assert_eq!(
        usage(r#"{"prompt_tokens":0,"completion_tokens":0}"#),
        Usage::default()
    );
}
