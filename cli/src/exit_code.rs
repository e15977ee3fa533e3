//! The exit codes: one for each kind of error, so that a script knows what to do without reading messages.

use doorward::ErrorKind;

/// The exit code of an error of this kind
pub(crate) fn of(kind: ErrorKind) -> u8 {
    let row = TABLE.iter().find(|(known, _)| *known == kind);
    row.map_or(UNKNOWN, |(_, code)| *code)
}

/// The command line itself is wrong
pub(crate) const USAGE: u8 = 2;

/// No error: something was found, and the caller said that this is to end the job
pub(crate) const FINDINGS: u8 = 23;

/// A kind that is newer than this table
const UNKNOWN: u8 = 1;

pub(crate) const TABLE: [(ErrorKind, u8); 13] = [
    (ErrorKind::Config, 10),
    (ErrorKind::Rejected, 11),
    (ErrorKind::AccountState, 12),
    (ErrorKind::Unsupported, 13),
    (ErrorKind::UntrustedOrigin, 14),
    (ErrorKind::NoAdapter, 15),
    (ErrorKind::UnexpectedPage, 16),
    (ErrorKind::Denied, 17),
    (ErrorKind::Portal, 18),
    (ErrorKind::UnsafeCommand, 19),
    (ErrorKind::Unavailable, 20),
    (ErrorKind::Transport, 21),
    (ErrorKind::Storage, 22),
];

#[cfg(test)]
mod tests {
    use doorward::ErrorKind;

    use super::of;

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
}
