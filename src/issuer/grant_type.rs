use std::fmt;

use crate::{Error, one_line};

/// How an [`Issuer`](crate::Issuer) is asked for a token
///
/// ```
/// use doorward::issuer::GrantType;
///
/// assert_eq!(GrantType::parse("client-credentials")?, GrantType::ClientCredentials);
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum GrantType {
    /// A login at the issuer's page, with PKCE
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-4.1>
    #[default]
    Code,
    /// The user name and the password at the token endpoint, which cannot ask for a second factor
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-4.3>
    Password,
    /// The client for itself
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>
    ClientCredentials,
    /// One token for another
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc8693>
    TokenExchange,
}

impl GrantType {
    /// Reads a grant's name as [`Display`](fmt::Display) writes it
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no such grant.
    pub fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "code" => Ok(Self::Code),
            "password" => Ok(Self::Password),
            "client-credentials" => Ok(Self::ClientCredentials),
            "token-exchange" => Ok(Self::TokenExchange),
            _ => Err(Error::config("there is no such grant")
                .at("grant", one_line(name))
                .hint("it is code, password, client-credentials or token-exchange")),
        }
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "code",
            Self::Password => "password",
            Self::ClientCredentials => "client-credentials",
            Self::TokenExchange => "token-exchange",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::GrantType;
    use crate::ErrorKind;

    #[test]
    fn a_grant_is_read_by_the_name_that_it_is_written_with() {
        for grant in [
            GrantType::Code,
            GrantType::Password,
            GrantType::ClientCredentials,
            GrantType::TokenExchange,
        ] {
            assert_eq!(GrantType::parse(&grant.to_string()).unwrap(), grant);
        }
        assert_eq!(
            GrantType::parse("implicit").unwrap_err().kind(),
            ErrorKind::Config
        );
    }
}
