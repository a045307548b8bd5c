use super::*;

fn read_ok(provider: Provider, text: &str) -> Invoice {
    read(provider, text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn line(day: &str, model: &str) -> InvoiceLine {
    InvoiceLine::of(
        day.parse().unwrap(),
        (!model.is_empty()).then(|| model.to_owned()),
    )
}

fn usd(text: &str) -> Option<Ticks> {
    amount::dollars(text)
}

#[test]
fn openai_costs_and_usage_read_alike_from_json_and_csv() {
    let costs = r#"{"object":"page","has_more":false,"data":[{"object":"bucket","start_time":1759622400,"end_time":1759708800,
        "results":[{"object":"organization.costs.result","amount":{"value":0.06,"currency":"usd"},
        "line_item":"gpt-4o-2024-08-06, cached input","project_id":null,"quantity":7},
        {"amount":{"value":0.5,"currency":"usd"},"line_item":"web search tool call"}]},
        {"object":"bucket","start_time":1759708800,"results":[]}]}"#;
    let csv = "start_time,end_time,start_time_iso,amount_value,amount_currency,line_item,project_id\n\
        1759622400,1759708800,2025-10-05T00:00:00+00:00,0.06,usd,\"gpt-4o-2024-08-06, cached input\",\n\
        1759622400,1759708800,2025-10-05T00:00:00+00:00,0.5,usd,web search tool call,\n\
        1759708800,1759795200,2025-10-06T00:00:00+00:00,,,,\n";
    let mut first = line("2025-10-05", "gpt-4o-2024-08-06");
    first.ticks = usd("0.06");
    let mut second = line("2025-10-05", "");
    second.ticks = usd("0.5");
    for text in [costs, csv] {
        assert_eq!(
            read_ok(Provider::OpenAI, text).lines,
            [first.clone(), second.clone()],
            "{text}"
        );
    }
    let usage = r#"{"data":[{"start_time":1759622400,"results":[{"input_tokens":59200,"output_tokens":10646,
        "input_cached_tokens":5760,"num_model_requests":10,"model":"gpt-4o","batch":true,"service_tier":null}]}],
        "has_more":true}"#;
    let tsv = "start_time\tnum_model_requests\tmodel\tbatch\tservice_tier\tinput_tokens\toutput_tokens\tinput_cached_tokens\n\
        1759622400\t10.0\tgpt-4o\tTRUE\tdefault\t59,200.0\t10646.0\t5760.0\n1759708800\t\t\t\t\t\t\t\n";
    let mut used = line("2025-10-05", "gpt-4o");
    used.input = Some(59_200);
    used.cached = Some(5760);
    used.output = Some(10_646);
    used.requests = Some(10);
    used.tier = Some(ServiceTier::Batch);
    for (text, cut) in [(usage, true), (tsv, false)] {
        let invoice = read_ok(Provider::OpenAI, text);
        assert_eq!((invoice.lines, invoice.cut), (vec![used.clone()], cut), "{text}");
    }
}

#[test]
fn anthropic_reports_are_in_cents_and_its_csv_in_dollars() {
    let cost = r#"{"data":[{"starting_at":"2025-08-01T00:00:00Z","ending_at":"2025-08-02T00:00:00Z","results":[
        {"amount":"123.78912","currency":"USD","model":"claude-haiku-4-5","token_type":"output_tokens",
        "service_tier":"standard","cost_type":"tokens"}]}],"has_more":false,"next_page":null}"#;
    let csv = "\u{feff}usage_date_utc,model,workspace,token_type,cost_usd,list_price_usd\n\
        2025-08-01,Claude Haiku 4.5,Default,output,1.2378912,1.2378912\n";
    let mut charged = line("2025-08-01", "claude-haiku-4-5");
    charged.ticks = usd("1.2378912");
    for text in [cost, csv] {
        assert_eq!(
            read_ok(Provider::Anthropic, text).lines,
            [charged.clone()],
            "{text}"
        );
    }
    let usage = r#"{"data":[{"starting_at":"2025-08-01T00:00:00Z","results":[{"uncached_input_tokens":100,
        "cache_creation":{"ephemeral_1h_input_tokens":20,"ephemeral_5m_input_tokens":3},"cache_read_input_tokens":7,
        "output_tokens":50,"model":"claude-haiku-4-5","service_tier":"batch"}]}]}"#;
    let csv = "usage_date_utc,model_version,usage_type,context_window,usage_input_tokens_no_cache,\
        usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,\
        usage_output_tokens\n2025-08-01,claude-haiku-4-5,batch,≤ 200k,100,3,20,7,50\n";
    let mut used = line("2025-08-01", "claude-haiku-4-5");
    used.input = Some(130);
    used.cached = Some(7);
    used.written = Some(23);
    used.output = Some(50);
    used.tier = Some(ServiceTier::Batch);
    for text in [usage, csv] {
        assert_eq!(read_ok(Provider::Anthropic, text).lines, [used.clone()], "{text}");
    }
}

