//! Who may sign in.

use std::fmt;

use crate::okta::OktaFactor;

/// Somebody with an account at the identity provider, the portal's directory, or both
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Person {
    /// The user name, which becomes `sub`
    pub login: String,
    /// The password
    pub password: String,
    /// The given name
    pub given_name: String,
    /// The family name
    pub family_name: String,
    /// The mail address
    pub email: String,
    /// Groups, as the portal puts them into its tokens
    pub groups: Vec<String>,
    /// What the account has enrolled at the Okta org, in the order it is listed
    pub factors: Vec<OktaFactor>,
}

impl Person {
    /// Somebody in one group
    pub fn new(login: &str, password: &str) -> Self {
        let name = login.split('@').next().unwrap_or_default();
        Self {
            login: login.to_owned(),
            password: password.to_owned(),
            given_name: name.to_owned(),
            family_name: "Doe".to_owned(),
            email: if login.contains('@') {
                login.to_owned()
            } else {
                format!("{login}@acme.test")
            },
            groups: vec!["admins".to_owned()],
            factors: Vec::new(),
        }
    }

    /// Replaces the groups
    #[must_use]
    pub fn groups(mut self, groups: &[&str]) -> Self {
        self.groups = groups.iter().map(|&group| group.to_owned()).collect();
        self
    }

    /// Enrols one more factor
    #[must_use]
    pub fn factor(mut self, factor: &OktaFactor) -> Self {
        self.factors.push(factor.clone());
        self
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("login", &self.login)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}
