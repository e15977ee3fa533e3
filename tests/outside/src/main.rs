//! Logs in through Gatehouse, and writes a kubeconfig: `log-in KUBECONFIG`, with the settings in variables.
//!
//! ```text
//! export DOORWARD_PORTAL=https://k8sou.example.com DOORWARD_IDP_URL=https://login.gatehouse.example
//! export DOORWARD_USERNAME=ci-bot   # DOORWARD_PASSWORD: from a secret store
//! log-in ci.kubeconfig
//! ```

use std::process::ExitCode;
use std::{env, fs};

use doorward::kubeconfig::{KubeconfigFiles, MergeHow, UserAuth};
use doorward::{Credentials, Error, FrontDoor, Network, Portal, SecretSource, Walk};
use doorward_gatehouse::Gatehouse;

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
    let path = env::args_os().nth(1);
    let path = path.ok_or_else(|| Error::config("usage: log-in KUBECONFIG"))?;
    let files = KubeconfigFiles::at(path);
    files.prepare()?;
    let password = SecretSource::variable("DOORWARD_PASSWORD");
    let credentials = Credentials::with_source(setting("DOORWARD_USERNAME")?, password)?;
    let mut network = Network::new();
    if let Some(path) = env::var_os("DOORWARD_CA_FILE") {
        let unreadable = |error| Error::config("DOORWARD_CA_FILE cannot be read").because(error);
        network = network.ca_pem(&fs::read(path).map_err(unreadable)?)?;
    }
    let walk = Walk::new()
        .network(network)
        .credentials(credentials)
        .idp_url(&setting("DOORWARD_IDP_URL")?)?
        .adapter(Gatehouse::default());
    let grant = Portal::new(&setting("DOORWARD_PORTAL")?, walk)?
        .open()
        .await?;
    let written = files.write(&grant.kubeconfig(&UserAuth::Token)?, MergeHow::default())?;
    eprintln!("{} is in {}", grant.subject(), written.path().display());
    Ok(())
}

fn setting(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|_| Error::config(format!("{name} is not set")))
}
