//! Sums of the ledger's table in ClickHouse, which makes them itself.

use std::env;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::{Client, Url};
use serde_json::{Map, Value};
use wayleave_core::books::Tokens;
use wayleave_core::books::by::By;
use wayleave_core::books::period::Period;
use wayleave_core::books::spend::{Spend, Sums};
use wayleave_core::money::Ticks;

/// As many groups as are kept apart, and one more, to see that there are more.
const MOST_GROUPS: u32 = 100_001;
const PATIENCE: Duration = Duration::from_secs(120);
/// The variable with the password, as data planes have it.
const PASSWORD: &str = "WAYLEAVE_LEDGER_CLICKHOUSE_PASSWORD";
/// What is told of an error.
const TOLD: usize = 300;

/// Where the ledger's table is.
#[derive(Clone, Debug, Args)]
pub struct ClickHouseArgs {
    /// The HTTP interface of ClickHouse with the ledger's table; a password is read from `WAYLEAVE_LEDGER_CLICKHOUSE_PASSWORD`
    #[arg(long, value_name = "URL", value_parser = url)]
    pub clickhouse: Option<Url>,
    /// The table, or DATABASE.TABLE
    #[arg(long, value_name = "NAME", default_value = "wayleave_ledger", value_parser = table)]
    pub clickhouse_table: String,
    /// The user
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub clickhouse_user: String,
}

impl ClickHouseArgs {
    pub(super) async fn sum(
        &self,
        url: &Url,
        by: &[By],
        period: Period,
        spend: &mut Spend,
    ) -> anyhow::Result<()> {
        let text = self.ask(url, query(&self.clickhouse_table, by, period)).await?;
        for line in text.lines() {
            let row: Map<String, Value> =
                serde_json::from_str(line).context("ClickHouse answered no JSON")?;
            let (group, sums) =
                read(&row, by.len()).with_context(|| format!("ClickHouse answered {line}"))?;
            spend.add_sums(group, &sums);
        }
        Ok(())
    }

    async fn ask(&self, url: &Url, query: String) -> anyhow::Result<String> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .build()
            .context("cannot set up HTTP")?;
        let mut request = client
            .post(url.clone())
            .header("x-clickhouse-user", &self.clickhouse_user)
            .body(query);
        if let Ok(password) = env::var(PASSWORD) {
            request = request.header("x-clickhouse-key", password);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("{url} gave no answer"))?;
        let status = answer.status();
        let text = answer.text().await.with_context(|| format!("{url} broke off"))?;
        if !status.is_success() {
            let told: String = text.trim().chars().take(TOLD).collect();
            bail!("{url} answered {status}: {told}");
        }
        Ok(text)
    }
}

/// `http` or `https`, without a credential.
fn url(text: &str) -> Result<Url, String> {
    let wrong = "write it as http://HOST:PORT or https://HOST:PORT, without a user or password in it";
    let url = Url::parse(text).map_err(|_| wrong.to_owned())?;
    let plain =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    if plain { Ok(url) } else { Err(wrong.to_owned()) }
}

fn table(text: &str) -> Result<String, String> {
    let name = |part: &str| {
        part.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && part.starts_with(|letter: char| !letter.is_ascii_digit())
    };
    if text.split('.').count() <= 2 && text.split('.').all(name) {
        Ok(text.to_owned())
    } else {
        Err("a name has letters, digits and _, and does not begin with a digit".to_owned())
    }
}

