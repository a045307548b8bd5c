//! docs/status.md explains all that a status can say.

use wayleave_api::condition::{ConditionType, Reason};

use super::folder::{read, root};

/// The rows of all tables, as their cells.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn status_page() -> String {
    read(&root().join("docs/status.md"))
}

#[test]
fn each_reason_says_what_it_means_and_what_to_do() {
    let text = status_page();
    let (_, reasons) = text.split_once("\n## Reasons\n").expect("a section");
    let (reasons, _) = reasons.split_once("\n## ").unwrap_or((reasons, ""));
    let rows = rows(reasons);
    for reason in Reason::ALL {
        let name = format!("`{}`", reason.as_str());
        let row = rows.iter().find(|row| row[0] == name);
        let row = row.unwrap_or_else(|| panic!("docs/status.md does not explain {name}"));
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        let condition = format!("`{}`", reason.condition().as_str());
        assert!(row[1].contains(&condition), "{row:?}");
    }
    assert_eq!(
        rows.len(),
        Reason::ALL.len(),
        "a reason that is not there is explained"
    );
}

#[test]
fn each_condition_says_what_it_means() {
    let text = status_page();
    let (_, conditions) = text.split_once("\n## Conditions\n").expect("a section");
    let (conditions, _) = conditions.split_once("\n## ").expect("a section");
    let rows = rows(conditions);
    let all = [
        ConditionType::Accepted,
        ConditionType::ResolvedRefs,
        ConditionType::Programmed,
        ConditionType::Ready,
        ConditionType::Stalled,
    ];
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(names, all.map(|condition| format!("`{}`", condition.as_str())));
}
