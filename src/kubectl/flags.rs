//! Words to flags and positional arguments, as kubectl's flag library reads them.
//!
//! Source: <https://pkg.go.dev/github.com/spf13/pflag>

use crate::kubectl::error::{ParseCommandError, Refusal, refuse};
use crate::kubectl::words::Word;

/// The arguments of one subcommand
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Given>,
    flags: Vec<(&'static str, Given)>,
}

/// A value, and where it stands
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) value: String,
    pub(super) offset: usize,
}

/// What a flag takes
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Takes {
    /// True, unless `=false` follows
    Switch,
    /// A text behind `=`, or the next word
    Value,
}

impl Arguments {
    /// Reads `words`; `unknown` makes the error for a flag that is not in `known`
    pub(super) fn read(
        words: &[Word],
        known: &[(&'static str, Takes)],
        unknown: impl Fn(&str, usize) -> ParseCommandError,
    ) -> Result<Self, ParseCommandError> {
        let mut arguments = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let offset = word.offset;
            let Some(flag) = word.text.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
                arguments.positional.push(given(&word.text, offset));
                continue;
            };
            if flag == "-" {
                arguments
                    .positional
                    .extend(words.map(|word| given(&word.text, word.offset)));
                break;
            }
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (flag, None),
            };
            let Some((name, takes)) = name.strip_prefix('-').and_then(|long| {
                let long = long.replace('_', "-");
                known.iter().copied().find(|(name, _)| *name == long)
            }) else {
                return Err(unknown(&format!("-{name}"), offset));
            };
            let value = match (value, takes) {
                (Some(value), _) => value,
                (None, Takes::Switch) => "true",
                (None, _) => match words.next() {
                    Some(word) => &word.text,
                    None => return refuse(Refusal::CommandFails, offset, "a flag without value"),
                },
            };
            arguments.flags.push((name, given(value, offset)));
        }
        Ok(arguments)
    }

    /// The last value of a flag
    pub(super) fn last(&self, name: &str) -> Option<&Given> {
        let mut all = self.flags.iter().rev();
        Some(&all.find(|(flag, _)| *flag == name)?.1)
    }

    /// The values of a flag, in their order
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Given> {
        self.flags
            .iter()
            .filter(move |(flag, _)| *flag == name)
            .map(|(_, given)| given)
    }

    /// The last value of a switch; every value must be a boolean
    pub(super) fn switch(&self, name: &str) -> Result<Option<bool>, ParseCommandError> {
        let mut last = None;
        for given in self.all(name) {
            last = Some(boolean(&given.value).ok_or_else(|| {
                let construct = "a switch that is neither true nor false";
                ParseCommandError::new(Refusal::CommandFails, given.offset, construct)
            })?);
        }
        Ok(last)
    }

    /// All values of a flag that takes lists
    pub(super) fn list(&self, name: &str) -> Result<Vec<Given>, ParseCommandError> {
        let mut values = Vec::new();
        for given in self.all(name) {
            no_line_break(given)?;
            let Some(fields) = comma_separated(&given.value) else {
                let construct = "a list with misplaced quotes";
                return refuse(Refusal::CommandFails, given.offset, construct);
            };
            values.extend(fields.into_iter().map(|value| Given {
                value,
                offset: given.offset,
            }));
        }
        Ok(without_lone_blank(values))
    }

    /// All values of a flag that takes one text each time
    pub(super) fn each(&self, name: &str) -> Result<Vec<Given>, ParseCommandError> {
        for given in self.all(name) {
            no_line_break(given)?;
        }
        Ok(without_lone_blank(self.all(name).cloned().collect()))
    }
}

/// The spellings of Go's `strconv.ParseBool`
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// `key=value` pairs to set, in their order, and the keys that `key-` takes away
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) set: Vec<(String, Given)>,
    pub(super) removed: Vec<String>,
}

impl Pairs {
    pub(super) fn read(list: Vec<Given>) -> Result<Self, ParseCommandError> {
        let mut pairs = Self::default();
        for Given { value, offset } in list {
            match (value.split_once('='), value.strip_suffix('-')) {
                (Some((key, value)), _) if !key.is_empty() => {
                    pairs.set.push((key.to_owned(), given(value, offset)));
                }
                (None, Some(key)) if !key.is_empty() => pairs.removed.push(key.to_owned()),
                _ => {
                    let construct = "a flag's value that is no `key=value`";
                    return refuse(Refusal::CommandFails, offset, construct);
                }
            }
        }
        Ok(pairs)
    }
}

fn given(value: &str, offset: usize) -> Given {
    Given {
        value: value.to_owned(),
        offset,
    }
}

/// The flag library writes its lists as CSV and reads them again, which loses a single empty text
fn without_lone_blank(values: Vec<Given>) -> Vec<Given> {
    match values.as_slice() {
        [only] if only.value.is_empty() => Vec::new(),
        _ => values,
    }
}

/// The same detour takes a line break for the end of the list, and a carriage return for nothing
fn no_line_break(given: &Given) -> Result<(), ParseCommandError> {
    match given.value.contains(['\n', '\r']) {
        true => refuse(
            Refusal::CommandFails,
            given.offset,
            "a line break in a list",
        ),
        false => Ok(()),
    }
}

/// One line of CSV as Go's `encoding/csv` reads it; `None` where it finds an error
fn comma_separated(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    if rest.is_empty() {
        return Some(fields);
    }
    loop {
        let mut field = String::new();
        match rest.strip_prefix('"') {
            Some(mut quoted) => loop {
                let (text, after) = quoted.split_once('"')?;
                field.push_str(text);
                match after.strip_prefix('"') {
                    Some(after) => {
                        field.push('"');
                        quoted = after;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            },
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                if text.contains('"') {
                    return None;
                }
                field.push_str(text);
                rest = after;
            }
        }
        fields.push(field);
        if rest.is_empty() {
            return Some(fields);
        }
        rest = rest.strip_prefix(',')?;
    }
}
