//! The grants of workloads: a pod's or a pipeline's own token instead of a client's secret, and the exchange of tokens.
//!
//! Source: <https://openunison.github.io/documentation/custom-sso/>

use std::time::Duration;

use serde_json::{Value, json};

use crate::api_server::CLUSTER_ISSUER;
use crate::http::{Answer, Ask};
use crate::openunison::OpenUnison;
use crate::openunison::issuer::{KID, Minting};
use crate::openunison::token_endpoint::{refused, tokens};
use crate::person::Person;
use crate::testbed::Testbed;
use crate::world::{PORTAL_HOST, RUNNER_HOST, World};

/// The client that trusts the cluster's service accounts and the runners' jobs
pub const WORKLOAD_CLIENT: &str = "k8s2ou";
/// The client that exchanges tokens
pub const STS_CLIENT: &str = "sts";

impl Testbed {
    /// A token of the portal's issuer that says how its owner signed in, which an exchange asks for
    pub fn id_token_with_amr(&self, subject: &str, life: Duration) -> String {
        let world = self.world();
        let now = world.clock().seconds();
        let issuer = format!("{}/auth/idp/k8sIdp", world.origin(PORTAL_HOST));
        let claims = json!({
            "iss": issuer, "aud": "kubernetes", "sub": subject, "amr": ["pwd"],
            "iat": now, "nbf": now, "exp": now + life.as_secs(),
        });
        world.secret(world.keys.sign_token(KID, &claims))
    }

    /// The token that a pod's service account has for the API server
    pub fn pod_token(&self, subject: &str, life: Duration) -> String {
        let world = self.world();
        let now = world.clock().seconds();
        let claims = json!({
            "iss": CLUSTER_ISSUER, "aud": [CLUSTER_ISSUER], "sub": subject,
            "iat": now, "nbf": now, "exp": now + life.as_secs(),
        });
        world.secret(world.keys.sign_token("sa-1", &claims))
    }
}

impl OpenUnison {
    /// Somebody's token, if it is good, names the subject; there is no refresh token
    pub(super) fn client_credentials(
        &mut self,
        issuer: &str,
        client: &str,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if client != WORKLOAD_CLIENT {
            return refused(403);
        }
        if ask.field("client_secret").is_some() {
            world.complain("a client that has a token sent a secret, too");
        }
        match bearer(ask, world) {
            Some(subject) => self.give(issuer, client, &subject, world),
            None => refused(401),
        }
    }

    /// A token of this issuer for another client, if whoever acts has a good token, too
    pub(super) fn exchange_token(
        &mut self,
        issuer: &str,
        client: &str,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if client != STS_CLIENT || bearer(ask, world).is_none() {
            return refused(403);
        }
        let subject_token = world.secret(ask.field("subject_token").unwrap_or_default());
        let claims = world.keys.read_token(&subject_token).unwrap_or_default();
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(issuer) || !is_alive(&claims, world) {
            return refused(403);
        }
        let (Some(subject), Some(_)) = (text("sub"), claims.get("amr")) else {
            return refused(422);
        };
        match ask.field("audience").as_deref() {
            Some(audience @ "kubernetes") => self.give(issuer, audience, subject, world),
            _ => refused(404),
        }
    }

    fn give(&mut self, issuer: &str, client: &str, subject: &str, world: &World) -> Answer {
        let minting = Minting {
            plain_user_ids: true,
            ..self.minting()
        };
        let person = Person::new(subject, "");
        let place = self
            .issuer
            .open(&person, client, issuer, "none", minting, world);
        let life = self.switches.token_life.as_secs();
        let answer = self
            .issuer
            .sessions
            .get(place)
            .map(|session| tokens(session, life, false));
        self.issuer.sessions.truncate(place);
        answer.unwrap_or_else(|| refused(500))
    }
}

/// Whose token stands in the header, if the cluster or the runners' platform signed it
fn bearer(ask: &Ask, world: &World) -> Option<String> {
    let token = world.secret(ask.bearer()?);
    let claims = world.keys.read_token(&token)?;
    let issuer = claims.get("iss")?.as_str()?;
    let is_known = issuer == CLUSTER_ISSUER || issuer == world.origin(RUNNER_HOST);
    let subject = claims.get("sub")?.as_str()?;
    (is_known && is_alive(&claims, world)).then(|| subject.to_owned())
}

fn is_alive(claims: &Value, world: &World) -> bool {
    let end = claims.get("exp").and_then(Value::as_u64);
    end.is_some_and(|end| end > world.clock().seconds())
}
