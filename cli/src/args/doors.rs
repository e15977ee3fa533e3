//! Which way in a call means: each has options of its own, and their variables may be meant for other calls of the job.

use std::ffi::OsString;

use crate::args::{LoginOptions, own};
use crate::environment::variable;

/// Whether one of the words is the option `long`, with or without its value
pub(super) fn is_flag(words: &[OsString], long: &str) -> bool {
    let mut values = own(words)
        .iter()
        .filter_map(|word| word.to_str()?.strip_prefix("--")?.strip_prefix(long));
    values.any(|rest| rest.is_empty() || rest.starts_with('='))
}

/// Whether one of the words names a way in
pub(super) fn is_named(words: &[OsString]) -> bool {
    DOORS.iter().any(|long| is_flag(words, long))
}

/// The variables of ways in that the words do not mean
pub(super) fn variables_of_others(words: &[OsString]) -> Vec<String> {
    let [portal, others @ ..] = DOORS;
    let others = others.as_slice();
    let left_out: &[&str] = match is_flag(words, portal) {
        true => others,
        false if others.iter().any(|long| is_flag(words, long)) => &[portal],
        false => &[],
    };
    left_out.iter().map(|long| variable(long)).collect()
}

/// The error is a usage error's text
pub(super) fn check(settings: &LoginOptions) -> Result<(), String> {
    let (issuer, identity) = (&settings.issuer, &settings.identity);
    if settings.portal.portal.is_some() && settings.name_another_door() {
        return Err(
            "--portal has no place beside --issuer, --jwt-key and --ci-identity: they are other ways in"
                .to_owned(),
        );
    }
    if identity.jwt_key.is_some() && identity.ci_identity.is_some() {
        return Err(
            "--jwt-key and --ci-identity are two ways in: give one of them only".to_owned(),
        );
    }
    let needs_client = issuer.issuer.is_some() && identity.jwt_key.is_none();
    match needs_client && issuer.client_id.is_none() {
        true => Err("--issuer needs --client-id: the client as the issuer knows it".to_owned()),
        false => Ok(()),
    }
}

/// The options that name a way in
pub(super) const DOORS: [&str; 4] = ["portal", "issuer", "jwt-key", "ci-identity"];

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{is_named, variables_of_others};

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(Into::into).collect()
    }

    #[test]
    fn an_option_sends_the_variables_of_other_ways_away() {
        let others = |line: &str| variables_of_others(&words(line));

        assert_eq!(
            others("doorward login --portal=x"),
            [
                "DOORWARD_ISSUER",
                "DOORWARD_JWT_KEY",
                "DOORWARD_CI_IDENTITY"
            ]
        );
        for line in ["--issuer x", "--jwt-key=k", "--ci-identity"] {
            assert_eq!(
                others(&format!("doorward login {line}")),
                ["DOORWARD_PORTAL"]
            );
        }
        assert!(others("doorward login").is_empty());
        assert!(others("doorward exec -- kubectl --portal x").is_empty());
    }

    #[test]
    fn a_longer_option_names_no_way_in() {
        assert!(!is_named(&words(
            "doorward login --portal-kind gangway --jwt-key-passphrase-file p"
        )));
        assert!(is_named(&words("doorward login --ci-identity")));
    }
}
