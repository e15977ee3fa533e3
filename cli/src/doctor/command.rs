//! The complete login to try, as one line for a shell, with no secret in it.

use std::path::{Path, PathBuf};

use doorward::profile::SecretPlace;
use doorward::{Profile, one_line};

use crate::args::{
    CLIENT_SECRET, DEVICE, JWT_KEY_PASSPHRASE, PASSKEY, PASSWORD, SECURITY_ANSWER, SUBJECT_TOKEN,
    TOTP_SEED,
};
use crate::bundle::program_of;
use crate::door::Way;
use crate::settings::{CONNECT_TIMEOUT, TIMEOUT};

/// The command for `profile`, with the options that the walk found missing
///
/// Nothing for ways in without a login page: a walk adds nothing to their options. Nothing also where a word would not be shown as it is.
pub(super) fn of(
    profile: &Profile,
    flags: &[(&'static str, String)],
    kubeconfig: Option<&Path>,
) -> Option<String> {
    let way = Way::of(profile);
    if !way.has_a_password(profile) {
        return None;
    }
    let mut words = vec!["doorward".to_owned(), "login".to_owned()];
    let mut add = |option: &str, value: &str| words.extend([option.to_owned(), value.to_owned()]);
    match way {
        Way::Issuer => {
            add("--issuer", profile.issuer.as_deref()?);
            add("--client-id", profile.client_id.as_deref()?);
            for (option, value) in [
                ("--redirect-uri", &profile.redirect_uri),
                ("--grant", &profile.grant),
                ("--client-assertion-key", &profile.client_assertion_key),
            ] {
                value.iter().for_each(|value| add(option, value));
            }
            profile.scope.iter().for_each(|scope| add("--scope", scope));
            let parameters = profile.token_parameter.iter();
            parameters.for_each(|parameter| add("--token-parameter", parameter));
            add("--server", "URL");
        }
        _ => {
            add("--portal", profile.portal.as_deref()?);
            let kind = profile.portal_kind.iter();
            kind.for_each(|kind| add("--portal-kind", kind));
        }
    }
    let of_walk = |wanted: &'static str| {
        flags
            .iter()
            .filter(move |(option, _)| *option == wanted)
            .map(|(_, origin)| origin)
    };
    profile.idp.iter().for_each(|name| add("--idp", name));
    profile
        .idp_url
        .iter()
        .chain(of_walk("--idp-url"))
        .for_each(|url| add("--idp-url", url));
    profile
        .via
        .iter()
        .chain(of_walk("--via"))
        .for_each(|url| add("--via", url));
    profile
        .login_option
        .iter()
        .for_each(|label| add("--login-option", label));
    if profile.credentials_file.is_none() || profile.username.is_some() {
        add("--username", profile.username.as_deref().unwrap_or("NAME"));
    }
    for (name, place) in [
        (PASSWORD, &profile.password),
        (TOTP_SEED, &profile.totp_seed),
        (SECURITY_ANSWER, &profile.security_answer),
        (PASSKEY, &profile.passkey),
        (DEVICE, &profile.device),
        (CLIENT_SECRET, &profile.client_secret),
        (SUBJECT_TOKEN, &profile.subject_token),
        (JWT_KEY_PASSPHRASE, &profile.jwt_key_passphrase),
    ] {
        match place {
            Some(SecretPlace::File(path) | SecretPlace::SharedFile(path)) => {
                add(&format!("--{name}-file"), path.to_str()?);
            }
            Some(SecretPlace::Stdin) => add(&format!("--{name}-file"), "-"),
            Some(SecretPlace::Command(line)) => {
                add(&format!("--{name}-command"), &program_of(line))
            }
            _ => {}
        }
    }
    if let Some(line) = &profile.code_command {
        add("--code-command", &program_of(line));
    }
    profile
        .factor
        .iter()
        .for_each(|factor| add("--factor", factor));
    let file = |path: &PathBuf| path.to_str().map(str::to_owned);
    for (option, path) in [
        ("--credentials-file", &profile.credentials_file),
        ("--client-cert", &profile.client_cert),
        ("--client-key", &profile.client_key),
        ("--header-file", &profile.header_file),
    ] {
        if let Some(path) = path {
            add(option, &file(path)?);
        }
    }
    for path in &profile.ca_file {
        add("--ca-file", &file(path)?);
    }
    if let Some(proxy) = &profile.proxy {
        add("--proxy", &String::from(proxy.clone()));
    }
    profile
        .resolve
        .iter()
        .for_each(|entry| add("--resolve", entry));
    let time = |time: Option<u64>, usual: u64| {
        time.filter(|time| *time != usual)
            .map(|time| format!("{time}s"))
    };
    if let Some(time) = time(profile.timeout, TIMEOUT.as_secs()) {
        add("--timeout", &time);
    }
    if let Some(time) = time(profile.connect_timeout, CONNECT_TIMEOUT.as_secs()) {
        add("--connect-timeout", &time);
    }
    if let Some(user_agent) = &profile.user_agent {
        add("--user-agent", user_agent);
    }
    profile
        .allow_exec
        .iter()
        .for_each(|name| add("--allow-exec", name));
    profile
        .allow_auth_provider
        .iter()
        .for_each(|name| add("--allow-auth-provider", name));
    if let Some(path) = kubeconfig {
        add("--kubeconfig", path.to_str()?);
    }
    let is_shared = profile
        .secret_places()
        .any(|place| matches!(place, SecretPlace::SharedFile(_)));
    for (option, is_on) in [
        ("--accept-terms", profile.accept_terms),
        ("--accept-consent", profile.accept_consent),
        (
            "--allow-shared-files",
            profile.allow_shared_files || is_shared,
        ),
        ("--ca-only", profile.ca_only),
        ("--allow-http", profile.allow_http),
        ("--allow-insecure", profile.allow_insecure),
        ("--allow-local-path", profile.allow_local_path),
    ] {
        if is_on {
            words.push(option.to_owned());
        }
    }
    let quoted: Option<Vec<String>> = words.iter().map(|word| quoted(word)).collect();
    Some(quoted?.join(" "))
}

/// `word` as one word of a POSIX shell; nothing where it would not be shown as it is
pub(super) fn quoted(word: &str) -> Option<String> {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_./:@%+=,".contains(sign);
    let quoted = match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    // Two blanks in a row, a line break, or a text that is too long.
    (one_line(word) == word).then_some(quoted)
}

#[cfg(test)]
mod tests {
    use doorward::Profile;
    use doorward::profile::SecretPlace;

    use super::{of, quoted};

    #[test]
    fn a_command_is_complete_and_holds_no_secret() {
        let mut profile = Profile::default();
        profile.portal = Some("https://k8sou.example.com/k8stoken/token/user".into());
        profile.username = Some("it's me".into());
        profile.password = Some(SecretPlace::Command("vault read canary".into()));
        profile.ca_only = true;
        let flags = [
            ("--idp-url", "https://id.test".to_owned()),
            ("--via", "https://via.test".to_owned()),
        ];

        let command = of(&profile, &flags, None).unwrap();

        assert_eq!(
            command,
            r"doorward login --portal https://k8sou.example.com/k8stoken/token/user --idp-url https://id.test --via https://via.test --username 'it'\''s me' --password-command 'vault …' --ca-only"
        );
    }

    #[test]
    fn what_would_not_be_shown_as_it_is_gets_no_command() {
        let mut profile = Profile::default();
        profile.portal = Some("https://k8sou.example.com".into());
        profile.login_option = vec!["a\nb".into()];

        assert_eq!(of(&profile, &[], None), None);
        assert_eq!(quoted("$(id)`;").as_deref(), Some("'$(id)`;'"));
        assert_eq!(quoted("").as_deref(), Some("''"));
    }
}
