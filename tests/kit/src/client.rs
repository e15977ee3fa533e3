//! How doorward reaches the servers of a testbed.

use doorward::{Credentials, Error, Network, Secret, Walk};

use crate::testbed::Testbed;
use crate::{PASSWORD, USER};

impl Testbed {
    /// Network settings that lead every host to these servers, and believe their CA only
    ///
    /// # Errors
    ///
    /// `Config`, which would be a bug of the testbed.
    pub fn network(&self) -> Result<Network, Error> {
        let mut network = Network::new().ca_pem(self.ca_pem().as_bytes())?.ca_only();
        for host in self.hosts() {
            let address = self.address();
            network = network.resolve(&format!("{host}:{}:{}", address.port(), address.ip()))?;
        }
        Ok(network)
    }

    /// A walk for [`USER`] that names the identity provider's origins; the adapter is the caller's to add
    ///
    /// # Errors
    ///
    /// As [`network`](Self::network).
    pub fn walk(&self) -> Result<Walk, Error> {
        self.walk_as(USER, PASSWORD)
    }

    /// The same for somebody else
    ///
    /// # Errors
    ///
    /// As [`network`](Self::network), and `Config` for an empty name or password.
    pub fn walk_as(&self, user: &str, password: &str) -> Result<Walk, Error> {
        Walk::new()
            .network(self.network()?)
            .credentials(Credentials::new(user, Secret::new(password))?)
            .idp_url(&self.okta_url())?
            .idp_url(&self.okta_custom_url())
    }
}
