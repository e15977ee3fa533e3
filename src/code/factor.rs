//! What a provider can ask for besides the password.

use std::fmt;

use crate::Error;

/// A second factor, as `--factor KIND[:PROVIDER]` names it, such as `totp` or `totp:google`
///
/// The text in it is the provider, for accounts that have several factors of one kind; what it can be depends on the identity
/// provider. Without it, any will do.
///
/// ```
/// use doorward::Factor;
///
/// let wanted = Factor::parse("totp:google")?;
/// assert_eq!(wanted, Factor::Totp(Some("google".into())));
/// assert!(Factor::Totp(None).fits(&wanted));
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Factor {
    /// A code that a voice tells on the phone
    Call(Option<String>),
    /// A code that comes by mail
    Email(Option<String>),
    /// A code from a device that counts, or that only its maker can compute
    Hotp(Option<String>),
    /// A question on a phone, to be answered there
    Push(Option<String>),
    /// A security question, whose answer does not change
    Question(Option<String>),
    /// A code that comes by text message
    Sms(Option<String>),
    /// A code that a seed and the time give
    Totp(Option<String>),
    /// A key or passkey
    Webauthn(Option<String>),
}

impl Factor {
    /// Reads `KIND` or `KIND:PROVIDER`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no such kind, or the provider is empty, long, or not on one line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (kind, provider) = match text.split_once(':') {
            Some((kind, provider)) => (kind, Some(provider.trim())),
            None => (text, None),
        };
        let is_odd = |provider: &str| {
            provider.is_empty()
                || provider.len() > MAX_PROVIDER
                || provider.chars().any(char::is_control)
        };
        if provider.is_some_and(is_odd) {
            return Err(
                Error::config("the provider of a factor is a short word").at("factor", text)
            );
        }
        Self::of(kind.trim(), provider.map(str::to_owned)).ok_or_else(|| {
            Error::config("there is no such kind of factor")
                .at("factor", text)
                .hint(format!("the kinds are {}", KINDS.join(", ")))
        })
    }

    fn of(kind: &str, provider: Option<String>) -> Option<Self> {
        Some(match kind.to_ascii_lowercase().as_str() {
            "call" => Self::Call(provider),
            "email" => Self::Email(provider),
            "hotp" => Self::Hotp(provider),
            "push" => Self::Push(provider),
            "question" => Self::Question(provider),
            "sms" => Self::Sms(provider),
            "totp" => Self::Totp(provider),
            "webauthn" => Self::Webauthn(provider),
            _ => return None,
        })
    }

    /// The kind alone, such as `totp`
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Email(_) => "email",
            Self::Hotp(_) => "hotp",
            Self::Push(_) => "push",
            Self::Question(_) => "question",
            Self::Sms(_) => "sms",
            Self::Totp(_) => "totp",
            Self::Webauthn(_) => "webauthn",
        }
    }

    /// The provider, if one is named
    pub fn provider(&self) -> Option<&str> {
        match self {
            Self::Call(provider)
            | Self::Email(provider)
            | Self::Hotp(provider)
            | Self::Push(provider)
            | Self::Question(provider)
            | Self::Sms(provider)
            | Self::Totp(provider)
            | Self::Webauthn(provider) => provider.as_deref(),
        }
    }

    /// Whether it is answered by a one-time code that is typed in
    pub fn is_code(&self) -> bool {
        match self {
            Self::Call(_) | Self::Email(_) | Self::Hotp(_) | Self::Sms(_) | Self::Totp(_) => true,
            Self::Push(_) | Self::Question(_) | Self::Webauthn(_) => false,
        }
    }

    /// Whether this wish is met by what is `offered`: the same kind, and the same provider where the wish names one
    pub fn fits(&self, offered: &Self) -> bool {
        let is_same = |wanted: &str| {
            offered
                .provider()
                .is_some_and(|provider| provider.eq_ignore_ascii_case(wanted))
        };
        self.kind() == offered.kind() && self.provider().is_none_or(is_same)
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self.provider() {
            Some(provider) => write!(f, ":{provider}"),
            None => Ok(()),
        }
    }
}

const KINDS: [&str; 8] = [
    "totp", "hotp", "push", "sms", "call", "email", "question", "webauthn",
];

const MAX_PROVIDER: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{Factor, KINDS};
    use crate::ErrorKind;

    #[test]
    fn every_kind_is_read_as_it_is_shown() {
        for name in KINDS {
            for text in [name.to_owned(), format!("{name}:acme")] {
                let factor = Factor::parse(&text).unwrap();

                assert_eq!((factor.kind(), factor.to_string()), (name, text));
            }
        }
    }

    #[test]
    fn blanks_and_case_do_not_matter() {
        let factor = Factor::parse(" TOTP : Google Authenticator ").unwrap();

        assert_eq!(factor, Factor::Totp(Some("Google Authenticator".into())));
        assert_eq!(factor.to_string(), "totp:Google Authenticator");
    }

    #[test]
    fn what_is_no_factor_is_a_wrong_setting() {
        let long = format!("totp:{}", "x".repeat(65));
        for text in ["", ":", "otp", "totp:", "totp: ", "totp:a\nb", &long] {
            let error = Factor::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text:?}");
        }
        let error = Factor::parse("fax").unwrap_err();
        assert!(error.next_step().unwrap().contains("webauthn"));
    }

    #[test]
    fn a_wish_without_a_provider_fits_any() {
        let any = Factor::Totp(None);
        let google = Factor::Totp(Some("GOOGLE".into()));
        let wanted = Factor::parse("totp:google").unwrap();

        assert!(any.fits(&google) && any.fits(&any) && wanted.fits(&google));
        assert!(!wanted.fits(&any) && !wanted.fits(&Factor::Totp(Some("acme".into()))));
        assert!(!any.fits(&Factor::Hotp(None)));
    }

    proptest! {
        #[test]
        fn any_text_is_a_factor_or_an_error(text in any::<String>()) {
            if let Ok(factor) = Factor::parse(&text) {
                assert_eq!(Factor::parse(&factor.to_string()).unwrap(), factor);
            }
        }
    }
}
