//! Refreshes: what becomes of the old refresh token, and how one that is not good is refused.

use serde_json::json;

use crate::http::Answer;
use crate::openunison::OpenUnison;
use crate::openunison::issuer::{Minting, millis};
use crate::openunison::token_endpoint::{refused, tokens};
use crate::world::World;

/// How a refresh token that is not good is refused
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshRefusal {
    /// 401 without a body, as OpenUnison
    #[default]
    Empty401,
    /// 400 `invalid_grant`, as RFC 6749 has it
    InvalidGrant,
    /// 400 `invalid_request`, as LemonLDAP::NG
    InvalidRequest,
}

impl RefreshRefusal {
    fn answer(self) -> Answer {
        match self {
            Self::Empty401 => refused(401),
            Self::InvalidGrant => Answer::json(400, &json!({"error": "invalid_grant"})),
            Self::InvalidRequest => Answer::json(400, &json!({"error": "invalid_request"})),
        }
    }
}

/// What a refresh does to the refresh token
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rotation {
    /// Each is good once; who uses a spent one is refused, and the session goes on, as OpenUnison
    #[default]
    OneTime,
    /// The answer holds none, and the old one stays good, as LemonLDAP::NG
    Kept,
    /// Each is good once, and the use of a spent one ends the session for everybody, as oidc-provider
    Family,
}

/// What is wrong with the id_token of a refresh
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Swap {
    /// It is for another client
    Audience,
    /// It names another issuer
    Issuer,
    /// It is for somebody else
    Subject,
}

impl OpenUnison {
    pub(super) fn refresh(
        &mut self,
        idp: &str,
        client: &str,
        token: &str,
        world: &World,
    ) -> Answer {
        let answer = self.renewed(idp, client, token, world);
        answer.unwrap_or_else(|| {
            world.record.refresh(|count| count.refused += 1);
            self.switches.refusal.answer()
        })
    }

    /// The tokens for a refresh token that is good, or was until a moment ago
    fn renewed(&mut self, idp: &str, client: &str, token: &str, world: &World) -> Option<Answer> {
        let now = world.clock().millis();
        self.issuer.end_idle(now);
        if token.contains(' ') {
            world.complain("a refresh token came with blanks: its plus signs were not encoded");
        }
        self.issuer
            .clients
            .iter()
            .find(|known| known.idp == idp && known.id == client && known.keeps_sessions)?;
        let minting = Minting {
            swapped: self.switches.swapped,
            ..self.minting()
        };
        let sessions = &mut self.issuer.sessions;
        let place = sessions.iter().position(|session| {
            session.client == client
                && (session.refresh_token == token || session.spent_at(token).is_some())
        })?;
        let session = sessions.get_mut(place)?;
        if let Some(spent_at) = session.spent_at(token) {
            if now < spent_at + millis(self.switches.grace) {
                world.record.refresh(|count| count.replayed += 1);
                let left = session.ends_at.saturating_sub(now) / 1000;
                return Some(tokens(session, left, true));
            }
            if minting.rotation == Rotation::Family {
                sessions.remove(place);
            }
            return None;
        }
        session.renew(minting, world);
        world.record.refresh(|count| count.granted += 1);
        let with_refresh_token = minting.rotation != Rotation::Kept;
        let life = self.switches.token_life.as_secs();
        Some(tokens(session, life, with_refresh_token))
    }
}
