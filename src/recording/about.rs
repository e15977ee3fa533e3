use std::fmt::Write as _;

use toml::de::{DeTable, DeValue};

use crate::{Error, ErrorKind};

/// What a recording is of: its `case.toml`
///
/// ```toml
/// docs = "A wrong password is rejected"
/// seen-with = "Keycloak 26.7.3"
/// recorded = "2026-11-20"
/// expect = "Rejected"
/// idp-url = ["https://provider.test"]
///
/// [[account]]
/// username = "ci-user"
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct About {
    /// What it shows, in one sentence
    pub docs: String,
    /// The server and its version
    pub seen_with: String,
    /// The day, such as `2026-11-20`
    pub recorded: String,
    /// How the login ends: `None` with a token, or with an error of this kind
    pub expect: Option<ErrorKind>,
    /// What [`Walk::idp_url`](crate::Walk::idp_url) named
    pub idp_urls: Vec<String>,
    /// What [`Walk::via`](crate::Walk::via) named
    pub via: Vec<String>,
    /// What [`Walk::login_option`](crate::Walk::login_option) chose
    pub login_options: Vec<String>,
    /// What [`Walk::factor`](crate::Walk::factor) preferred
    pub factors: Vec<String>,
    /// Whether [`Walk::accept_consent`](crate::Walk::accept_consent) was called
    pub accept_consent: bool,
    /// Whether [`Walk::accept_terms`](crate::Walk::accept_terms) was called
    pub accept_terms: bool,
    /// Who signs in; the secrets of the first are `{{password}}`, `{{code}}` and `{{answer}}`, those of the second end with `-2`
    pub accounts: Vec<Account>,
}

/// Who signs in during a recorded login
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Account {
    /// The made-up user name
    pub username: String,
    /// The URLs that it is for, if it is not for all ([`Walk::credentials_at`](crate::Walk::credentials_at))
    pub url: Option<String>,
    /// Whether it has a source of one-time codes
    pub codes: bool,
    /// Whether it has an answer to a security question
    pub answer: bool,
}

impl About {
    /// Reads the text of a `case.toml`
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): it is no TOML, lacks something, or holds something else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let document = DeTable::parse(text).map_err(|error| {
            Error::config("the recording's case.toml is no TOML").because(error)
        })?;
        let mut about = Self::default();
        let mut expect = String::new();
        for (key, value) in document.get_ref() {
            let (key, value) = (key.get_ref().as_ref(), value.get_ref());
            let done = match key {
                "docs" => put(&mut about.docs, text_of(value)),
                "seen-with" => put(&mut about.seen_with, text_of(value)),
                "recorded" => put(&mut about.recorded, text_of(value)),
                "expect" => put(&mut expect, text_of(value)),
                "idp-url" => put(&mut about.idp_urls, texts_of(value)),
                "via" => put(&mut about.via, texts_of(value)),
                "login-option" => put(&mut about.login_options, texts_of(value)),
                "factor" => put(&mut about.factors, texts_of(value)),
                "accept-consent" => put(&mut about.accept_consent, value.as_bool()),
                "accept-terms" => put(&mut about.accept_terms, value.as_bool()),
                "account" => put(&mut about.accounts, accounts_of(value)),
                _ => None,
            };
            done.ok_or_else(|| {
                refused(
                    "the recording's case.toml holds what does not belong there",
                    key,
                )
            })?;
        }
        for (key, text) in [("docs", &about.docs), ("seen-with", &about.seen_with)] {
            if text.trim().is_empty() {
                return Err(refused("the recording's case.toml lacks something", key));
            }
        }
        if about.recorded.parse::<jiff::civil::Date>().is_err() {
            return Err(refused(
                "the day of a recording is such as 2026-11-20",
                "recorded",
            ));
        }
        about.expect = match expect.as_str() {
            TOKEN => None,
            kind => Some(ErrorKind::from_name(kind).ok_or_else(|| {
                refused(
                    "a recorded login ends with \"token\" or with a kind of error",
                    "expect",
                )
            })?),
        };
        Ok(about)
    }

    /// The text that [`parse`](Self::parse) reads
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "{key} = {value}");
        };
        line("docs", quoted(&self.docs));
        line("seen-with", quoted(&self.seen_with));
        line("recorded", quoted(&self.recorded));
        line(
            "expect",
            quoted(self.expect.map_or(TOKEN, ErrorKind::as_str)),
        );
        for (key, list) in [
            ("idp-url", &self.idp_urls),
            ("via", &self.via),
            ("login-option", &self.login_options),
            ("factor", &self.factors),
        ] {
            if !list.is_empty() {
                let list: Vec<String> = list.iter().map(|text| quoted(text)).collect();
                line(key, format!("[{}]", list.join(", ")));
            }
        }
        for (key, is_set) in [
            ("accept-consent", self.accept_consent),
            ("accept-terms", self.accept_terms),
        ] {
            if is_set {
                line(key, "true".to_owned());
            }
        }
        for account in &self.accounts {
            let _ = write!(
                text,
                "\n[[account]]\nusername = {}\n",
                quoted(&account.username)
            );
            if let Some(url) = &account.url {
                let _ = writeln!(text, "url = {}", quoted(url));
            }
            for (key, is_set) in [("codes", account.codes), ("answer", account.answer)] {
                if is_set {
                    let _ = writeln!(text, "{key} = true");
                }
            }
        }
        text
    }
}

