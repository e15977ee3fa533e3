//! What the environment says, and when it is time to stop.

use std::time::Duration;
use std::{env, fs, io};

use doorward::{Credentials, Error, Network, Portal, SecretSource, TokenSource, Walk};
use doorward_providers::Okta;
use tokio::signal::ctrl_c;

pub(crate) fn source() -> Result<TokenSource, Error> {
    let password = SecretSource::variable("DOORWARD_PASSWORD");
    let credentials = Credentials::with_source(setting("DOORWARD_USERNAME")?, password)?;
    let walk = Walk::new()
        .credentials(credentials)
        .network(network()?)
        .idp_url(&setting("DOORWARD_IDP_URL")?)?
        .adapter(Okta::default())
        .timeout(Duration::from_secs(25)); // Kubernetes gives a pod 30 seconds to stop
    let portal = Portal::new(&setting("DOORWARD_PORTAL")?, walk)?;
    Ok(TokenSource::new(portal))
}

/// The system's certificate authorities, and those of `DOORWARD_CA_FILE` if it is set
fn network() -> Result<Network, Error> {
    let Some(path) = env::var_os("DOORWARD_CA_FILE").filter(|path| !path.is_empty()) else {
        return Ok(Network::new());
    };
    let unreadable = |error| Error::config("DOORWARD_CA_FILE cannot be read").because(error);
    Network::new().ca_pem(&fs::read(path).map_err(unreadable)?)
}

fn setting(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|_| Error::config(format!("{name} is not set")))
}

/// Ends with SIGTERM, which Kubernetes sends, or Ctrl-C
#[cfg(unix)]
pub(crate) async fn stop() -> io::Result<()> {
    let terminate = tokio::signal::unix::SignalKind::terminate();
    let mut terminate = tokio::signal::unix::signal(terminate)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        outcome = ctrl_c() => outcome,
    }
}

#[cfg(not(unix))]
pub(crate) async fn stop() -> io::Result<()> {
    ctrl_c().await
}
