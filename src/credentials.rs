use crate::{Error, Secret};

/// Who signs in at the provider, and with what
///
/// ```
/// use doorward::{Credentials, ErrorKind, Secret};
///
/// let credentials = Credentials::new("ci-bot", Secret::new("correct horse"))?;
/// # let _ = credentials;
/// // CI gives empty secrets to pull requests from forks.
/// let missing = Credentials::new("ci-bot", Secret::new("")).unwrap_err();
/// assert_eq!(missing.kind(), ErrorKind::Config);
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    username: String,
    password: Secret,
}

impl Credentials {
    /// A user name and a password
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if one of them is empty: then no request is worth making.
    pub fn new(username: impl Into<String>, password: Secret) -> Result<Self, Error> {
        let username = username.into();
        if username.trim().is_empty() {
            return Err(Error::config("the user name is empty"));
        }
        if password.is_empty() {
            return Err(Error::config("the password is empty")
                .hint("CI systems give empty secrets to pull requests from forks and to unprotected branches"));
        }
        Ok(Self { username, password })
    }

    /// The user name
    pub fn username(&self) -> &str {
        &self.username
    }

    pub(crate) fn password(&self) -> &Secret {
        &self.password
    }
}
