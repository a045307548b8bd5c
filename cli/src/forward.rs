//! Hands flags of this command line on to another.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

/// The flags of group `A` that were given on the command line, as they were given. What comes from the environment is
/// left out: a child has the same.
pub fn given<A: Args>(matches: &ArgMatches) -> Vec<OsString> {
    let group = A::augment_args(Command::new("group"));
    let mut flags = Vec::new();
    for flag in group.get_arguments() {
        let id = flag.get_id().as_str();
        let given =
            matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine);
        let (true, Some(long)) = (given, flag.get_long()) else {
            continue;
        };
        if !flag.get_action().takes_values() {
            flags.push(format!("--{long}").into());
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            let mut word = OsString::from(format!("--{long}="));
            word.push(value);
            flags.push(word);
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;

    #[derive(Args, Clone, Debug, PartialEq, Eq)]
    struct Group {
        #[arg(long, default_value_t = 1)]
        number: u32,
        #[arg(long = "file")]
        path: Option<String>,
        #[arg(long)]
        many: Vec<String>,
        #[arg(long)]
        switch: bool,
    }

    fn parse(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> (Group, Vec<OsString>) {
        let words = std::iter::once(OsString::from("x")).chain(words.into_iter().map(Into::into));
        let matches = Group::augment_args(Command::new("x")).get_matches_from(words);
        (
            Group::from_arg_matches(&matches).unwrap(),
            given::<Group>(&matches),
        )
    }

    #[test]
    fn what_is_handed_on_means_the_same() {
        let words = [
            "--number", "2", "--file", "a b", "--many=x", "--many", "y", "--switch",
        ];
        let (group, flags) = parse(words);
        assert_eq!(flags.len(), 5, "{flags:?}");
        assert_eq!(parse(flags).0, group);
    }

    #[test]
    fn defaults_are_left_to_the_other() {
        assert_eq!(parse([""; 0]).1, [""; 0]);
    }
}
