//! How a profile's servers are reached.

use std::fs;
use std::path::Path;
use std::time::Duration;

use doorward::{Error, Network, Profile, Secret, SecretSource};

use crate::environment::Environment;
use crate::report::Report;
use crate::settings::CONNECT_TIMEOUT;

/// The network of `profile`, with what its files say; warns of settings that have no effect
pub(crate) fn of(
    profile: &Profile,
    environment: &Environment,
    report: &Report,
) -> Result<Network, Error> {
    let connect_timeout = profile.connect_timeout;
    let mut network = Network::new()
        .connect_timeout(connect_timeout.map_or(CONNECT_TIMEOUT, Duration::from_secs));
    network = trust(network, profile)?;
    network = for_portal(network, profile)?;
    if let Some(proxy) = &profile.proxy {
        network = network.proxy(proxy.clone());
        if let Some(password) = environment.value(PROXY_PASSWORD) {
            let password = password
                .to_str()
                .ok_or_else(|| Error::config(format!("{PROXY_PASSWORD} is no UTF-8 text")))?;
            network = network.proxy_password(Secret::new(password));
        }
    }
    for entry in &profile.resolve {
        network = network.resolve(entry)?;
    }
    for host in network.resolved_in_vain() {
        report.warn(&format!(
            "--resolve has no effect on {}: a proxy leads there, and looks up the name itself; --proxy none or NO_PROXY goes \
             there directly",
            match host {
                "*" => "hosts behind the proxy",
                host => host,
            }
        ));
    }
    Ok(match &profile.user_agent {
        Some(user_agent) => network.user_agent(user_agent),
        None => network,
    })
}

/// Whom to believe
fn trust(mut network: Network, profile: &Profile) -> Result<Network, Error> {
    for path in &profile.ca_file {
        network = network
            .ca_pem(&read(path, "CA file")?)
            .map_err(|error| at_file(error, path))?;
    }
    if let Some(pem) = profile.ca_pem()? {
        network = network.ca_pem(&pem)?;
    }
    match (
        profile.ca_only,
        profile.ca_file.is_empty() && profile.ca_data.is_none(),
    ) {
        (true, true) => Err(Error::config("--ca-only without a --ca-file trusts nobody")),
        (true, false) => Ok(network.ca_only()),
        (false, _) => Ok(network),
    }
}

/// What the portal alone gets
fn for_portal(mut network: Network, profile: &Profile) -> Result<Network, Error> {
    let secret = |path: &Path, what: &str| {
        let source = SecretSource::file(path);
        let source = match profile.allow_shared_files {
            true => source.allow_shared_files(),
            false => source,
        };
        source.read(what)
    };
    let portal = || {
        let place = profile.portal.as_deref().or(profile.issuer.as_deref());
        place.ok_or_else(|| {
            Error::config("a client certificate and headers are for a portal, and there is none")
                .hint("--portal or --issuer names it")
        })
    };
    match (&profile.client_cert, &profile.client_key) {
        (Some(certificate), Some(key)) => {
            let pem = read(certificate, "client certificate")?;
            network = network
                .client_identity(portal()?, &pem, &secret(key, "client key")?)
                .map_err(|error| {
                    let key = key.to_string_lossy();
                    error
                        .at("certificate", certificate.to_string_lossy())
                        .at("key", key)
                })?;
        }
        (None, None) => {}
        _ => {
            return Err(Error::config(
                "--client-cert and --client-key go together, and one of them is missing",
            )
            .hint("where both are in one file, name it twice"));
        }
    }
    if let Some(path) = &profile.header_file {
        network = network
            .header_lines(portal()?, &secret(path, "header")?)
            .map_err(|error| at_file(error, path))?;
    }
    Ok(network)
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| {
        at_file(Error::config(format!("the {what} cannot be read")), path).because(error)
    })
}

fn at_file(error: Error, path: &Path) -> Error {
    error.at("file", path.to_string_lossy())
}

/// The password for the user that `--proxy` names
pub(crate) const PROXY_PASSWORD: &str = "DOORWARD_PROXY_PASSWORD";
