//! Figures read back out of the exposition, for people: what they are shown is what Prometheus is shown.

/// One series with its value at a moment.
#[derive(Debug, PartialEq)]
pub struct Sample {
    /// The family's name.
    pub name: String,
    labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
}

impl Sample {
    /// Gives the value of a label; empty where the series has none of that name.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label == name).map_or("", |(_, value)| value)
    }

    /// Gives the value of what is counted in whole numbers.
    pub fn count(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "casts of floats saturate, and counts are no fractions"
        )]
        let count = self.value as u64;
        count
    }
}

/// Reads the series of a text in the Prometheus format; labels of ours hold no commas and nothing escaped.
pub(super) fn read(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}').split(',').filter_map(|label| label.split_once('='));
    let labels = labels.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()));
    Some(Sample { name: name.to_owned(), labels: labels.collect(), value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_with_and_without_labels() {
        let text =
            "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\",y=\"two\"} 3\n\nb 0.5\nnonsense\n";
        let samples = read(text);
        let told: Vec<_> =
            samples.iter().map(|s| (s.name.as_str(), s.label("y"), s.value, s.count())).collect();
        assert_eq!(told, [("a_total", "two", 3.0, 3), ("b", "", 0.5, 0)]);
    }
}