fn accounts_of(value: &DeValue<'_>) -> Option<Vec<Account>> {
    value
        .as_array()?
        .iter()
        .map(|value| account_of(value.get_ref()))
        .collect()
}

fn account_of(value: &DeValue<'_>) -> Option<Account> {
    let mut account = Account::default();
    for (key, value) in value.as_table()? {
        let value = value.get_ref();
        match key.get_ref().as_ref() {
            "username" => put(&mut account.username, text_of(value))?,
            "url" => put(&mut account.url, text_of(value).map(Some))?,
            "codes" => put(&mut account.codes, value.as_bool())?,
            "answer" => put(&mut account.answer, value.as_bool())?,
            _ => return None,
        }
    }
    (!account.username.is_empty()).then_some(account)
}

fn put<T>(place: &mut T, value: Option<T>) -> Option<()> {
    *place = value?;
    Some(())
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts_of(value: &DeValue<'_>) -> Option<Vec<String>> {
    value
        .as_array()?
        .iter()
        .map(|value| text_of(value.get_ref()))
        .collect()
}

/// TOML's basic strings have the escapes of JSON's
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn refused(told: &str, key: &str) -> Error {
    Error::config(told).at("key", crate::redact::one_line(key))
}

/// How a login ends that brings what it was for
const TOKEN: &str = "token";

#[cfg(test)]
mod tests {
    use super::{About, Account};
    use crate::ErrorKind;

    fn about() -> About {
        About {
            docs: "A \"wrong\" password\nis \\rejected".to_owned(),
            seen_with: "Acme 1.2".to_owned(),
            recorded: "2026-11-20".to_owned(),
            expect: Some(ErrorKind::Rejected),
            idp_urls: vec!["https://provider.test".to_owned()],
            login_options: vec!["local".to_owned(), "é".to_owned()],
            accept_consent: true,
            accounts: vec![
                Account {
                    username: "ci-user".to_owned(),
                    codes: true,
                    ..Account::default()
                },
                Account {
                    username: "ci-user-2".to_owned(),
                    url: Some("https://provider.test/realms/corp".to_owned()),
                    ..Account::default()
                },
            ],
            ..About::default()
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let token = About {
            expect: None,
            ..about()
        };
        for about in [about(), token] {
            assert_eq!(About::parse(&about.to_text()).unwrap(), about);
        }
    }

    #[test]
    fn what_is_missing_foreign_or_misshapen_is_refused() {
        let text = about().to_text();
        for (from, to) in [
            ("docs =", "dogs ="),
            ("recorded = \"2026-11-20\"", "recorded = \"yesterday\""),
            ("expect = \"Rejected\"", "expect = \"Nothing\""),
            ("expect = \"Rejected\"", ""),
            ("seen-with = \"Acme 1.2\"", "seen-with = \" \""),
            ("accept-consent = true", "accept-consent = \"true\""),
            ("username = \"ci-user\"", "password = \"ci-user\""),
            ("[\"https://provider.test\"]", "\"https://provider.test\""),
            ("[[account]]", "[[account]"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = About::parse(&text.replace(from, to)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{to}");
        }
    }
}
