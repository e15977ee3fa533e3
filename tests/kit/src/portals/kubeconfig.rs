//! The kubeconfig that these portals write, with Go's YAML library or by a template.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::portals::relying::{CLIENT, Tokens};
use crate::world::{API_HOST, World};

/// The client's secret, which these portals hand out
pub(super) const CLIENT_SECRET: &str = "portal-client-secret-5d7f";

/// A document with one cluster, one context and one OIDC user
pub(super) fn document(cluster: &str, tokens: &Tokens, world: &World) -> String {
    let user = user(cluster, tokens);
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: {server}\n  name: {cluster}\n\
         contexts:\n- context:\n    cluster: {cluster}\n    user: {user}\n  name: {cluster}\n\
         current-context: {cluster}\nkind: Config\npreferences: {{}}\nusers:\n- name: {user}\n  user:\n    auth-provider:\n      config:\n\
         \x20       client-id: {CLIENT}\n        client-secret: {CLIENT_SECRET}\n        id-token: {id_token}\n\
         \x20       idp-issuer-url: {issuer}\n        refresh-token: {refresh_token}\n      name: oidc\n",
        ca = STANDARD.encode(&world.ca_pem),
        server = world.origin(API_HOST),
        id_token = tokens.id_token,
        issuer = tokens.issuer,
        refresh_token = tokens.refresh_token,
    )
}

pub(super) fn user(cluster: &str, tokens: &Tokens) -> String {
    format!("{}@{cluster}", tokens.person.login)
}
