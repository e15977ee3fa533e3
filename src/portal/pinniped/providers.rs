//! The identity providers of a Supervisor, and which of them take a password without a browser.

use serde_json::Value;
use url::Url;

use crate::portal::download::refusal;
use crate::{Error, Page};

/// One provider
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) kind: String,
}

impl Provider {
    /// Those that take a password, in the order of the list
    ///
    /// # Errors
    ///
    /// `Portal` for an answer that is no list, `Unsupported` where none does.
    pub(super) fn all(page: &Page) -> Result<Vec<Self>, Error> {
        let json = page.json().filter(|_| page.status() == 200);
        let list = json.and_then(|json| json.get("pinniped_identity_providers")?.as_array());
        let list = list.ok_or_else(|| {
            refusal(
                page,
                Error::portal("the Supervisor's list of providers cannot be read"),
            )
        })?;
        let found: Vec<Self> = list.iter().filter_map(Self::read).collect();
        match found.is_empty() {
            false => Ok(found),
            true => Err(refusal(page, Error::unsupported("no provider of the Supervisor takes a password without a browser"))
                .hint("LDAP and Active Directory do; an OIDC provider does where allowPasswordGrant is set")),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let (name, kind) = (text("name")?, text("type")?);
        let takes_password = match value.get("flows").and_then(Value::as_array) {
            Some(flows) => flows.iter().any(|flow| flow == "cli_password"),
            // The first versions had no flows, and one for each kind.
            None => matches!(&*kind, "ldap" | "activedirectory"),
        };
        takes_password.then_some(Self { name, kind })
    }
}

/// Where the list is
pub(super) fn list(page: &Page) -> Option<Url> {
    let own = page
        .json()?
        .get("discovery.supervisor.pinniped.dev/v1alpha1")?;
    Url::parse(own.get("pinniped_identity_providers_endpoint")?.as_str()?).ok()
}
