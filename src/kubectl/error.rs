use thiserror::Error;

use crate::error::Error;
use crate::kubeconfig::Section;
use crate::redact;

/// Why a portal's command is not taken, and where
///
/// The construct is described in words of our own. Foreign text (the name of a program or a flag) is quoted only
/// where it cannot be part of a secret.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("at byte {offset}: {construct}{}", only_with(.option))]
pub struct ParseCommandError {
    refusal: Refusal,
    offset: usize,
    construct: String,
    option: Option<&'static str>,
}

impl ParseCommandError {
    pub(super) fn new(refusal: Refusal, offset: usize, construct: impl Into<String>) -> Self {
        Self {
            refusal,
            offset,
            construct: construct.into(),
            option: refusal.option(),
        }
    }

    /// No option helps: what was found is refused whatever the caller allows
    pub(super) fn always(mut self) -> Self {
        self.option = None;
        self
    }

    /// What kind of thing stands there
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// Where it stands: bytes from the start of the text
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What it is, in one line
    pub fn construct(&self) -> &str {
        &self.construct
    }

    /// The option that would allow it, such as `--allow-http`
    pub fn option(&self) -> Option<&'static str> {
        self.option
    }
}

impl From<ParseCommandError> for Error {
    fn from(error: ParseCommandError) -> Self {
        let refused = Self::unsafe_command("the portal's command is not one that can be taken");
        with_hint(refused, error.option).because(error)
    }
}

/// Why a kubeconfig that a portal gave is not taken
///
/// Gives names of entries, never a token, a key or a URL.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{}{construct}{}", of_entry(.entry), only_with(.option))]
pub struct RefusedKubeconfig {
    refusal: Refusal,
    entry: Option<(Section, String)>,
    field: &'static str,
    construct: String,
    option: Option<&'static str>,
}

impl RefusedKubeconfig {
    pub(super) fn new(refusal: Refusal, field: &'static str, construct: impl Into<String>) -> Self {
        Self {
            refusal,
            entry: None,
            field,
            construct: construct.into(),
            option: refusal.option(),
        }
    }

    pub(super) fn always(mut self) -> Self {
        self.option = None;
        self
    }

    pub(super) fn of(mut self, section: Section, name: &str) -> Self {
        self.entry = Some((section, name.to_owned()));
        self
    }

    /// The same finding, as one about the command that made the kubeconfig
    pub(super) fn at(self, offset: usize) -> ParseCommandError {
        ParseCommandError {
            refusal: self.refusal,
            offset,
            construct: self.construct,
            option: self.option,
        }
    }

    /// What kind of thing was found
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The entry in which it was found, unless it concerns the whole
    pub fn entry(&self) -> Option<(Section, &str)> {
        let (section, name) = self.entry.as_ref()?;
        Some((*section, name))
    }

    /// The field in which it was found, as kubeconfigs spell it
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What it is, in one line
    pub fn construct(&self) -> &str {
        &self.construct
    }

    /// The option that would allow it, such as `--allow-insecure`
    pub fn option(&self) -> Option<&'static str> {
        self.option
    }
}

impl From<RefusedKubeconfig> for Error {
    fn from(error: RefusedKubeconfig) -> Self {
        let refused = Self::unsafe_command("the portal's kubeconfig is not one that can be taken");
        with_hint(refused, error.option).because(error)
    }
}

/// What a portal's command or kubeconfig holds that is not taken
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// An auth provider other than `oidc`
    AuthProvider,
    /// A statement at which bash or kubectl would stop with an error
    CommandFails,
    /// A control character in the shell's text, a carriage return outside quotes among them
    ControlCharacter,
    /// A program that kubectl would run for credentials
    Exec,
    /// A variable, glob, brace, tilde or other text that the shell would replace
    Expansion,
    /// A flag that the subcommand does not have, or that works on another kubeconfig
    Flag,
    /// A control, bidirectional or zero-width character in a name or URL
    HiddenCharacter,
    /// A server or issuer without TLS
    Http,
    /// No current context, or one that leads to no server or no user
    Incomplete,
    /// A cluster whose certificate nobody verifies
    Insecure,
    /// A file of this machine that the command did not make
    LocalPath,
    /// A value of a kind that kubectl does not take there
    Malformed,
    /// A file of the command, used otherwise than by a flag that takes a certificate
    OwnFile,
    /// A program other than the few that portals use
    Program,
    /// Output or input that goes elsewhere than to the command's own files
    Redirection,
    /// A subcommand of kubectl that does not write a kubeconfig
    Subcommand,
    /// Text that the shell would replace by a program's output
    Substitution,
    /// A pipe, a job, a subshell, a keyword or an assignment outside the grammar
    Syntax,
    /// More text, statements or data than any portal gives
    TooLong,
    /// The text ends inside a quote, a here-document or after `&&`
    Unterminated,
    /// A URL that is no `https://` URL with a host
    Url,
    /// A URL with a user name or password in it
    Userinfo,
}

impl Refusal {
    fn option(self) -> Option<&'static str> {
        match self {
            Self::AuthProvider => Some("--allow-auth-provider"),
            Self::Exec => Some("--allow-exec"),
            Self::Http => Some("--allow-http"),
            Self::Insecure => Some("--allow-insecure"),
            Self::LocalPath => Some("--allow-local-path"),
            _ => None,
        }
    }
}

/// The usual end of a command that is not taken
pub(super) fn refuse<T>(
    refusal: Refusal,
    offset: usize,
    construct: &'static str,
) -> Result<T, ParseCommandError> {
    Err(ParseCommandError::new(refusal, offset, construct))
}

fn of_entry(entry: &Option<(Section, String)>) -> String {
    match entry {
        Some((section, name)) => format!("{} {}: ", section.singular(), redact::one_line(name)),
        None => String::new(),
    }
}

fn only_with(option: &Option<&'static str>) -> String {
    option.map_or_else(String::new, |option| format!(" (taken only with {option})"))
}

fn with_hint(error: Error, option: Option<&'static str>) -> Error {
    match option {
        Some(option) => error.hint(format!(
            "{option} takes it, if you trust the portal that far"
        )),
        None => error,
    }
}