#[test]
fn openrouter_activity_is_read_by_day_and_by_generation() {
    let json = r#"{"data":[{"date":"2025-08-24 00:00:00","model":"openai/gpt-4.1","model_permaslug":"openai/gpt-4.1-2025-04-14",
        "usage":0.015,"byok_usage_inference":0.012,"requests":5,"prompt_tokens":50,"completion_tokens":125,"reasoning_tokens":25}]}"#;
    let mut day = line("2025-08-24", "openai/gpt-4.1");
    day.ticks = usd("0.015");
    day.input = Some(50);
    day.output = Some(125);
    day.requests = Some(5);
    assert_eq!(read_ok(Provider::OpenRouter, json).lines, [day]);
    let csv = "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,tokens_cached,model_permaslug,variant\n\
        gen-1,2026-02-06 18:54:30.040,0.0123,10389,137,10000,openai/gpt-oss-120b,free\n";
    let mut one = line("2026-02-06", "openai/gpt-oss-120b:free");
    one.ticks = usd("0.0123");
    one.input = Some(10_389);
    one.cached = Some(10_000);
    one.output = Some(137);
    one.requests = Some(1);
    assert_eq!(read_ok(Provider::OpenRouter, csv).lines, [one]);
}

#[test]
fn gemini_rows_are_told_by_their_skus() {
    let json = r#"{"service":{"description":"Gemini API"},"sku":{"description":"Generate content output token count gemini 2.5 flash short input text"},
        "usage_start_time":"2026-01-01 07:00:00 UTC","cost":1.5,"currency":"USD","usage":{"amount":600000.0,"unit":"count"},
        "credits":[{"name":"x","amount":-0.25},{"amount":"-0.25"}]}
        {"service":{"description":"Compute Engine"},"sku":{"description":"N2 Core"},"usage_start_time":"2026-01-01T07:00:00Z","cost":9,"currency":"USD"}"#;
    let mut out = line("2026-01-01", "gemini-2.5-flash");
    out.ticks = usd("1.0");
    out.credits = Ticks::new(-5_000_000_000);
    (out.input, out.cached, out.output) = (Some(0), Some(0), Some(600_000));
    let invoice = read_ok(Provider::Gemini, json);
    assert_eq!((invoice.lines, invoice.ignored), (vec![out], 1));
    let table = "Invoice number,1,\nCurrency,USD,\nTotal amount due,$5.72,\n\
        Project name,Service description,SKU description,Credit type,Cost type,Usage start date,Usage end date,Usage amount,Usage unit,Unrounded Cost ($),Cost ($)\n\
        p,Gemini API,Generate content cached input token count gemini 3.1 flash lite preview text flex,,Usage,2026-01-01,2026-01-31,\"1,000\",count,0.123456,0.12\n\
        p,Gemini API,Generate content cached input token count gemini 3.1 flash lite preview text flex,Free tier,Usage,2026-01-01,2026-01-31,,,-0.1,-0.1\n\
        p,Gemini API,Grounding with Google Search,,Usage,2026-01-01,2026-01-31,3,count,1,1\n\
        ,,,,Total,,,,,5.72,5.72\n";
    let lines = read_ok(Provider::Gemini, table).lines;
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].model.as_deref(), Some("gemini-3.1-flash-lite-preview"));
    assert_eq!(
        (lines[0].input, lines[0].cached, lines[0].tier),
        (Some(1000), Some(1000), Some(ServiceTier::Flex))
    );
    assert_eq!(
        (lines[0].ticks, lines[0].last),
        (usd("0.123456"), "2026-01-31".parse().unwrap())
    );
    assert_eq!(
        (lines[1].ticks, lines[1].credits),
        (usd("-0.1"), Ticks::new(-1_000_000_000))
    );
    assert_eq!(
        (lines[2].model.as_deref(), lines[2].input, lines[2].ticks),
        (None, None, usd("1"))
    );
    let report = "Date,Service description,SKU description,Usage amount,Usage unit,Cost ($),Unrounded subtotal ($),Subtotal ($)\n\
        2026-08-15,Gemini API,Gemini 2.5 Pro Thinking Text Output - Predictions,\"622,403\",count,1.56,1.555990,1.56\n";
    let lines = read_ok(Provider::Gemini, report).lines;
    assert_eq!(lines[0].model.as_deref(), Some("gemini-2.5-pro"));
    assert_eq!((lines[0].output, lines[0].ticks), (Some(622_403), usd("1.55599")));
}

