use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::redact;
use crate::trail::Trail;

/// Why a login did not yield a kubeconfig
///
/// Match on [`Error::kind`] to decide what to do next. The message is for people and may change in any release;
/// it never contains a secret, a cookie or a page's text. Cheap to clone, so that every caller of a shared login
/// gets the same one.
///
/// Adapters build it by the constructor named for the kind, and add what they saw:
///
/// ```
/// use doorward::{Error, ErrorKind};
///
/// let error = Error::rejected("the realm refused the password").at("page", "/realms/ci");
/// assert_eq!(error.kind(), ErrorKind::Rejected);
/// assert_eq!(error.to_string(), "the realm refused the password (page /realms/ci)");
/// assert!(!error.kind().is_retryable());
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    retry_after: Option<Duration>,
    trail: Trail,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {
        impl Error {
            $($(#[$doc])*
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new(ErrorKind::$kind, message)
            })*
        }

        #[cfg(feature = "login")]
        const KINDS: &[ErrorKind] = &[$(ErrorKind::$kind),*];
    };
}

constructors! {
    /// A person must act at the provider: locked, expired, enrolment, consent. Not for a wrong password
    account_state => AccountState,
    /// The caller's settings are wrong or incomplete
    config => Config,
    /// The provider let us in, but the portal refuses this user
    denied => Denied,
    /// No adapter recognizes a page
    no_adapter => NoAdapter,
    /// The portal's answer is not a token document
    portal => Portal,
    /// The provider refused the credentials. Not for a page that merely looks different: [`Error::unexpected_page`]
    rejected => Rejected,
    /// A file, cache or lock could not be read or written
    storage => Storage,
    /// The network failed, or a time-out passed
    transport => Transport,
    /// The server says: later. 429 and 5xx
    unavailable => Unavailable,
    /// The provider changed, or the adapter has a bug
    unexpected_page => UnexpectedPage,
    /// The portal's command holds something outside the grammar, or something that nobody allowed
    unsafe_command => UnsafeCommand,
    /// The provider asks for a factor that nobody configured, or that no adapter knows yet
    unsupported => Unsupported,
    /// A host that nobody named asked for credentials
    untrusted_origin => UntrustedOrigin,
}

