//! Whether a text holds code: a fence, or lines that look like source.

/// Lines that are looked at.
const MOST_LINES: usize = 400;
/// Lines that look like source, from which on there is code. One may be a figure of speech.
const ENOUGH: usize = 2;

/// How lines of source begin, in the languages that are asked about most.
const BEGINS: [&str; 36] = [
    "#include",
    "#!/",
    "import ",
    "from ",
    "package ",
    "using ",
    "use ",
    "def ",
    "async def ",
    "class ",
    "fn ",
    "pub fn ",
    "func ",
    "function ",
    "const ",
    "let ",
    "var ",
    "return ",
    "public ",
    "private ",
    "static ",
    "struct ",
    "enum ",
    "impl ",
    "interface ",
    "if (",
    "for (",
    "while (",
    "} else",
    "else:",
    "elif ",
    "try:",
    "except",
    "SELECT ",
    "CREATE TABLE ",
    "INSERT INTO ",
];
/// How they go on, where their beginning is also a word of English.
const GOES_ON: [char; 8] = ['(', ')', '{', '=', ';', ':', '<', '.'];

/// Whether there is code in a text.
pub(super) fn is_in(text: &str) -> bool {
    let fenced = text
        .match_indices("```")
        .any(|(at, _)| text.get(..at).is_none_or(starts_line));
    fenced
        || text.contains("Traceback (most recent call last)")
        || text
            .lines()
            .take(MOST_LINES)
            .filter(|line| looks_like_source(line.trim()))
            .nth(ENOUGH - 1)
            .is_some()
}

/// Whether what comes next is the first of its line.
fn starts_line(before: &str) -> bool {
    before.trim_end_matches([' ', '\t']).ends_with('\n') || before.trim().is_empty()
}

fn looks_like_source(line: &str) -> bool {
    let ended = line.ends_with([';', '{', '}']) || line.ends_with("};") || line.ends_with("});");
    let called = line.contains('(') && line.contains(')') || line.contains('=');
    let tagged = line.starts_with("</") || line.starts_with("<!DOCTYPE") || line.ends_with("/>");
    let begun = BEGINS.iter().any(|begin| line.starts_with(begin)) && line.contains(GOES_ON);
    let imported = ["import ", "from ", "use ", "using ", "package "]
        .iter()
        .any(|begin| line.starts_with(begin))
        && line.split_whitespace().count() <= 6
        && !line.ends_with(['.', '?', '!', ',']);
    tagged
        || imported
        || begun && !line.ends_with(['.', '?', '!', ','])
        || ended && (called || line.len() <= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_seen() {
        for text in [
            "What does this do?\n```\nls -l\n```",
            "```python\nprint(1)",
            "Why does it fail?\nTraceback (most recent call last):\n  File \"a.py\"",
            "def add(a, b):\n    return a + b(1)\n\nadd(1, 2)",
            "fix this\nfor (int i = 0; i < n; i++) {\n  sum += i;\n}",
            "import os\nimport sys\nprint(sys.argv)",
            "fn main() {\n    println!(\"hi\");\n}",
            "const a = 1;\nlet b = a + 2;",
            "SELECT name FROM t WHERE a = 1;\nINSERT INTO t VALUES (1);",
            "<div>\n</div>\n</body>",
        ] {
            assert!(is_in(text), "{text}");
        }
    }

    #[test]
    fn prose_is_none() {
        for text in [
            "",
            "Write a poem about spring; make it short.",
            "Let us talk about the class of 1990: it was good.\nFrom there we went home.\nUse what you have.",
            "Dear Ann,\n\nreturn the book, please; I need it (soon).\n\nYours,\nBob",
            "My list:\n- milk;\n- bread;\n- eggs.",
            "Quote three backticks inline: ``` is a fence.",
            "Translate to French: I want to import goods from Spain.\nFor each of them, tell me the price.",
            "let me know what you think\nif you can, call me (today)",
        ] {
            assert!(!is_in(text), "{text}");
        }
    }
}