#[test]
fn other_currencies_numbers_and_files_are_errors() {
    let head = "usage_date_utc,model,cost_usd\n";
    for (provider, text, said) in [
        (
            Provider::OpenAI,
            r#"{"data":[{"start_time":1,"results":[{"amount":{"value":1,"currency":"eur"}}]}]}"#,
            "row 1 is in eur",
        ),
        (
            Provider::Anthropic,
            r#"[{"starting_at":"2025-08-01T00:00:00Z","amount":"1","currency":"GBP"}]"#,
            "row 1 is in GBP",
        ),
        (
            Provider::Gemini,
            "Currency,AUD\nSKU description,Date,Cost ($)\ngemini 2 flash,2026-01-01,1\n",
            "row 1 is in AUD",
        ),
        (
            Provider::Gemini,
            "SKU description,Date,Cost (€)\ngemini 2 flash,2026-01-01,1\n",
            "row 1 is in €",
        ),
        (
            Provider::Gemini,
            "SKU description,Cost ($)\ngemini 2 flash,1\n",
            "group the report by date",
        ),
        (
            Provider::Anthropic,
            &format!("{head}2026-01-01,m,1.x\n"),
            "cost_usd is \"1.x\", which is no amount",
        ),
        (
            Provider::Anthropic,
            &format!("{head}yesterday,m,1\n"),
            "usage_date_utc is \"yesterday\", which is no day",
        ),
        (
            Provider::OpenAI,
            "start_time,num_model_requests\n1,1.5\n",
            "\"1.5\", which is no count",
        ),
        (Provider::OpenAI, head, "no rows of this provider's exports"),
        (
            Provider::Anthropic,
            r#"{"data":[{"date":"2025-08-24","usage":1}]}"#,
            "no rows of this provider's exports",
        ),
        (Provider::OpenRouter, "\u{feff} \n", "it is empty"),
        (Provider::OpenRouter, "{\"data\":", "it is not JSON"),
        (Provider::OpenRouter, "usage,date\n\"\u{0}", "which is no amount"),
    ] {
        let error = read(provider, text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains(said), "{error}: {text}");
    }
}

#[test]
fn broken_text_is_no_invoice_and_an_empty_page_is_one() {
    let unreadable = read(Provider::OpenRouter, b"usage,date\n\xff,\xff\n").unwrap_err();
    assert!(matches!(unreadable, InvoiceError::Csv(_)), "{unreadable}");
    assert!(
        read_ok(Provider::OpenAI, r#"{"object":"page","data":[]}"#)
            .lines
            .is_empty()
    );
}
