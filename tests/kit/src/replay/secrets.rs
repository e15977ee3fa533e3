use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use doorward::recording::{About, Account};
use doorward::{CodeSource, Credentials, Error, Secret, SecretSource};

/// The made-up secrets of a replay, by the placeholders of its recording
///
/// Nearly every character of a password must be encoded somewhere.
#[derive(Clone)]
pub(crate) struct Secrets(Arc<Vec<(String, String)>>);

impl Secrets {
    pub(crate) fn of(about: &About) -> Self {
        let mut known = Vec::new();
        for number in 1..=about.accounts.len() {
            known.push((
                placeholder("password", number),
                format!("{CANARY} &<+=%\"\\ é{number}."),
            ));
            known.push((
                placeholder("answer", number),
                format!("{CANARY} ;?/> ß{number}."),
            ));
        }
        for number in 1..=MAX_CODES {
            known.push((
                placeholder("code", number),
                (730_411 + 7 * number).to_string(),
            ));
        }
        Self(Arc::new(known))
    }

    /// `recorded` with secrets in place of their placeholders
    pub(crate) fn filled(&self, recorded: &str) -> String {
        let pairs = self.0.iter();
        pairs.fold(recorded.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }

    /// `sent` with placeholders in place of their secrets
    pub(crate) fn masked(&self, sent: &str) -> String {
        let pairs = self.0.iter();
        pairs.fold(sent.to_owned(), |text, (name, value)| {
            text.replace(value, name)
        })
    }

    /// The placeholders whose secrets stand in `text`, such as `{{password}}`
    pub(crate) fn in_text(&self, text: &str) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(|(_, value)| text.contains(value));
        found.map(|(name, _)| name.as_str())
    }

    /// Placeholders and secrets
    pub(crate) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// The credentials of the account with this number; `given` counts the codes of one login
    pub(crate) fn credentials(
        &self,
        account: &Account,
        number: usize,
        given: &Arc<AtomicUsize>,
    ) -> Result<Credentials, Error> {
        let password = Secret::new(self.value("password", number));
        let mut credentials = Credentials::new(&account.username, password)?;
        if account.answer {
            let answer = Secret::new(self.value("answer", number));
            credentials = credentials.answer(SecretSource::value(answer));
        }
        if account.codes {
            let (secrets, given) = (self.clone(), Arc::clone(given));
            credentials = credentials.code(CodeSource::callback(move |_| {
                match given.fetch_add(1, Ordering::Relaxed) + 1 {
                    number if number <= MAX_CODES => Ok(Secret::new(secrets.value("code", number))),
                    _ => Err(Error::config("a replay has no more codes")),
                }
            }));
        }
        Ok(credentials)
    }

    fn value(&self, kind: &str, number: usize) -> String {
        self.filled(&placeholder(kind, number))
    }
}

/// What the recorder writes: the first of a kind has no number
fn placeholder(kind: &str, number: usize) -> String {
    match number {
        1 => format!("{{{{{kind}}}}}"),
        _ => format!("{{{{{kind}-{number}}}}}"),
    }
}

/// What every password and answer begins with
pub(crate) const CANARY: &str = "c4nary";

const MAX_CODES: usize = 20;

#[cfg(test)]
mod tests {
    use doorward::recording::About;

    use super::Secrets;

    fn secrets() -> Secrets {
        let text = "docs = 'd'\nseen-with = 's'\nrecorded = '2026-11-20'\nexpect = 'token'\n";
        let accounts = "[[account]]\nusername = 'a'\n[[account]]\nusername = 'b'\n";
        Secrets::of(&About::parse(&format!("{text}{accounts}")).unwrap())
    }

    #[test]
    fn every_placeholder_has_a_secret_of_its_own_and_back() {
        for placeholder in [
            "{{password}}",
            "{{password-2}}",
            "{{answer-2}}",
            "{{code}}",
            "{{code-20}}",
        ] {
            let secret = secrets().filled(placeholder);

            assert!(!secret.contains('{'), "{secret}");
            assert_eq!(secrets().masked(&secret), placeholder);
            assert_eq!(
                secrets().in_text(&secret).collect::<Vec<_>>(),
                [placeholder]
            );
        }
        assert_eq!(secrets().filled("{{password-3}}"), "{{password-3}}");
    }
}