impl Error {
    /// An error of any kind; where the kind is known, its own constructor says it better
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            hint: None,
            retry_after: None,
            trail: Trail::default(),
            source: None,
        }))
    }

    /// Adds where or on what it happened, such as `("page", page.path())`
    ///
    /// The value may be foreign text: it is made one line of limited length. It must not be a secret.
    #[must_use]
    pub fn at(mut self, key: &'static str, value: impl AsRef<str>) -> Self {
        let value = redact::one_line(value.as_ref());
        Arc::make_mut(&mut self.0).context.push((key, value));
        self
    }

    /// Says what to do next, where the kind alone does not
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).hint = Some(hint.into());
        self
    }

    /// Keeps the cause, which [`source`](StdError::source) gives back
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).source = Some(Arc::new(source));
        self
    }

    /// Says after what time the server takes requests again
    #[must_use]
    pub fn retry_after(mut self, time: Duration) -> Self {
        Arc::make_mut(&mut self.0).retry_after = Some(time);
        self
    }

    /// Names the adapter at work; one that is named already stays
    #[cfg(feature = "login")]
    pub(crate) fn by(self, adapter: &'static str) -> Self {
        match self.0.context.iter().any(|(key, _)| *key == "adapter") {
            true => self,
            false => self.at("adapter", adapter),
        }
    }

    /// Adds the way that led here; a trail that is there already stays
    #[cfg(feature = "login")]
    pub(crate) fn with_trail(mut self, trail: &Trail) -> Self {
        if self.0.trail.hops().is_empty() {
            Arc::make_mut(&mut self.0).trail = trail.clone();
        }
        self
    }

    /// Puts what failed before in front of the message
    #[cfg(feature = "login")]
    pub(crate) fn after(mut self, before: &str) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.message = format!("{before}; {}", inner.message);
        self
    }

    /// What the caller can do about it
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, in one line, without the context
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened: pairs of a name and a value, in the order they were added
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0
            .context
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
    }

    /// What to do next, in one line
    pub fn next_step(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// After what time the server takes requests again, where it said so
    pub fn server_wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The way that led to the failure; empty where no request was made
    pub fn trail(&self) -> &Trail {
        &self.0.trail
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for (i, (key, value)) in self.0.context.iter().enumerate() {
            f.write_str(if i == 0 { " (" } else { ", " })?;
            write!(f, "{key} {value}")?;
        }
        match self.0.context.is_empty() {
            true => Ok(()),
            false => f.write_str(")"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            message,
            context,
            hint,
            retry_after,
            trail,
            source,
        } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("message", message)
            .field("context", context)
            .field("hint", hint)
            .field("retry_after", retry_after)
            .field("hops", &trail.hops().len())
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// What a caller can do about an [`Error`]
///
/// Each kind is an exit code of the command line. More kinds may come: a program that matches has an arm for the others, and treats them
/// as failures that do not pass by themselves.
///
/// ```
/// use doorward::{Error, ErrorKind};
///
/// /// Who has to act
/// fn whose(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Transport | ErrorKind::Unavailable => "nobody: it is tried again later",
///         ErrorKind::Rejected | ErrorKind::AccountState | ErrorKind::Denied => "the owner of the account",
///         ErrorKind::NoAdapter | ErrorKind::UnexpectedPage | ErrorKind::Unsupported => "who keeps the adapter",
///         _ => "who wrote the settings",
///     }
/// }
///
/// assert_eq!(whose(&Error::rejected("wrong password")), "the owner of the account");
/// assert_eq!(ErrorKind::Rejected.as_str(), "Rejected"); // the same name in logs, metrics and the program's JSON
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A person must act at the provider: locked, expired, enrolment, consent
    ///
    /// Make no login for this account until somebody did.
    AccountState,
    /// Fix the settings
    ///
    /// Also for what stands around the login: a certificate that nobody believes, a proxy that asks for a password.
    Config,
    /// Signed in, but the portal refuses this user
    ///
    /// The account lacks a group or a role at the portal. The password is right.
    Denied,
    /// No adapter recognizes this page
    ///
    /// Give the adapter of the provider, or name its origin by [`Walk::idp_url`](crate::Walk::idp_url); the error shows what the page is
    /// made of.
    NoAdapter,
    /// The portal's answer is not a token document
    ///
    /// The URL is not that of a token portal, or the portal has changed.
    Portal,
    /// The credentials are wrong: do not retry, or the account is locked
    ///
    /// Read them anew from where they are kept; try only what differs from what was refused.
    Rejected,
    /// A kubeconfig, cache or lock could not be read or written
    ///
    /// A token that was got may be lost with it: make room, or name another place, before the next login.
    Storage,
    /// Network or time-out: retryable
    ///
    /// Whether the password was sent is unknown; it was not refused.
    Transport,
    /// 429 or 5xx: retryable, later
    ///
    /// [`Error::server_wait`] is the time that the server asked for, where it did.
    Unavailable,
    /// The provider changed, or an adapter has a bug
    ///
    /// Report it with the trail. Another try ends the same way, and may count as a failed login at the provider.
    UnexpectedPage,
    /// The portal's command holds something outside the grammar
    ///
    /// Nothing was run or written. [`Portal::allow`](crate::Portal::allow) lets through what is meant to be there.
    UnsafeCommand,
    /// The provider asked for a factor that nobody configured
    ///
    /// Add a [`CodeSource`](crate::CodeSource), a passkey or an answer to the credentials; the error names what was offered.
    Unsupported,
    /// A host that nobody named asked for credentials
    ///
    /// Nothing was sent there. Name it only if it is yours: [`Walk::idp_url`](crate::Walk::idp_url) for the password,
    /// [`Walk::via`](crate::Walk::via) for codes and assertions.
    UntrustedOrigin,
}

impl ErrorKind {
    /// The kind's stable name, as it stands in the command line's JSON
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountState => "AccountState",
            Self::Config => "Config",
            Self::Denied => "Denied",
            Self::NoAdapter => "NoAdapter",
            Self::Portal => "Portal",
            Self::Rejected => "Rejected",
            Self::Storage => "Storage",
            Self::Transport => "Transport",
            Self::Unavailable => "Unavailable",
            Self::UnexpectedPage => "UnexpectedPage",
            Self::UnsafeCommand => "UnsafeCommand",
            Self::Unsupported => "Unsupported",
            Self::UntrustedOrigin => "UntrustedOrigin",
        }
    }

    /// The kind with this stable name
    #[cfg(feature = "login")]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Whether the same login, unchanged, can succeed at another time
    ///
    /// Never true of [`ErrorKind::Rejected`]: a second try may lock the account.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Transport | Self::Unavailable)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::{Error, ErrorKind};

    #[test]
    fn a_chain_prints_no_text_twice() {
        let error =
            Error::storage("cannot read the kubeconfig").because(io::Error::other("disk on fire"));

        assert_eq!(error.to_string(), "cannot read the kubeconfig");
        assert_eq!(error.source().unwrap().to_string(), "disk on fire");
    }

    #[test]
    fn context_is_one_line() {
        let error = Error::rejected("refused").at("summary", "no\n::error::luck");

        assert_eq!(error.to_string(), "refused (summary no :\\:error:\\:luck)");
    }

    #[test]
    fn a_rejection_is_never_retryable() {
        assert!(!ErrorKind::Rejected.is_retryable());
        assert!(ErrorKind::Transport.is_retryable());
        assert!(ErrorKind::Unavailable.is_retryable());
    }

    #[test]
    fn a_clone_is_the_same_error() {
        let error = Error::portal("not a token").at("page", "/x").hint("look");

        let clone = error.clone();

        assert_eq!(clone.to_string(), error.to_string());
        assert_eq!(clone.next_step(), Some("look"));
    }
}
