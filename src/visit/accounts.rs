use crate::credentials::Credentials;
#[cfg(feature = "record")]
use crate::recording::Account;
use crate::session::Place;
use crate::url_prefix::UrlPrefix;

/// Who signs in, and where
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    /// Wherever no prefix says otherwise
    pub(crate) own: Option<Credentials>,
    pub(crate) at: Vec<(UrlPrefix, Credentials)>,
}

impl Accounts {
    /// Those for `place`
    pub(crate) fn of(&self, place: &Place) -> Option<&Credentials> {
        match place.prefix() {
            None => self.own.as_ref(),
            Some(prefix) => {
                let mut at = self.at.iter();
                let found = at.find(|(own, _)| own == prefix);
                found.map(|(_, credentials)| credentials)
            }
        }
    }

    /// Who they are, for a recording
    #[cfg(feature = "record")]
    pub(crate) fn about(&self) -> Vec<Account> {
        let own = self.own.iter().map(|credentials| (None, credentials));
        let at = self.at.iter();
        let at = at.map(|(prefix, credentials)| (Some(prefix.to_string()), credentials));
        let account = |(url, credentials): (Option<String>, &Credentials)| Account {
            username: credentials.username().to_owned(),
            url,
            codes: !credentials.sources().0.is_empty(),
            answer: credentials.security_answer().is_some(),
        };
        own.chain(at).map(account).collect()
    }

    /// The place of those for `place` in that list
    #[cfg(feature = "record")]
    pub(super) fn number(&self, place: &Place) -> usize {
        match place.prefix() {
            None => 0,
            Some(prefix) => {
                let found = self.at.iter().position(|(own, _)| own == prefix);
                found.unwrap_or_default() + usize::from(self.own.is_some())
            }
        }
    }
}
