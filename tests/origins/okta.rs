//! An organisation whose links lead to somebody else: its state tokens and handles, and what is given with them, stay at home.

use doorward::passkey::{Binary, Passkey};
use doorward::{CodeSource, Credentials, Error, Factor, Grant, Secret, SecretSource, Walk};
use doorward_providers::Okta;
use doorward_testkit::{Answer, Ask, PASSWORD, PORTAL_HOST, USER, World};
use serde_json::{Value, json};

use crate::{BROKER, IDP, MALLORY, Scripted, bed, open, state};

/// Which link of the organisation leads elsewhere
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Turn {
    /// Where the user name and the password go
    Password,
    /// Where a factor is begun
    Factor,
    /// Where its answer goes
    Answer,
}

/// What the account has
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Totp,
    Text,
    Question,
    Key,
}

/// One login at an organisation
struct Org {
    kind: Kind,
    turn: Turn,
    /// Where that link leads
    elsewhere: &'static str,
    /// The account's passkey, as pages name it
    credential: String,
    /// The portal's
    state: String,
}

impl Org {
    fn link(&self, turn: Turn, path: &str, world: &World) -> String {
        let site = if turn == self.turn {
            self.elsewhere
        } else {
            IDP
        };
        format!("{}{path}", world.origin(site))
    }

    fn page(&mut self, ask: &Ask, token: &str) -> Answer {
        self.state = state(ask);
        let script = format!("var baseUrl = 'https://x.test'; var stateToken = '{token}';");
        Answer::html(200, format!("<script>{script}</script>"))
    }

    fn back(&self, world: &World) -> Answer {
        let portal = world.origin(PORTAL_HOST);
        Answer::redirect(format!("{portal}/auth/oidc?code=good&state={}", self.state))
    }

    fn classic(&mut self, ask: &Ask, world: &World) -> Answer {
        let body = ask.json().unwrap_or_default();
        let link = |turn, name: &str, path: &str| json!({name: {"name": "verify", "href": self.link(turn, path, world)}});
        let challenge = json!({"challenge": "AAECAwQFBgcICQoLDA0ODw"});
        let (factor_type, begun) = match self.kind {
            Kind::Totp => ("token:software:totp", Turn::Answer),
            Kind::Text => ("sms", Turn::Factor),
            Kind::Question => ("question", Turn::Answer),
            Kind::Key => ("webauthn", Turn::Factor),
        };
        let factor = json!({
            "id": "f1", "factorType": factor_type, "provider": "OKTA", "vendorName": "OKTA",
            "profile": {"credentialId": self.credential},
            "_links": link(begun, "verify", "/verify"), "_embedded": {"challenge": challenge},
        });
        let is_begun = begun == Turn::Answer || ask.path() == "/prove";
        let document = match ask.path() {
            "/authorize" => return self.page(ask, "00canary-state-token"),
            "/api/v1/authn" if body.get("password").is_none() => json!({
                "status": "UNAUTHENTICATED", "stateToken": "00canary-state-2",
                "_links": link(Turn::Password, "next", "/api/v1/authn"),
            }),
            "/api/v1/authn" => json!({
                "status": "MFA_REQUIRED", "stateToken": "00canary-state-3",
                "_embedded": {"factors": [factor]},
            }),
            "/verify" | "/prove" if is_begun => {
                json!({"status": "SUCCESS", "sessionToken": "201canary-session"})
            }
            "/verify" => json!({
                "status": "MFA_CHALLENGE", "stateToken": "00canary-state-4",
                "_embedded": {"factor": factor}, "_links": link(Turn::Answer, "next", "/prove"),
            }),
            _ => return self.back(world),
        };
        Answer::json(200, &document)
    }

