//! What the engine's messages mean for a pipeline.

use doorward::{Error, Page};

use super::document::{Document, Message};

/// What was sent before a document came back
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Sent {
    /// Nothing that could be refused
    Nothing,
    Name,
    Password,
    Code,
    /// The answer to a security question
    Answer,
    /// A passkey's signature
    Signature,
    /// The question whether somebody approved
    Poll,
}

/// What to make of a refusal
pub(super) enum Refusal {
    /// The code was not taken: another one may be
    Code(Error),
    Final(Error),
    /// Nothing is wrong with the code but that it was used before
    Replayed(Error),
}

impl Refusal {
    pub(super) fn is_of_code(&self) -> bool {
        !matches!(self, Self::Final(_))
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Code(error) | Self::Final(error) | Self::Replayed(error) => error,
        }
    }

    /// The same refusal with more to say
    pub(super) fn map(self, more: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Code(error) => Self::Code(more(error)),
            Self::Final(error) => Self::Final(more(error)),
            Self::Replayed(error) => Self::Replayed(more(error)),
        }
    }

    /// The error where there is no further code: `missing` says why not
    pub(super) fn without_another(self, missing: Error) -> Error {
        match self {
            Self::Code(error) | Self::Final(error) => error.at("second_try", missing.message()),
            // Whoever used it, a later login may get in.
            Self::Replayed(_) => missing.at("refused", "a code that was used before"),
        }
    }
}

/// The refusal that the document's messages tell of, if one does
pub(super) fn refusal(document: &Document, sent: &Sent, page: &Page) -> Option<Refusal> {
    let unknown_user = |message: &&Message| message.key == UNKNOWN_USER;
    let message = document
        .errors()
        .next()
        .or_else(|| document.messages.iter().find(unknown_user))?;
    let meaning = Meaning::of(&message.key.to_ascii_lowercase(), sent);
    let error = told(meaning.error(sent), message, page);
    Some(match meaning {
        Meaning::Code if *sent == Sent::Code => Refusal::Code(error),
        Meaning::Replayed if *sent == Sent::Code => Refusal::Replayed(error),
        _ => Refusal::Final(error),
    })
}

/// The refusal of a form that came back without a word
pub(super) fn silent_refusal(sent: &Sent, page: &Page) -> Refusal {
    match sent {
        Sent::Code => Refusal::Code(Meaning::Code.error(sent).at("path", page.path())),
        _ => Refusal::Final(Meaning::Credentials.error(sent).at("path", page.path())),
    }
}

enum Meaning {
    /// The password, the answer or the signature
    Credentials,
    Code,
    Replayed,
    PushRefused,
    PushUnanswered,
    UnknownUser,
    FactorLocked,
    AccountLocked,
    PasswordExpired,
    AccessDenied,
    NotAssigned,
    Unsatisfiable,
    SlowDown,
    OutOfOrder,
    Expired,
    Unknown,
}

impl Meaning {
    /// The engine's keys come from three generations of its code, so that parts of them must do
    fn of(key: &str, sent: &Sent) -> Self {
        let has = |parts: &[&str]| parts.iter().any(|part| key.contains(part));
        match sent {
            _ if has(&["suspended_factor"]) => Self::FactorLocked,
            _ if has(&["push_rejected", "e0000073"]) => Self::PushRefused,
            Sent::Poll if has(&["transaction_resource_not_found"]) => Self::PushUnanswered,
            _ if has(&[
                "session.expired",
                "transaction_resource_not_found",
                "e0000011",
            ]) =>
            {
                Self::Expired
            }
            _ if has(&["unknown.user"]) => Self::UnknownUser,
            _ if has(&["not.assigned", "not_assigned"]) => Self::NotAssigned,
            _ if has(&["access_denied"]) => Self::AccessDenied,
            _ if has(&["assurance.unsatisfiable"]) => Self::Unsatisfiable,
            _ if has(&["toomanyrequests", "e0000047"]) => Self::SlowDown,
            _ if has(&["e0000009", "e0000010", "e0000067", "e0000138"]) => Self::OutOfOrder,
            _ if has(&["e0000069", "e0000119", "locked"]) => Self::AccountLocked,
            _ if has(&["e0000064", "password.expired"]) => Self::PasswordExpired,
            Sent::Code if has(&["used_passcode", "e0000082"]) => Self::Replayed,
            Sent::Code => Self::Code,
            Sent::Name | Sent::Password | Sent::Answer | Sent::Signature => Self::Credentials,
            _ if has(&["e0000004", "e0000207", "incorrectpassword"]) => Self::Credentials,
            Sent::Nothing | Sent::Poll => Self::Unknown,
        }
    }

    fn error(&self, sent: &Sent) -> Error {
        match self {
            Self::Credentials => match sent {
                Sent::Answer => Error::rejected("Okta refused the answer to the security question"),
                Sent::Signature => Error::rejected("Okta refused the passkey's signature"),
                _ => Error::rejected(
                    "Okta refused user name or password; it answers the same for a locked account",
                ),
            },
            Self::UnknownUser => Error::rejected("Okta does not know the user name"),
            Self::Code => Error::rejected("Okta refused the one-time code")
                .hint("check the seed or the source of the codes, and the clocks of both sides"),
            Self::Replayed => Error::rejected("Okta takes each code only once"),
            Self::PushRefused => Error::rejected("the request was refused on the phone"),
            Self::PushUnanswered => {
                Error::account_state("nobody approved the request on the phone in time")
            }
            Self::FactorLocked => {
                Error::account_state("Okta locked the second factor after too many wrong answers")
            }
            Self::AccountLocked => Error::account_state("the account is locked"),
            Self::PasswordExpired => Error::account_state("the password has expired"),
            Self::AccessDenied => {
                Error::account_state("a policy of the organisation denies this sign-in")
                    .hint("an administrator can see in the organisation's log which policy it was")
            }
            Self::NotAssigned => {
                Error::account_state("the application is not assigned to this account")
                    .hint("an administrator of the organisation can assign it")
            }
            Self::Unsatisfiable => Error::account_state(
                "the application's policy cannot be met with what this account has enrolled",
            )
            .hint("enrol what the policy asks for, or have the account exempted from it"),
            Self::SlowDown => Error::unavailable("Okta asks to slow down"),
            Self::OutOfOrder => Error::unavailable("Okta is out of order at the moment"),
            Self::Expired => Error::unexpected_page("Okta no longer knows this login")
                .hint("it took too long, or the page's state token was not read as it should be"),
            Self::Unknown => {
                Error::unexpected_page("Okta answered with an error that doorward does not know")
            }
        }
    }
}

fn told(error: Error, message: &Message, page: &Page) -> Error {
    let mut error = error
        .at("path", page.path())
        .at("status", page.status().to_string());
    for (name, value) in [
        ("code", Some(message.key.as_str())),
        ("summary", Some(message.text.as_str())),
        ("request_id", page.header("x-okta-request-id")),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            error = error.at(name, value);
        }
    }
    error
}

/// Told as a mere piece of information
const UNKNOWN_USER: &str = "idx.unknown.user";
