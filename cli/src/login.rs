//! The subcommand `login`: every setting and target is tried first, then the portal is asked.

use std::fs;
use std::path::Path;

use doorward::kubeconfig::KubeconfigFiles;
use doorward::{
    Credentials, Error, ExecApiVersion, ExecInfo, FrontDoor, Grant, Network, Portal, Walk,
};
use doorward_providers::{all, by_name};
use tokio::runtime;

use crate::args::{CredentialOptions, Login, NetworkOptions, Product};
use crate::environment::Environment;
use crate::report::{Report, Success};
use crate::{diagnostics, failure, product};

/// Logs in, writes the kubeconfig, and prints the product
pub(crate) fn run(login: &Login, environment: &Environment, report: &Report) -> Result<(), Error> {
    if report.is_debugging() {
        diagnostics::start(report);
    }
    let walk = walk(login, report)?;
    let url = Portal::new(&login.portal.portal, Walk::new())?
        .url()
        .clone();
    let version = exec_api_version(environment)?;
    let files = files(login, environment)?;
    if let Some(files) = &files {
        files.prepare()?;
        if files.is_home() && environment.is_ci() {
            report.warn(
                "the kubeconfig goes into the home folder, where other jobs of this machine may read and change it; \
                 --kubeconfig PATH keeps it apart",
            );
        }
    }
    // Last, since a command may ask a vault, and stdin can be read once.
    let credentials = credentials(&login.credentials)?;
    let portal = Portal::new(&login.portal.portal, walk.credentials(credentials))?
        .allow(login.allowances.allow());

    report.begin(format!(
        "{}: asking for a token",
        url.host_str().unwrap_or_default()
    ));
    let grant = open(&portal);
    report.done();
    deliver(login, &grant?, files.as_ref(), version, environment, report)
}

/// Writes and prints what the login gave
fn deliver(
    login: &Login,
    grant: &Grant,
    files: Option<&KubeconfigFiles>,
    version: ExecApiVersion,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    let mut kubeconfig = grant.kubeconfig(&login.kubeconfig.user_auth.into())?;
    login.kubeconfig.name(&mut kubeconfig)?;
    let written = files
        .map(|files| files.write(&kubeconfig, login.kubeconfig.how()))
        .transpose()?;
    let file = written.as_ref().map(|written| written.path());
    if let Some((text, secrets)) =
        product::of_grant(login.output.output, grant, &kubeconfig, file, version)
    {
        product::print_secret(&text, &secrets, login.mask, environment, report)?;
    }
    report.success(&Success {
        what: "logged in as",
        user: grant.subject().to_owned(),
        portal: failure::origin(&login.portal.portal),
        expires: grant
            .expires()
            .map(|time| (time.to_string(), time.as_second())),
        context: kubeconfig.current_context().map(str::to_owned),
    });
    Ok(())
}

/// The one place where a runtime is started
fn open(portal: &Portal) -> Result<Grant, Error> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::transport("the network cannot be used").because(error))?;
    let outcome = runtime.block_on(portal.open());
    // A name that is still being looked up would hold a plain drop for as long as the resolver likes.
    runtime.shutdown_background();
    outcome
}

/// Everything about the login but the credentials
fn walk(login: &Login, report: &Report) -> Result<Walk, Error> {
    let options = &login.portal;
    let listener = report.clone();
    let mut walk = Walk::new()
        .network(network(&login.network)?)
        .timeout(login.network.timeout)
        .on_event(move |event| listener.event(event));
    for url in &options.idp_url {
        walk = walk.idp_url(url)?;
        if let Some(origin) = without_path(url) {
            report.note(&format!("the path after --idp-url {origin} is ignored: an origin gets credentials as a whole"));
        }
    }
    for url in &options.via {
        walk = walk.via(url)?;
    }
    let adapters = match options.idp.as_slice() {
        [] => all(),
        names => names.iter().filter_map(|name| by_name(name)).collect(),
    };
    walk = adapters.into_iter().fold(walk, Walk::shared_adapter);
    walk = options
        .login_option
        .iter()
        .fold(walk, |walk, label| walk.login_option(label));
    if options.accept_terms {
        walk = walk.accept_terms();
    }
    if options.accept_consent {
        walk = walk.accept_consent();
    }
    Ok(walk)
}

