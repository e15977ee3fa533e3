//! The token page: JSON with everything that a kubeconfig needs, escaped as Gson does.

use serde_json::{Map, Value, json};

use crate::clock::http_date;
use crate::http::{Answer, Ask};
use crate::openunison::command::Command;
use crate::openunison::issuer::{Minting, user_id};
use crate::openunison::{OpenUnison, cookies};
use crate::person::Person;
use crate::random;
use crate::world::{API_HOST, World};

impl OpenUnison {
    pub(super) fn minting(&self) -> Minting {
        Minting {
            life: self.switches.token_life,
            session_life: self.switches.session_life,
            plain_user_ids: self.switches.plain_user_ids,
            corrupt: false,
            rotation: self.switches.rotation,
            swapped: None,
        }
    }

    /// A new OIDC session, and its document
    pub(super) fn token_document(&mut self, person: &Person, ask: &Ask, world: &World) -> Answer {
        let issuer = format!("{}/auth/idp/k8sIdp", ask.origin());
        let nonce = random::uuid();
        let minting = self.minting();
        let place = self
            .issuer
            .open(person, "kubernetes", &issuer, &nonce, minting, world);
        let Some(session) = self.issuer.sessions.get(place) else {
            return Answer::empty(500);
        };
        let shown = Minting {
            corrupt: self.switches.corrupt_command,
            ..minting
        };
        let id_token = session.shown_id_token(shown, world);
        let refresh_token = if self.switches.refresh_token {
            session.refresh_token.clone()
        } else {
            String::new()
        };

        let pem = certificate(&world.ca_pem);
        let api = world.origin(API_HOST);
        let command = Command {
            shape: self.switches.command,
            cluster: &self.switches.cluster_name,
            server: self.switches.server.as_deref().unwrap_or(&api),
            user: &user_id(&person.login, self.switches.plain_user_ids),
            issuer: &issuer,
            id_token: &id_token,
            refresh_token: &refresh_token,
            cluster_ca: self.switches.cluster_ca.then_some(pem.as_str()),
            portal_ca: self.switches.portal_ca.then_some(pem.as_str()),
            additional: &self.switches.additional_servers,
        };
        let mut token = Map::new();
        let mut put = |key: &str, value: String| token.insert(key.to_owned(), json!(value));
        put("kubectl Command", command.posix());
        put("Usage", USAGE.to_owned());
        put("id_token", id_token.clone());
        put("kubectl Windows Command", command.windows());
        if self.switches.refresh_token {
            put("refresh_token", refresh_token.clone());
        }
        if self.switches.cluster_ca {
            put("Kubernetes API Server CA Certificate", pem.clone());
        }
        if self.switches.portal_ca {
            put("OpenUnison Server CA Certificate", pem.clone());
        }
        if self.switches.command.has_plugin() {
            let host = ask.host();
            put("ou login plugin", format!("kubectl oulogin --host={host}"));
        }
        document(&person.login, token)
    }

    /// The token page for a CLI's id_token: the same keys, other values
    pub(super) fn cli_token(&mut self, ask: &Ask, world: &World) -> Answer {
        let presented = ask
            .header("authorization")
            .map(|line| line.split_once(' ').map_or(line, |(_, token)| token))
            .map(str::to_owned)
            .or_else(|| ask.query("access_token"));
        let person = presented.and_then(|token| self.cli_person(&token, ask, world));
        let Some(person) = person else {
            return Answer::empty(401).header(
                "WWW-Authenticate",
                "Bearer realm=\"kubernetes\",scope=\"auth\"",
            );
        };
        if self.switches.refuse {
            return Answer::empty(403);
        }
        let issuer = format!("{}/auth/idp/k8sIdp", ask.origin());
        let minting = self.minting();
        let place = self.issuer.open(
            &person,
            "kubernetes",
            &issuer,
            &random::uuid(),
            minting,
            world,
        );
        let Some(session) = self.issuer.sessions.get(place) else {
            return Answer::empty(500);
        };
        let pem = certificate(&world.ca_pem);
        let api = world.origin(API_HOST);
        let server = self.switches.server.clone().unwrap_or(api);
        let mut token = Map::new();
        let mut put = |key: &str, value: String| token.insert(key.to_owned(), json!(value));
        put("kubectl Command", self.switches.cluster_name.clone());
        put("Usage", USAGE.to_owned());
        put("id_token", session.shown_id_token(minting, world));
        put("kubectl Windows Command", server);
        put("refresh_token", session.refresh_token.clone());
        if self.switches.cluster_ca {
            put("Kubernetes API Server CA Certificate", pem.clone());
        }
        if self.switches.portal_ca {
            put("OpenUnison Server CA Certificate", pem.clone());
        }
        document(&person.login, token)
    }

    fn cli_person(&self, token: &str, ask: &Ask, world: &World) -> Option<Person> {
        world.secret(token);
        let claims = world.keys.read_token(token)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let good = text("iss") == Some(&format!("{}/auth/idp/k8s-login-cli", ask.origin()))
            && text("aud") == Some("cli-local")
            && claims.get("exp").and_then(Value::as_u64)? > world.clock().seconds();
        let sub = text("sub")?;
        let mut person = Person::new(sub, "");
        if let Some(known) = self.people.iter().find(|known| known.login == sub) {
            person = known.clone();
        }
        good.then_some(person)
    }
}

fn document(display_name: &str, token: Map<String, Value>) -> Answer {
    let text = json!({"displayName": display_name, "token": token}).to_string();
    Answer::empty(200)
        .header("Content-Type", "application/json; charset=UTF-8")
        .header("Cache-Control", "no-store, no-cache, must-revalidate")
        .header("Cache-Control", "post-check=0, pre-check=0")
        .header("Expires", http_date(EXPIRES))
        .header("Pragma", "no-cache")
        .header("cacheSeconds", "0")
        .header("useExpiresHeader", "true")
        .header("useCacheControlHeader", "true")
        .header("useCacheControlNoStore", "true")
        .body(format!("{}\n", cookies::gson(&text)))
}

/// A line feed after the first line, CRLF after the others, and nothing at the end
fn certificate(pem: &str) -> String {
    let data: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (place, letter) in data.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            text.push_str("\r\n");
        }
        text.push(letter);
    }
    text.push_str("\r\n-----END CERTIFICATE-----");
    text
}

const USAGE: &str = "Run the kubectl command to set your user-context and server connection";
/// Mon, 23 Aug 1982 12:00:00 GMT
const EXPIRES: u64 = 398_952_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_mix_line_ends_as_the_portal_does() {
        let data = "A".repeat(70);
        let pem = format!("-----BEGIN CERTIFICATE-----\r\n{data}\r\n-----END CERTIFICATE-----\r\n");

        let text = certificate(&pem);

        let (first, rest) = data.split_at(64);
        assert_eq!(
            text,
            format!("-----BEGIN CERTIFICATE-----\n{first}\r\n{rest}\r\n-----END CERTIFICATE-----")
        );
    }

    #[test]
    fn the_old_expiry_header_is_exact() {
        assert_eq!(http_date(EXPIRES), "Mon, 23 Aug 1982 12:00:00 GMT");
    }
}