    fn identity(&mut self, ask: &Ask, world: &World) -> Answer {
        let form = |turn, name: &str, path: &str, field: Value| {
            json!({"type": "array", "value": [{
                "name": name, "href": self.link(turn, path, world), "method": "POST",
                "value": [field, {
                    "name": "stateHandle", "required": true, "mutable": false,
                    "value": format!("02.id.canary~c.{}", path.len()),
                }],
            }]})
        };
        let credentials = |names: &[&str]| {
            let fields: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            json!({"name": "credentials", "type": "object", "required": true, "form": {"value": fields}})
        };
        let (key, method, fields): (_, _, &[&str]) = match self.kind {
            Kind::Totp => ("google_otp", "otp", &["passcode"]),
            Kind::Text => ("phone_number", "sms", &["passcode"]),
            Kind::Question => ("security_question", "security_question", &["answer"]),
            Kind::Key => (
                "webauthn",
                "webauthn",
                &["clientData", "authenticatorData", "signatureData"],
            ),
        };
        let current = json!({"type": "object", "value": {
            "key": key, "id": "aut1", "methods": [{"type": method}], "credentialId": self.credential,
            "contextualData": {"challengeData": {"challenge": "AAECAwQFBgcICQoLDA0ODw"}},
        }});
        let document = match ask.path() {
            "/authorize" => return self.page(ask, "02.id.canary~c.0"),
            "/idp/idx/introspect" => {
                let name = json!({"name": "identifier", "required": true});
                let mut asked = form(Turn::Password, "identify", "/idp/idx/identify", name);
                if let Some(Value::Array(fields)) = asked.pointer_mut("/value/0/value") {
                    fields.push(credentials(&["passcode"]));
                }
                json!({"remediation": asked})
            }
            "/idp/idx/identify" => {
                let method = json!({"name": "methodType", "value": method, "mutable": false});
                let id = json!({"name": "id", "value": "aut1", "mutable": false});
                let begin = json!({
                    "name": "authenticator", "type": "object", "value": {"form": {"value": [id, method]}},
                });
                let begin = form(
                    Turn::Factor,
                    "authenticator-verification-data",
                    "/idp/idx/challenge",
                    begin,
                );
                json!({"remediation": begin, "currentAuthenticator": current})
            }
            "/idp/idx/challenge" => {
                let path = "/idp/idx/challenge/answer";
                let answer = credentials(fields);
                let asked = form(Turn::Answer, "challenge-authenticator", path, answer);
                json!({"remediation": asked, "currentAuthenticator": current})
            }
            "/idp/idx/challenge/answer" => {
                let path = "/login/token/redirect?stateToken=02.id.canary";
                json!({"success": {"name": "success-redirect", "href": self.link(self.turn, path, world)}})
            }
            _ => return self.back(world),
        };
        Answer::json(200, &document)
    }
}

/// A login where one link leads elsewhere; how it ended, and all requests that got there
async fn log_in(
    kind: Kind,
    turn: Turn,
    (elsewhere, named): (&'static str, &[&str]),
    answer: fn(&mut Org, &Ask, &World) -> Answer,
) -> (Result<Grant, Error>, Vec<String>) {
    let passkey = Passkey::generate(IDP, &Binary::new("ci")).unwrap();
    let mut org = Org {
        kind,
        turn,
        elsewhere,
        credential: passkey.credential_id().to_base64url(),
        state: String::new(),
    };
    let bed = bed(Scripted::at(IDP, move |ask, world| {
        answer(&mut org, ask, world)
    }));
    let credentials = Credentials::new(USER, Secret::new(PASSWORD))
        .unwrap()
        .code(CodeSource::fixed(Secret::new("123456")))
        .answer(SecretSource::value(Secret::new("okra")))
        .passkey(passkey);
    let factor = match kind {
        Kind::Totp => Factor::Totp(None),
        Kind::Text => Factor::Sms(None),
        Kind::Question => Factor::Question(None),
        Kind::Key => Factor::Webauthn(None),
    };
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials)
        .factor(factor)
        .adapter(Okta::default());
    let name = |walk: Walk, site: &&str| walk.idp_url(&bed.url(site)).unwrap();

    let outcome = open(&bed, named.iter().fold(walk, name)).await;

    let seen = bed.seen().into_iter();
    let seen = seen.filter(|seen| seen.host == elsewhere);
    let lines = seen.map(|seen| format!("{} {} {:?}", seen.method, seen.path, seen.fields));
    (outcome, lines.collect())
}

const KINDS: [Kind; 4] = [Kind::Totp, Kind::Text, Kind::Question, Kind::Key];
const TURNS: [Turn; 3] = [Turn::Password, Turn::Factor, Turn::Answer];

#[tokio::test]
async fn the_script_of_both_engines_is_a_login() {
    for kind in KINDS {
        for turn in TURNS {
            for answer in [Org::classic, Org::identity] {
                let (outcome, _) = log_in(kind, turn, (IDP, &[IDP]), answer).await;

                assert!(outcome.is_ok(), "{kind:?} {turn:?}: {outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_link_would_take_elsewhere_stays_at_the_pages_own_host() {
    for (elsewhere, named) in [(MALLORY, &[IDP][..]), (BROKER, &[IDP, BROKER])] {
        for answer in [Org::classic, Org::identity] {
            for kind in KINDS {
                for turn in TURNS {
                    let (outcome, got) = log_in(kind, turn, (elsewhere, named), answer).await;

                    assert_eq!(got, [""; 0], "{kind:?} {turn:?}");
                    assert!(outcome.is_ok(), "{kind:?} {turn:?}: {outcome:?}");
                }
            }
        }
    }
}
