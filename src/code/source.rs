//! Where one-time codes come from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::code::{Factor, prompt};
use crate::secret_source::command_output;
use crate::{Error, Secret, SecretSource};

/// A place that one-time codes come from, such as the command after `--code-command`
///
/// ```
/// use doorward::{CodeSource, Factor, Secret, SecretSource};
///
/// let seed = CodeSource::totp(SecretSource::file("/run/secrets/totp-seed"));
/// assert!(seed.answers(&Factor::Totp(None)) && !seed.answers(&Factor::Sms(None)));
///
/// let phone = CodeSource::callback(|wanted| match wanted {
///     Factor::Sms(_) => Ok(Secret::new("123456")), // from the program's own inbox
///     _ => Err(doorward::Error::unsupported("no such inbox")),
/// });
/// assert!(phone.answers(&Factor::Sms(None)) && !phone.answers(&Factor::Push(None)));
/// ```
#[derive(Clone)]
pub struct CodeSource {
    way: Way,
}

#[derive(Clone)]
enum Way {
    Callback(Arc<dyn Callback>),
    Command(String),
    Fixed(Secret),
    Prompt(Option<Arc<dyn Fn() + Send + Sync>>),
    Totp(SecretSource),
}

/// What a program gives instead of a source of ours
trait Callback: Send + Sync {
    fn code(&self, factor: &Factor) -> Result<Secret, Error>;
}

impl CodeSource {
    /// A code that is known before the login; it is given once at each provider
    pub fn fixed(code: Secret) -> Self {
        Self::new(Way::Fixed(code))
    }

    /// Codes of a TOTP seed: base32 text or an `otpauth://totp/…` URL
    ///
    /// The seed is read when the first code is wanted, once in each login. It answers [`Factor::Totp`] only.
    pub fn totp(seed: SecretSource) -> Self {
        Self::new(Way::Totp(seed))
    }

    /// The output of a program, which runs for each code
    ///
    /// As [`SecretSource::command`]: split into words as a shell would, no shell, no input, 30 seconds, none of the variables
    /// `DOORWARD_…` but one: `DOORWARD_FACTOR` says what is wanted, such as `sms` or `totp:google`, so that one program can
    /// serve several factors.
    pub fn command(line: impl Into<String>) -> Self {
        Self::new(Way::Command(line.into()))
    }

    /// What `callback` gives, which is called for each code, on a thread that it may block
    pub fn callback(
        callback: impl Fn(&Factor) -> Result<Secret, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Way::Callback(Arc::new(callback)))
    }

    /// What somebody types at the terminal, without showing it, within five minutes
    ///
    /// Never under CI (`CI` is set), nor where standard input or standard error is no terminal: then asking is a
    /// [`Config`](crate::ErrorKind::Config) error. For Unix only; elsewhere it is that error, too.
    pub fn prompt() -> Self {
        Self::new(Way::Prompt(None))
    }

    /// The same, with a call of `before` each time, such as one that takes a spinner off the terminal
    pub fn prompt_after(before: impl Fn() + Send + Sync + 'static) -> Self {
        Self::new(Way::Prompt(Some(Arc::new(before))))
    }

    fn new(way: Way) -> Self {
        Self { way }
    }

    /// Whether it can give codes for `factor`; a seed only for [`Factor::Totp`], all others for what is typed in as a code
    pub fn answers(&self, factor: &Factor) -> bool {
        match self.way {
            Way::Totp(_) => matches!(factor, Factor::Totp(_)),
            _ => factor.is_code(),
        }
    }

    /// Whether it asks a person
    #[cfg(feature = "login")]
    pub(crate) fn needs_person(&self) -> bool {
        matches!(self.way, Way::Prompt(_))
    }

    /// The seed, where it is one; then [`read`](Self::read) is not for it
    pub(super) fn seed(&self) -> Option<&SecretSource> {
        match &self.way {
            Way::Totp(seed) => Some(seed),
            _ => None,
        }
    }

    /// A code from anything but a seed; blocks for as long as that takes, but programs and people have no more than `left`
    pub(super) fn read(&self, factor: &Factor, left: Duration) -> Result<Secret, Error> {
        let code = match &self.way {
            Way::Callback(callback) => callback.code(factor)?,
            Way::Command(line) => {
                let wanted = factor.to_string();
                command_output(line, "code", ("DOORWARD_FACTOR", &wanted), left)?
            }
            Way::Fixed(code) => code.clone(),
            Way::Prompt(before) => {
                if let Some(before) = before {
                    before();
                }
                prompt::ask(factor, left)?
            }
            Way::Totp(seed) => seed.read("TOTP seed")?,
        };
        checked(code)
    }
}

impl<F: Fn(&Factor) -> Result<Secret, Error> + Send + Sync> Callback for F {
    fn code(&self, factor: &Factor) -> Result<Secret, Error> {
        self(factor)
    }
}

impl fmt::Debug for CodeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CodeSource");
        match &self.way {
            Way::Callback(_) => shown.field("callback", &true),
            // Its arguments may hold a secret, though they should not.
            Way::Command(_) => shown.field("command", &"[redacted]"),
            Way::Fixed(code) => shown.field("fixed", code),
            Way::Prompt(_) => shown.field("prompt", &true),
            Way::Totp(seed) => shown.field("totp", seed),
        };
        shown.finish()
    }
}

/// A code that could be one; what a program prints besides it must not reach a provider
fn checked(code: Secret) -> Result<Secret, Error> {
    let text = code.expose_secret();
    if text.trim().is_empty() {
        return Err(Error::config("the one-time code is empty"));
    }
    if text.len() > MAX_CODE || text.chars().any(char::is_control) {
        return Err(Error::config(
            "what should be a one-time code is long, or more than one line",
        ));
    }
    Ok(code)
}

const MAX_CODE: usize = 256;
