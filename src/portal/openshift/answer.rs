//! What a login at the OAuth server yields: a token that nobody can read, its end, and a cluster.

use jiff::{SignedDuration, Timestamp};
use url::form_urlencoded;

use crate::event::Listener;
use crate::front_door::Grant;
use crate::kubeconfig::Target;
use crate::oidc::{Authentication, Authorization, Client, Method, TokenRequest};
use crate::portal::openshift::CLIENT;
use crate::portal::openshift::metadata::OAuthServer;
use crate::portal::{Portal, foreign};
use crate::{Credentials, Error, Page, Secret, redact};

/// A token, and how long it lives where that was said
pub(super) struct Token {
    secret: Secret,
    lives: Option<i64>,
}

impl From<Secret> for Token {
    fn from(secret: Secret) -> Self {
        let lives = None;
        Self { secret, lives }
    }
}

/// The token that the redirect at which the walk ended holds, or that its code is good for
pub(super) async fn of_redirect(
    portal: &Portal,
    authorization: &Authorization,
    server: &OAuthServer,
    page: &Page,
) -> Result<Token, Error> {
    let fragment = page
        .redirect()
        .and_then(|to| to.fragment())
        .unwrap_or_default();
    // Servers of before the code flow answer in the fragment.
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(fragment.as_bytes());
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    if let Some(token) = value("access_token").filter(|token| !token.is_empty()) {
        authorization.check_state(value("state").as_deref(), page)?;
        let lives = value("expires_in").and_then(|seconds| seconds.parse().ok());
        let secret = Secret::new(token);
        return Ok(Token { secret, lives });
    }
    let code = authorization.code(page)?;
    let listener = Listener::default();
    let client = Client::new(&server.issuer, CLIENT, portal, &listener)?;
    // It has no secret, and the server wants to see that.
    let nothing = Authentication::Secret(Secret::new(""), Method::Basic);
    let client = client.authenticated(nothing);
    let request = TokenRequest::of_code(authorization, &code);
    let tokens = client.tokens(&server.token, request).await?;
    let none = || Error::portal("the OAuth server's answer holds no token");
    let secret = tokens.access_token.ok_or_else(none)?;
    let lives = tokens.lives;
    Ok(Token { secret, lives })
}

/// The kubeconfig of the cluster with the token, as foreign as any other
pub(super) fn grant(
    portal: &Portal,
    page: &Page,
    token: impl Into<Token>,
    user: Option<&str>,
    server: &str,
) -> Result<Grant, Error> {
    let Token { secret, lives } = token.into();
    let own = portal.walk.own_credentials().map(Credentials::username);
    let user = redact::one_line(user.or(own).unwrap_or("unknown"));
    let with_token = |target: &Target| {
        let kubeconfig = target.kubeconfig(&user).with_token(&secret);
        kubeconfig
            .map_err(|error| Error::portal("there is no user to give the token to").because(error))
    };
    let granted = match &portal.target {
        // The caller's own word needs nobody's leave.
        Some(target) => foreign::granted(page, with_token(target)?)?,
        None => foreign::grant(portal, page, with_token(&Target::new(server)?)?)?,
    };
    let now = Timestamp::now();
    let there = now.saturating_add(granted.skew).unwrap_or(now);
    let ends = lives.and_then(|seconds| there.checked_add(SignedDuration::from_secs(seconds)).ok());
    Ok(Grant {
        // Zero seconds are OpenShift's word for a token that does not end.
        expires: ends.filter(|_| lives != Some(0)).or(granted.expires),
        subject: user,
        ..granted
    })
}
