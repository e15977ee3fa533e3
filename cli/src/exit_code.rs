//! The exit codes: one for each kind of error, so that a script knows what to do without reading messages.

use std::fmt;

use doorward::{Error, ErrorKind};

use crate::product;

/// Prints the table
pub(crate) fn run() -> Result<(), Error> {
    product::print(table().as_bytes())
}

/// The exit code of an error of this kind
pub(crate) fn of(kind: ErrorKind) -> u8 {
    let row = TABLE.iter().find(|row| row.kind == Some(kind));
    row.map_or(UNKNOWN, |row| row.code)
}

/// All exit codes for people, one per line
pub(crate) fn table() -> String {
    let lines: Vec<String> = TABLE.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// An exit code, and what to do about it
#[derive(Debug)]
struct Row {
    code: u8,
    kind: Option<ErrorKind>,
    advice: &'static str,
}

impl Row {
    const fn of(code: u8, kind: ErrorKind, advice: &'static str) -> Self {
        Self {
            code,
            kind: Some(kind),
            advice,
        }
    }

    const fn plain(code: u8, advice: &'static str) -> Self {
        Self {
            code,
            kind: None,
            advice,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {:>3}  ", self.code)?;
        if let Some(kind) = self.kind {
            write!(f, "{kind}: ")?;
        }
        f.write_str(self.advice)
    }
}

/// The command line itself is wrong
pub(crate) const USAGE: u8 = 2;

/// No error: something was found, and the caller said that this is to end the job
pub(crate) const FINDINGS: u8 = 23;

/// `exec`: the command cannot be started, as shells say it
pub(crate) const NOT_STARTED: u8 = 126;

/// `exec`: there is no such command, as shells say it
pub(crate) const NOT_FOUND: u8 = 127;

/// `exec`: what is added to the number of the signal that ended the command, as shells do it
pub(crate) const SIGNAL: i32 = 128;

/// A kind that is newer than this table
const UNKNOWN: u8 = 1;

/// The one source of what the help shows; the README has the same in its words
const TABLE: [Row; 18] = [
    Row::plain(0, "done"),
    Row::plain(USAGE, "correct the command line"),
    Row::of(10, ErrorKind::Config, "correct the settings"),
    Row::of(
        11,
        ErrorKind::Rejected,
        "correct the credentials; do not try again with the same",
    ),
    Row::of(
        12,
        ErrorKind::AccountState,
        "a person must act at the provider (locked, expired, consent); no new try before",
    ),
    Row::of(
        13,
        ErrorKind::Unsupported,
        "the provider asks for a factor that nobody configured, or that is not supported",
    ),
    Row::of(
        14,
        ErrorKind::UntrustedOrigin,
        "an unnamed host asks for credentials or codes; name it only if it is yours",
    ),
    Row::of(
        15,
        ErrorKind::NoAdapter,
        "no adapter recognizes the login page",
    ),
    Row::of(
        16,
        ErrorKind::UnexpectedPage,
        "the provider changed, or an adapter has a bug; report it",
    ),
    Row::of(
        17,
        ErrorKind::Denied,
        "signed in, but the portal refuses this user",
    ),
    Row::of(
        18,
        ErrorKind::Portal,
        "the portal's answer is not a token document",
    ),
    Row::of(
        19,
        ErrorKind::UnsafeCommand,
        "the portal's command holds something unknown, or that nobody allowed",
    ),
    Row::of(
        20,
        ErrorKind::Unavailable,
        "a server says 429 or 5xx; try again later",
    ),
    Row::of(
        21,
        ErrorKind::Transport,
        "the network failed, or a time-out passed; try again",
    ),
    Row::of(
        22,
        ErrorKind::Storage,
        "a kubeconfig, a kept token, a lock or stdout could not be read or written",
    ),
    Row::plain(
        FINDINGS,
        "kubeconfig check found something as bad as --fail-on says; look at the findings",
    ),
    Row::plain(NOT_STARTED, "exec: the command cannot be started"),
    Row::plain(NOT_FOUND, "exec: there is no such command"),
];

#[cfg(test)]
mod tests {
    use doorward::ErrorKind;

    use super::{TABLE, of, table};

    #[test]
    fn every_kind_has_its_code() {
        let codes = [
            ("Config", ErrorKind::Config, 10),
            ("Rejected", ErrorKind::Rejected, 11),
            ("AccountState", ErrorKind::AccountState, 12),
            ("Unsupported", ErrorKind::Unsupported, 13),
            ("UntrustedOrigin", ErrorKind::UntrustedOrigin, 14),
            ("NoAdapter", ErrorKind::NoAdapter, 15),
            ("UnexpectedPage", ErrorKind::UnexpectedPage, 16),
            ("Denied", ErrorKind::Denied, 17),
            ("Portal", ErrorKind::Portal, 18),
            ("UnsafeCommand", ErrorKind::UnsafeCommand, 19),
            ("Unavailable", ErrorKind::Unavailable, 20),
            ("Transport", ErrorKind::Transport, 21),
            ("Storage", ErrorKind::Storage, 22),
        ];
        for (name, kind, code) in codes {
            assert_eq!((kind.as_str(), of(kind)), (name, code));
        }
    }

    #[test]
    fn the_readme_has_the_same_table() {
        let readme = include_str!("../../README.md");
        let (_, section) = readme.split_once("\n## Exit codes\n").unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        let rows: Vec<Vec<String>> = section
            .lines()
            .filter(|line| line.starts_with("| ") && !line.starts_with("| code"))
            .map(|line| {
                let cells = line.trim_matches('|').split('|');
                cells
                    .map(|cell| cell.trim().replace(['`', '*'], ""))
                    .collect()
            })
            .collect();

        let own: Vec<Vec<String>> = TABLE
            .iter()
            .map(|row| {
                let kind = row.kind.map(|kind| kind.as_str()).unwrap_or_default();
                vec![row.code.to_string(), kind.into(), row.advice.into()]
            })
            .collect();
        assert_eq!(rows, own);
    }

    #[test]
    fn a_line_of_the_table_fits_the_help() {
        for line in table().lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
