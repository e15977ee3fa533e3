//! stdout: the product of a login, and nothing else.

use std::io::{self, Write};
use std::path::Path;

use doorward::kubeconfig::{IncompleteKubeconfig, Section};
use doorward::{Error, ExecApiVersion, ExecCredential, Grant, Kubeconfig, Secret, one_line};
use serde_json::{Value, json};

use crate::args::{Mask, Product};
use crate::environment::Environment;
use crate::mask;
use crate::report::Report;

/// Writes `product` to stdout, with a line break at its end
pub(crate) fn print(product: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let line_break: &[u8] = if product.ends_with(b"\n") { b"" } else { b"\n" };
    let parts = [product, line_break];
    let written = parts.iter().try_for_each(|part| stdout.write_all(part));
    written
        .and_then(|()| stdout.flush())
        .map_err(|error| Error::storage("the result cannot be written to stdout").because(error))
}

/// Writes a secret product to stdout, after the CI system was told not to show what is in it
pub(crate) fn print_secret(
    product: &Secret,
    holds: &[Secret],
    mask: Mask,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    for line in mask::lines(holds, mask.mask, environment) {
        report.command(&line);
    }
    print(product.expose_secret().as_bytes())
}

/// The error of a kubeconfig whose user cannot be changed
pub(crate) fn no_user(error: IncompleteKubeconfig) -> Error {
    Error::portal("the portal's kubeconfig has no user to give a token to").because(error)
}

/// A login's product: the text, and the secrets in it
pub(crate) fn of_grant(
    product: Product,
    grant: &Grant,
    kubeconfig: &Kubeconfig,
    file: Option<&Path>,
    version: ExecApiVersion,
) -> Option<(Secret, Vec<Secret>)> {
    let token = || vec![grant.id_token().clone()];
    match product {
        Product::None => None,
        // The bytes of a path that is no UTF-8 are lost: no shell variable could hold them safely.
        Product::Path => file.map(|path| (Secret::new(path.to_string_lossy()), Vec::new())),
        Product::Json => Some((
            Secret::new(to_json(grant, kubeconfig, file).to_string()),
            Vec::new(),
        )),
        Product::Token => Some((grant.id_token().clone(), token())),
        Product::Kubeconfig => Some((kubeconfig.to_yaml(), secrets_in(kubeconfig))),
        Product::ExecCredential => {
            let credential = ExecCredential {
                api_version: version,
                token: grant.id_token().clone(),
                expires: grant.expires(),
            };
            Some((credential.to_json(), token()))
        }
    }
}

fn to_json(grant: &Grant, kubeconfig: &Kubeconfig, file: Option<&Path>) -> Value {
    let context = kubeconfig.current_context();
    let entry = context.and_then(|context| kubeconfig.entry(Section::Contexts, context));
    let cluster = entry.and_then(|entry| entry.get("cluster")?.as_str());
    let entry = cluster.and_then(|cluster| kubeconfig.entry(Section::Clusters, cluster));
    let server = entry.and_then(|entry| entry.get("server")?.as_str());
    json!({
        "user": grant.subject(),
        "context": context.map(one_line),
        "cluster": cluster.map(one_line),
        "server": server.map(one_line),
        "expires": grant.expires().map(|time| time.to_string()),
        "idp": grant.idp(),
        "kubeconfig": file.map(Path::to_string_lossy),
    })
}

/// All secrets of the users in a kubeconfig
pub(crate) fn secrets_in(kubeconfig: &Kubeconfig) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for name in kubeconfig.names(Section::Users) {
        if let Some(oidc) = kubeconfig.oidc_user(name) {
            secrets.push(oidc.id_token);
            secrets.extend(oidc.refresh_token);
            secrets.extend(oidc.client_secret);
        }
        let entry = kubeconfig.entry(Section::Users, name);
        for field in ["token", "password", "client-key-data"] {
            let text = entry.and_then(|entry| entry.get(field)?.as_str());
            secrets.extend(text.map(Secret::new));
        }
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

/// What the clients do with it, as seen
pub(crate) const AUTH_PROVIDER: &str = "clients that share an auth-provider entry break each other, since a refresh token is good once: \
     of parallel kubectl commands some fail, kube-rs keeps the next token to itself, and Python refreshes only when it starts; \
     --user-auth exec is safe";

#[cfg(test)]
mod tests {
    use doorward::Kubeconfig;

    use super::secrets_in;

    #[test]
    fn every_secret_of_a_kubeconfig_is_found() {
        let kubeconfig = Kubeconfig::parse(
            "users:
- name: a
  user:
    auth-provider: {name: oidc, config: {id-token: s1, refresh-token: s2, client-secret: s3}}
- name: b
  user: {token: s4, password: s5, client-key-data: s6, username: u}
- name: c
  user: {token: ''}
",
        )
        .unwrap();

        let secrets = secrets_in(&kubeconfig);

        let shown: Vec<_> = secrets
            .iter()
            .map(|secret| secret.expose_secret())
            .collect();
        assert_eq!(shown, ["s1", "s2", "s3", "s4", "s5", "s6"]);
    }
}
