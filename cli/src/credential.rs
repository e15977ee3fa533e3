//! The subcommand `credential`: kubectl's plug-in.

use doorward::{Error, ExecInfo, FreshToken, Rung, Url};

use crate::args::Credential;
use crate::door::{Door, Way, When, own_key};
use crate::environment::Environment;
use crate::report::Report;
use crate::{diagnostics, product, runtime, settings};

/// Prints a token, from the first rung of the ladder that has one
pub(crate) fn run(
    credential: &Credential,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    let info = exec_info(environment)?;
    let server = info.as_ref().and_then(|info| info.server.as_deref());
    let profile =
        settings::profile_of_call(&credential.settings, &credential.store, environment, report)?;
    check_server(server, |server| profile.is_for(server), &profile.server)?;
    let tokens = match Way::of(&profile).keeps_tokens() {
        true => credential.store.tokens(environment, report)?,
        false => None,
    };
    let kept = match &tokens {
        Some(tokens) => tokens.fresh(&profile.cache_key())?,
        None => None,
    };
    let token = match kept {
        Some(token) => token,
        // A token of one's own costs less than keeping it.
        None if Way::of(&profile) == Way::OwnKey => {
            own_key::of_profile(&profile, |name| environment.owned(name))?.mint()?
        }
        None => {
            if report.is_debugging() {
                diagnostics::start(report);
            }
            let door = Door::new(&profile, When::Later, environment, report)?
                .ledger(credential.store.ledger(environment));
            let source = door.into_source(tokens, credential.store.force, report);
            runtime::run(source.token())?
        }
    };
    // A profile that names no clusters has those that the portal named.
    if profile.server.is_empty() {
        check_server(server, |server| token.is_for(server), token.servers())?;
    }
    report.detail(&told(&token));
    let version = info.map(|info| info.api_version).unwrap_or_default();
    let secrets = [token.id_token().clone()];
    product::print_secret(
        &token.exec_credential(version).to_json(),
        &secrets,
        credential.mask,
        environment,
        report,
    )
}

/// What kubectl says of itself and its cluster, if it is kubectl that calls
pub(crate) fn exec_info(environment: &Environment) -> Result<Option<ExecInfo>, Error> {
    let info = environment.value("KUBERNETES_EXEC_INFO");
    info.map(|info| ExecInfo::parse(&info.to_string_lossy()))
        .transpose()
}

/// A token goes to the clusters that it was got for: a kubeconfig may come from anywhere
fn check_server(
    server: Option<&str>,
    is_for: impl Fn(&str) -> Option<bool>,
    own: &[String],
) -> Result<(), Error> {
    let Some(server) = server.filter(|server| is_for(server) == Some(false)) else {
        return Ok(());
    };
    Err(
        Error::config("the kubeconfig would send the token to a cluster that it is not for")
            .at("server", shown(server))
            .at(
                "own",
                own.iter()
                    .map(|own| shown(own))
                    .collect::<Vec<_>>()
                    .join(" "),
            )
            .hint("doorward profile add NAME --server URL … names the clusters of a profile"),
    )
}

/// A URL may hold a password
fn shown(server: &str) -> String {
    let origin = Url::parse(server).map(|url| url.origin().ascii_serialization());
    origin.unwrap_or_else(|_| "another server".into())
}

fn told(token: &FreshToken) -> String {
    let rung = match token.rung() {
        Rung::Cache => "the kept token",
        Rung::Minted => "a token of our own key",
        Rung::Refresh => "a refreshed token",
        _ => "the token of a new login",
    };
    let mut text = format!("{rung}, {} s left", token.left().as_secs());
    if !token.skew().is_zero() {
        let seconds = token.skew().as_secs();
        let (amount, way) = (
            seconds.abs(),
            if seconds > 0 { "ahead of" } else { "behind" },
        );
        text.push_str(&format!("; the server's clock is {amount} s {way} ours"));
    }
    text
}
