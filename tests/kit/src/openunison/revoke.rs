//! The revocation endpoint, which OpenUnison advertises and never wrote.
//!
//! With [`crate::PortalSwitches::revokes`] it is one that keeps to RFC 7009: a refresh token ends its session, and a
//! token that nobody knows is answered by 200 all the same.

use serde_json::json;

use crate::http::{Answer, Ask};
use crate::openunison::token_endpoint::basic_user;
use crate::openunison::{Discovery, OpenUnison};
use crate::world::World;

impl OpenUnison {
    pub(super) fn revoke(&mut self, idp: &str, ask: &Ask, world: &World) -> Answer {
        if self.switches.discovery == Discovery::WithoutRevocation {
            world.complain("a revocation, where there is no such endpoint");
            return Answer::empty(404);
        }
        if !self.switches.revokes {
            return Answer::empty(200);
        }
        if ask.method() != "POST" {
            world.complain("a revocation must be a POST");
            return Answer::empty(405).header("Allow", "POST");
        }
        if !ask.is_form() {
            world.complain("the revocation is no URL-encoded form");
            return refused(400, "invalid_request");
        }
        if ask.query("token").is_some() {
            world.complain("the revoked token came in the URL");
            return refused(400, "invalid_request");
        }
        let Some(token) = ask.field("token") else {
            world.complain("a revocation without a token");
            return refused(400, "invalid_request");
        };
        let token = world.secret(token);
        if token.contains(' ') {
            world.complain("a revoked token came with blanks: its plus signs were not encoded");
        }
        let client = ask.field("client_id").or_else(|| basic_user(ask));
        let known = client.filter(|id| {
            let mut clients = self.issuer.clients.iter();
            clients.any(|known| known.idp == idp && known.id == *id)
        });
        let Some(client) = known else {
            world.complain("a revocation by no client of this issuer");
            return refused(401, "invalid_client");
        };
        self.issuer
            .sessions
            .retain(|session| session.client != client || session.refresh_token != token);
        Answer::empty(200)
    }
}

fn refused(status: u16, error: &str) -> Answer {
    Answer::json(status, &json!({"error": error}))
}
