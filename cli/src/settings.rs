//! The options of a login as a profile: one form for what is done now, and what is kept for later.

use std::time::Duration;

use doorward::kubeconfig::KubeconfigFiles;
use doorward::profile::{CredentialsFile, SecretPlace};
use doorward::{Allow, CiPlatform, Error, Grant, Profile, Proxy, Walk};

use crate::args::{
    Allowances, DETECTED, IdentityOptions, IssuerOptions, LoginOptions, NetworkOptions, PASSWORD,
    StoreOptions, TargetOptions, absolute,
};
use crate::door::{Way, portal};
use crate::environment::{Environment, variable};
use crate::report::Report;

/// The profile of a call: one that is kept, where only its name is given, or what the options stand for
pub(crate) fn profile_of_call(
    options: &LoginOptions,
    store: &StoreOptions,
    environment: &Environment,
    report: &Report,
) -> Result<Profile, Error> {
    match (options.name_a_door(), store.name()) {
        (false, Some(name)) => store.folders.profiles(environment)?.expect(&name),
        _ => profile(options, report),
    }
}

/// The profile that the options stand for; without a portal if none is named
pub(crate) fn profile(options: &LoginOptions, report: &Report) -> Result<Profile, Error> {
    let portal = &options.portal;
    for url in &portal.idp_url {
        if let Some(origin) = without_path(url) {
            report.note(&format!(
                "the path after --idp-url {origin} is ignored: an origin gets credentials as a whole"
            ));
        }
    }
    let kind = portal.portal_kind.as_deref();
    let url = |text| portal::named(text, kind, Walk::new()).map(|portal| portal.url().to_string());
    let mut profile = Profile::default();
    profile.portal = portal.portal.as_deref().map(url).transpose()?;
    profile.portal_kind.clone_from(&portal.portal_kind);
    profile.idp.clone_from(&portal.idp);
    profile.idp_url.clone_from(&portal.idp_url);
    profile.via.clone_from(&portal.via);
    profile.login_option.clone_from(&portal.login_option);
    profile.accept_terms = portal.accept_terms;
    profile.accept_consent = portal.accept_consent;
    profile.username.clone_from(&options.credentials.username);
    profile.password.clone_from(&options.credentials.password);
    if let Some(path) = &options.credentials.credentials_file {
        // Whose login it is belongs to the profile, as its user name does.
        profile.credentials_users = CredentialsFile::read(path)?.users();
        profile.credentials_file = Some(path.clone());
    }
    put_other_doors(&mut profile, &options.issuer, &options.identity)?;
    let factors = &options.factors;
    profile.factor.clone_from(&factors.factor);
    profile.totp_seed.clone_from(&factors.totp_seed);
    profile.code_command.clone_from(&factors.code_command);
    profile.security_answer.clone_from(&factors.security_answer);
    profile.passkey.clone_from(&factors.passkey);
    profile.device.clone_from(&factors.device);
    put_network(&mut profile, &options.network)?;
    // Of other secrets, each place says it for itself.
    let files = [
        &profile.credentials_file,
        &profile.client_key,
        &profile.header_file,
    ];
    let has_file = files.iter().any(|file| file.is_some()) || profile.jwt_key.is_some();
    profile.allow_shared_files = options.credentials.allow_shared_files && has_file;
    put_allowances(&mut profile, &options.allowances);
    profile.absolute()
}

/// Notes how servers are reached, and whom to believe
pub(crate) fn put_network(profile: &mut Profile, network: &NetworkOptions) -> Result<(), Error> {
    let files = network.ca_file.iter().map(|path| absolute(path));
    profile.ca_file = files.collect::<Result<_, _>>()?;
    profile.ca_only = network.ca_only;
    profile.client_cert.clone_from(&network.client_cert);
    profile.client_key.clone_from(&network.client_key);
    profile.header_file.clone_from(&network.header_file);
    profile.proxy = network.proxy.as_deref().map(Proxy::parse).transpose()?;
    profile.resolve.clone_from(&network.resolve);
    profile.timeout = other_than(network.timeout, TIMEOUT);
    profile.connect_timeout = other_than(network.connect_timeout, CONNECT_TIMEOUT);
    profile.user_agent.clone_from(&network.user_agent);
    Ok(())
}

/// The same for a login that comes later: a password that nobody speaks of now comes from its variable then
pub(crate) fn profile_for_later(options: &LoginOptions, report: &Report) -> Result<Profile, Error> {
    let mut profile = profile(options, report)?;
    let signs_in = Way::of(&profile).has_a_password(&profile);
    let has_door = profile.portal.is_some() || profile.issuer.is_some();
    let needs_password = signs_in && has_door && profile.credentials_file.is_none();
    if needs_password && profile.password.is_none() {
        profile.password = Some(SecretPlace::Variable(variable(PASSWORD)));
    }
    Ok(profile)
}