fn network(options: &NetworkOptions) -> Result<Network, Error> {
    let mut network = Network::new().connect_timeout(options.connect_timeout);
    for path in &options.ca_file {
        network = network
            .ca_pem(&pem(path)?)
            .map_err(|error| error.at("file", path.to_string_lossy()))?;
    }
    if options.ca_only {
        if options.ca_file.is_empty() {
            return Err(Error::config("--ca-only without a --ca-file trusts nobody"));
        }
        network = network.ca_only();
    }
    for entry in &options.resolve {
        network = network.resolve(entry)?;
    }
    Ok(match &options.user_agent {
        Some(user_agent) => network.user_agent(user_agent),
        None => network,
    })
}

fn pem(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| {
        Error::config("the CA file cannot be read")
            .at("file", path.to_string_lossy())
            .because(error)
    })
}

fn credentials(options: &CredentialOptions) -> Result<Credentials, Error> {
    let username = options.username.as_deref().ok_or_else(|| {
        Error::config("there is no user name").hint("give --username or DOORWARD_USERNAME")
    })?;
    let password = options.password.as_ref().ok_or_else(|| {
        Error::config("there is no password").hint(
            "give DOORWARD_PASSWORD, --password-file or --password-command; \
             CI systems give empty secrets to pull requests from forks",
        )
    })?;
    Credentials::new(username, password.read("password")?)
}

/// The files to write: the named one, or for the path as product the ones that kubectl reads
fn files(login: &Login, environment: &Environment) -> Result<Option<KubeconfigFiles>, Error> {
    match (login.kubeconfig.named_files(), login.output.output) {
        (Some(files), _) => Ok(Some(files)),
        (None, Product::Path) => {
            let variable = |name: &str| environment.value(name).map(ToOwned::to_owned);
            KubeconfigFiles::from_environment(variable).map(Some)
        }
        (None, _) => Ok(None),
    }
}

/// The version of an ExecCredential that kubectl asks for
fn exec_api_version(environment: &Environment) -> Result<ExecApiVersion, Error> {
    match environment.value("KUBERNETES_EXEC_INFO") {
        Some(info) => Ok(ExecInfo::parse(&info.to_string_lossy())?.api_version),
        None => Ok(ExecApiVersion::default()),
    }
}

/// The part of a URL before its path, if it has one
fn without_path(url: &str) -> Option<&str> {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = host + url.get(host..)?.find(['/', '?', '#'])?;
    let (origin, path) = url.split_at_checked(end)?;
    (path != "/").then_some(origin)
}

#[cfg(test)]
mod tests {
    use doorward::{ErrorKind, ExecApiVersion};

    use super::{exec_api_version, without_path};
    use crate::environment::Environment;

    #[test]
    fn a_path_of_a_url_is_noticed() {
        assert_eq!(
            without_path("https://a.test/oauth2/v1"),
            Some("https://a.test")
        );
        assert_eq!(without_path("a.test:8443/x"), Some("a.test:8443"));
        assert_eq!(without_path("https://a.test?x"), Some("https://a.test"));
        for url in ["https://a.test", "https://a.test/", "a.test", ""] {
            assert_eq!(without_path(url), None);
        }
    }

    #[test]
    fn the_credential_has_the_version_that_is_asked_for() {
        let version = |info: &str| {
            let environment: Environment = [("KUBERNETES_EXEC_INFO".to_owned(), info.into())]
                .into_iter()
                .collect();
            exec_api_version(&environment)
        };
        assert_eq!(version("").unwrap(), ExecApiVersion::V1);
        let beta =
            r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential"}"#;
        assert_eq!(version(beta).unwrap(), ExecApiVersion::V1beta1);
        for odd in [
            "{}",
            "no json",
            r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#,
        ] {
            assert_eq!(version(odd).unwrap_err().kind(), ErrorKind::Config);
        }
    }
}
