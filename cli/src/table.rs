//! Tables of plain text.

/// Rows under headings, in columns as wide as their widest cell.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
}

impl Table {
    /// A table without rows.
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
            right: Vec::new(),
        }
    }

    /// Aligns these columns, counted from 0, to the right.
    #[must_use]
    pub fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Adds a row. Cells beyond the headings are left out, missing ones are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(
            cells
                .into_iter()
                .map(Into::into)
                .take(self.headings.len())
                .collect(),
        );
    }

    /// The table as text, each line behind `indent` and ended by a newline.
    pub fn render(&self, indent: &str) -> String {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| self.width(column))
            .collect();
        let headings = self.line(&widths, |column| self.headings.get(column).copied());
        let mut text = format!("{indent}{headings}\n");
        for row in &self.rows {
            let line = self.line(&widths, |column| row.get(column).map(String::as_str));
            text.extend([indent, &line, "\n"]);
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let heading = self
            .headings
            .get(column)
            .map_or(0, |heading| heading.chars().count());
        let cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(heading)
    }

    fn line<'a>(&self, widths: &[usize], cell: impl Fn(usize) -> Option<&'a str>) -> String {
        let cells = widths.iter().enumerate().map(|(column, width)| {
            let text = cell(column).unwrap_or_default();
            if self.right.contains(&column) {
                format!("{text:>width$}")
            } else {
                format!("{text:<width$}")
            }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["model", "usd", "by"]).right(&[1]);
        table.row(["chat", "0.0125", "a"]);
        table.row(["a-longer-name", "1", ""]);
        let expected = "  model             usd  by\n  chat           0.0125  a\n  a-longer-name       1\n";
        assert_eq!(table.render("  "), expected);
    }

    #[test]
    fn what_has_no_heading_is_left_out() {
        let mut table = Table::new(&["one"]);
        table.row(["→", "lost"]);
        assert_eq!(table.render(""), "one\n→\n");
    }
}
