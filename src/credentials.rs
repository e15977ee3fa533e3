use std::sync::Arc;

use crate::code::{CodeSource, Factor, Ledger};
use crate::passkey::Passkey;
use crate::secret_source::SecretSource;
use crate::{Error, Secret};

/// Who signs in at the provider, and with what
///
/// ```
/// use doorward::{CodeSource, Credentials, ErrorKind, Secret, SecretSource};
///
/// let seed = SecretSource::value(Secret::new("JBSWY3DPEHPK3PXP"));
/// let credentials = Credentials::new("ci-bot", Secret::new("correct horse"))?.code(CodeSource::totp(seed));
/// # let _ = credentials;
/// // CI gives empty secrets to pull requests from forks.
/// let missing = Credentials::new("ci-bot", Secret::new("")).unwrap_err();
/// assert_eq!(missing.kind(), ErrorKind::Config);
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    username: String,
    password: SecretSource,
    codes: Vec<CodeSource>,
    ledger: Ledger,
    answer: Option<SecretSource>,
    passkey: Option<Arc<Passkey>>,
}

impl Credentials {
    /// A user name and a password
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if one of them is empty: then no request is worth making.
    pub fn new(username: impl Into<String>, password: Secret) -> Result<Self, Error> {
        check_password(&password)?;
        Self::with_source(username, SecretSource::value(password))
    }

    /// A user name, and a password that is read when a provider asks for it
    ///
    /// For credentials that a login may not need, such as those of [`Walk::credentials_at`](crate::Walk::credentials_at).
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if the user name is empty.
    pub fn with_source(username: impl Into<String>, password: SecretSource) -> Result<Self, Error> {
        let username = username.into();
        if username.trim().is_empty() {
            return Err(Error::config("the user name is empty"));
        }
        Ok(Self {
            username,
            password,
            codes: Vec::new(),
            ledger: Ledger::in_process(),
            answer: None,
            passkey: None,
        })
    }

    /// Adds a source of one-time codes; the first that answers a factor is asked
    #[must_use]
    pub fn code(mut self, source: CodeSource) -> Self {
        self.codes.push(source);
        self
    }

    /// Where used codes are noted, so that parallel logins with one seed do not use one twice; this process, unless told otherwise
    #[must_use]
    pub fn ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = ledger;
        self
    }

    /// The answer to the account's security question
    #[must_use]
    pub fn answer(mut self, answer: SecretSource) -> Self {
        self.answer = Some(answer);
        self
    }

    /// A passkey, for providers that take one as a second factor or in place of one
    #[must_use]
    pub fn passkey(mut self, passkey: Passkey) -> Self {
        self.passkey = Some(Arc::new(passkey));
        self
    }

    /// The user name
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Whether `factor` can be answered, be it by somebody at the terminal
    pub(crate) fn answers(&self, factor: &Factor) -> bool {
        self.answers_alone(factor) || self.codes.iter().any(|source| source.answers(factor))
    }

    /// Whether `factor` can be answered without a person
    pub(crate) fn answers_alone(&self, factor: &Factor) -> bool {
        let is_alone = |source: &CodeSource| source.answers(factor) && !source.needs_person();
        match factor {
            Factor::Question(_) => self.answer.is_some(),
            Factor::Webauthn(_) => self.passkey.is_some(),
            _ => self.codes.iter().any(is_alone),
        }
    }

    pub(crate) fn password(&self) -> &SecretSource {
        &self.password
    }

    pub(crate) fn sources(&self) -> (&[CodeSource], &Ledger) {
        (&self.codes, &self.ledger)
    }

    pub(crate) fn security_answer(&self) -> Option<&SecretSource> {
        self.answer.as_ref()
    }

    pub(crate) fn own_passkey(&self) -> Option<&Passkey> {
        self.passkey.as_deref()
    }
}

/// An empty password is worth no try
pub(crate) fn check_password(password: &Secret) -> Result<(), Error> {
    match password.is_empty() {
        true => Err(Error::config("the password is empty").hint(
            "CI systems give empty secrets to pull requests from forks and to unprotected branches",
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use crate::code::{CodeSource, Factor};
    use crate::{Secret, SecretSource};

    #[test]
    fn a_person_at_the_terminal_answers_and_is_not_needed_for_a_seed() {
        let seed = SecretSource::value(Secret::new("JBSWY3DPEHPK3PXP"));
        let credentials = Credentials::new("ci", Secret::new("pw"))
            .unwrap()
            .code(CodeSource::totp(seed))
            .code(CodeSource::prompt_after(|| {}));
        let (totp, sms, push) = (Factor::Totp(None), Factor::Sms(None), Factor::Push(None));

        let answers = [&totp, &sms, &push].map(|factor| credentials.answers(factor));
        let alone = [&totp, &sms, &push].map(|factor| credentials.answers_alone(factor));

        assert_eq!(answers, [true, true, false]);
        assert_eq!(alone, [true, false, false]);
    }
}