/// Notes the cluster that the token is for, where the caller names one now
pub(crate) fn put_target(
    profile: &mut Profile,
    options: &TargetOptions,
    output: Option<&KubeconfigFiles>,
    environment: &Environment,
) -> Result<(), Error> {
    let Some(target) = options.target(output, environment)? else {
        return Ok(());
    };
    if !Way::of(profile).takes_a_cluster(profile) {
        return Err(Error::config("the portal names the cluster, and no option does")
            .hint(
                "leave out --server, --context, --certificate-authority and --cluster-name; --context-name NAME names its context. \
                 Other portals than OpenUnison take a cluster: --portal-kind says which one it is",
            ));
    }
    profile.target = Some(target);
    Ok(())
}

/// Notes the clusters that the token was given for; what the profile names besides, such as a load balancer, is the caller's own word
pub(crate) fn put_servers(profile: &mut Profile, grant: &Grant) {
    for server in grant.servers() {
        if profile.is_for(&server) != Some(true) {
            profile.server.push(server);
        }
    }
}

/// What a kubeconfig cannot do without
pub(crate) fn no_target() -> Error {
    Error::config("nothing says which cluster the token is for").hint(
        "--server URL with --certificate-authority PEM, or --context NAME of a kubeconfig that is there",
    )
}

/// Notes what ways in without a portal need
fn put_other_doors(
    profile: &mut Profile,
    issuer: &IssuerOptions,
    identity: &IdentityOptions,
) -> Result<(), Error> {
    profile.issuer.clone_from(&issuer.issuer);
    profile.client_id.clone_from(&issuer.client_id);
    profile.client_secret.clone_from(&issuer.client_secret);
    let assertion_key = &issuer.client_assertion_key;
    profile.client_assertion_key.clone_from(assertion_key);
    profile.scope.clone_from(&issuer.scope);
    profile.redirect_uri.clone_from(&issuer.redirect_uri);
    profile.grant.clone_from(&issuer.grant);
    profile.subject_token.clone_from(&issuer.subject_token);
    profile.token_parameter.clone_from(&issuer.token_parameter);
    profile.audience.clone_from(&identity.audience);
    profile.jwt_key.clone_from(&identity.jwt_key);
    let passphrase = &identity.jwt_key_passphrase;
    profile.jwt_key_passphrase.clone_from(passphrase);
    profile.algorithm.clone_from(&identity.algorithm);
    profile.key_id.clone_from(&identity.key_id);
    profile.subject.clone_from(&identity.subject);
    profile.duration = identity.duration.map(|time| time.as_secs());
    profile.claim.clone_from(&identity.claim);
    profile.ci_identity = match identity.ci_identity.as_deref() {
        None => None,
        Some(DETECTED) => Some(String::new()),
        Some(named) => Some(CiPlatform::parse(named)?.absolute()?.to_string()),
    };
    Ok(())
}

/// Notes what the portal's answer may hold
pub(crate) fn put_allowances(profile: &mut Profile, allowances: &Allowances) {
    profile.allow_exec.clone_from(&allowances.allow_exec);
    profile
        .allow_auth_provider
        .clone_from(&allowances.allow_auth_provider);
    profile.allow_http = allowances.allow_http;
    profile.allow_insecure = allowances.allow_insecure;
    profile.allow_local_path = allowances.allow_local_path;
}

/// What the portal's answer may hold
pub(crate) fn allow(profile: &Profile) -> Allow {
    let mut allow = Allow::nothing();
    if profile.allow_http {
        allow = allow.http();
    }
    if profile.allow_insecure {
        allow = allow.insecure();
    }
    if profile.allow_local_path {
        allow = allow.local_path();
    }
    allow = profile.allow_exec.iter().fold(allow, Allow::exec);
    let providers = profile.allow_auth_provider.iter();
    providers.fold(allow, Allow::auth_provider)
}

/// A time in seconds, unless it is the one that counts anyway
fn other_than(time: Duration, usual: Duration) -> Option<u64> {
    (time != usual).then_some(time.as_secs())
}

/// The part of a URL before its path, if it has one
fn without_path(url: &str) -> Option<&str> {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = host + url.get(host..)?.find(['/', '?', '#'])?;
    let (origin, path) = url.split_at_checked(end)?;
    (path != "/").then_some(origin)
}

/// How long a login may take unless told otherwise
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);

/// How long a connection may take to come up unless told otherwise
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::without_path;

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
}
