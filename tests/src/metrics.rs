//! The numbers that a gateway tells Prometheus.

/// One scrape.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Vec<Sample>);

#[derive(Clone, Debug, PartialEq)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Metrics {
    /// Reads the `OpenMetrics` text format.
    ///
    /// # Panics
    /// When a line is not in that format.
    pub fn read(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        Self(lines.map(Sample::read).collect())
    }

    /// The sum over all samples of this name that have these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &Sample, (label, value): &(&str, &str)| {
            sample.labels.iter().any(|(l, v)| l == label && v == value)
        };
        let matching = self.0.iter().filter(|sample| sample.name == name);
        matching
            .filter(|sample| labels.iter().all(|label| has(sample, label)))
            .map(|sample| sample.value)
            .sum()
    }

    /// The same of a counter, which only counts whole things.
    #[expect(clippy::cast_possible_truncation, reason = "counts of a test are small")]
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        self.sum(name, labels).round() as i64
    }
}

impl Sample {
    fn read(line: &str) -> Self {
        let (head, value) = line
            .rsplit_once(' ')
            .unwrap_or_else(|| panic!("no value: {line}"));
        let (name, labels) = head.split_once('{').unwrap_or((head, "}"));
        let labels = labels
            .strip_suffix('}')
            .unwrap_or_else(|| panic!("open labels: {line}"));
        Self {
            name: name.to_owned(),
            labels: labels
                .split("\",")
                .filter(|label| !label.is_empty())
                .map(Self::label)
                .collect(),
            value: value.parse().unwrap_or_else(|_| panic!("no number: {line}")),
        }
    }

    fn label(text: &str) -> (String, String) {
        let (name, value) = text
            .split_once("=\"")
            .unwrap_or_else(|| panic!("no label: {text}"));
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_label() {
        let text = "# TYPE c counter\nc_total{a=\"x\",b=\"1\"} 2\nc_total{a=\"x\",b=\"2\"} 3\nc_total{a=\"y\",b=\"2\"} 4\ng 7\n# EOF\n";
        let metrics = Metrics::read(text);
        assert_eq!(metrics.count("c_total", &[]), 9);
        assert_eq!(metrics.count("c_total", &[("a", "x")]), 5);
        assert_eq!(metrics.count("c_total", &[("b", "2"), ("a", "y")]), 4);
        assert_eq!(metrics.count("g", &[]), 7);
        assert_eq!(metrics.count("none", &[]), 0);
    }
}