/// In words that servers of 2018 take as well.
fn query(table: &str, by: &[By], period: Period) -> String {
    let groups: Vec<String> = by
        .iter()
        .zip(0..)
        .map(|(by, at)| format!("{} AS g{at}", column(*by)))
        .collect();
    let names: Vec<String> = (0..by.len()).map(|at| format!("g{at}")).collect();
    let attempts = "kind = 'attempt'";
    let mut wheres = vec!["1 = 1".to_owned()];
    if !by.iter().all(|by| by.has_calls()) {
        wheres.push(attempts.to_owned());
    }
    // The second one lets whole months be left out.
    for (moment, sign, wide) in [(period.since, ">=", ">="), (period.until, "<", "<=")] {
        if let Some(moment) = moment {
            wheres.push(format!("started_us {sign} {}", moment.as_microsecond()));
            wheres.push(format!(
                "started {wide} toDateTime({})",
                moment.as_second().max(0)
            ));
        }
    }
    let sum =
        |name: &str, what: &str, of: &str| format!("toString(sumIf(ifNull({what}, 0), {of})) AS {name}");
    let count = |name: &str, of: &str| format!("toString(countIf({of})) AS {name}");
    let figures = [
        count("calls", "kind = 'call'"),
        count("failed", "kind = 'call' AND ifNull(status, 599) >= 400"),
        "sumIf(duration_ms, kind = 'call') AS calls_ms".to_owned(),
        count("attempts", attempts),
        sum("plain", "usage_input", attempts),
        sum("cached", "usage_cache_read", attempts),
        format!(
            "toString(sumIf(ifNull(usage_cache_write_5m, 0) + ifNull(usage_cache_write_1h, 0), {attempts})) AS written"
        ),
        sum("output", "usage_output", attempts),
        sum("cost", "cost_ticks", attempts),
        count("unpriced", "kind = 'attempt' AND isNull(cost_ticks)"),
        sum("saved", "saved_ticks", attempts),
        sum(
            "lost",
            "cost_ticks",
            "kind = 'attempt' AND ifNull(role, '') = 'race-loser'",
        ),
        sum(
            "judged",
            "cost_ticks",
            "kind = 'attempt' AND ifNull(role, '') = 'judge'",
        ),
    ];
    format!(
        "SELECT {}, {} FROM {table} FINAL WHERE {} GROUP BY {} ORDER BY sumIf(ifNull(cost_ticks, 0), {attempts}) DESC \
         LIMIT {MOST_GROUPS} FORMAT JSONEachRow",
        groups.join(", "),
        figures.join(", "),
        wheres.join(" AND "),
        names.join(", ")
    )
}

fn column(by: By) -> &'static str {
    match by {
        By::Model => "ifNull(model_served, model_asked)",
        By::Route => "route",
        By::Client => "client",
        By::Day => "toString(toDate(started))",
        By::Class => "class",
        By::Task => "task_class",
        By::Provider => "provider",
        By::Key => "key",
        By::Role => "role",
    }
}

fn read(row: &Map<String, Value>, groups: usize) -> anyhow::Result<(Vec<Option<String>>, Sums)> {
    let number = |name: &str| -> anyhow::Result<i64> {
        let text = row
            .get(name)
            .and_then(Value::as_str)
            .with_context(|| format!("without {name}"))?;
        text.parse().with_context(|| format!("{name} is {text}"))
    };
    let count = |name: &str| number(name).map(|number| u64::try_from(number).unwrap_or_default());
    let group = (0..groups).map(|at| {
        let name = row.get(&format!("g{at}")).and_then(Value::as_str);
        name.filter(|name| !name.is_empty()).map(str::to_owned)
    });
    let sums = Sums {
        calls: count("calls")?,
        failed_calls: count("failed")?,
        calls_ms: row.get("calls_ms").and_then(Value::as_f64).unwrap_or_default(),
        attempts: count("attempts")?,
        tokens: Tokens {
            plain: count("plain")?,
            cached: count("cached")?,
            written: count("written")?,
            output: count("output")?,
        },
        cost_ticks: Ticks::new(number("cost")?),
        unpriced: count("unpriced")?,
        saved_ticks: Ticks::new(number("saved")?),
        lost_ticks: Ticks::new(number("lost")?),
        judge_ticks: Ticks::new(number("judged")?),
    };
    Ok((group.collect(), sums))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_hold_no_statements_and_no_secrets() {
        for good in ["wayleave_ledger", "books.l1"] {
            assert_eq!(table(good), Ok(good.to_owned()));
        }
        for bad in ["", "a.b.c", "1a", "a;DROP", "a b", "`a`", "a."] {
            assert!(table(bad).is_err(), "{bad}");
        }
        assert!(url("http://localhost:8123").is_ok());
        for bad in ["localhost:8123", "http://u:p@h", "ftp://h"] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_query_has_a_column_for_each_group_and_bounds_of_time() {
        let at = |text: &str| text.parse().ok();
        let period = Period {
            since: at("2026-11-01T00:00:00Z"),
            until: at("2026-12-01T00:00:00Z"),
        };
        let text = query("l", &[By::Day, By::Role], period);
        for part in [
            "toString(toDate(started)) AS g0, role AS g1",
            "started_us >= 1793491200000000 AND started >= toDateTime(1793491200)",
            "started_us < 1796083200000000 AND started <= toDateTime(1796083200)",
            "1 = 1 AND kind = 'attempt' AND",
            "FROM l FINAL",
            "GROUP BY g0, g1 ORDER",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
