//! The smallest login that a pipeline can copy: settings from the environment, one login, a kubeconfig.
//!
//! ```text
//! export DOORWARD_PORTAL=https://k8sou.example.com DOORWARD_IDP_URL=https://acme.okta.com
//! export DOORWARD_USERNAME=ci-bot KUBECONFIG=$PWD/ci.kubeconfig   # DOORWARD_PASSWORD: from a secret store
//! cargo run --example login
//! ```

use std::process::ExitCode;
use std::{env, fs};

use doorward::kubeconfig::{KubeconfigFiles, MergeHow, UserAuth};
use doorward::{Credentials, Error, FrontDoor, Network, Portal, Secret, Walk};
use doorward_providers::Okta;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = log_in().await else {
        return ExitCode::SUCCESS;
    };
    eprintln!("{}: {error}", error.kind());
    if let Some(hint) = error.next_step() {
        eprintln!("{hint}");
    }
    ExitCode::FAILURE
}

async fn log_in() -> Result<(), Error> {
    let files = KubeconfigFiles::from_environment(|name| env::var_os(name))?;
    files.prepare()?; // before the login, so that none is spent in vain
    let password = Secret::new(setting("DOORWARD_PASSWORD")?);
    let walk = Walk::new()
        .network(network()?)
        .credentials(Credentials::new(setting("DOORWARD_USERNAME")?, password)?)
        .idp_url(&setting("DOORWARD_IDP_URL")?)?
        .adapter(Okta::default());
    let portal = Portal::new(&setting("DOORWARD_PORTAL")?, walk)?;
    let grant = portal.open().await?;
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider)?;
    let written = files.write(&kubeconfig, MergeHow::default())?;
    let (user, path) = (grant.subject(), written.path().display());
    match grant.expires() {
        Some(end) => eprintln!("{user} is in {path}, with a token until {end}"),
        None => eprintln!("{user} is in {path}"),
    }
    Ok(())
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
