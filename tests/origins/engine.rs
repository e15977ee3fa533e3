//! A sign-in page that does not say which engine is behind it: the organisation at its own host does, and nobody else is asked.

use std::sync::{Arc, Mutex};

use doorward::{
    CodeSource, Credentials, Error, ErrorKind, Event, Grant, Secret, SecretSource, Walk,
};
use doorward_providers::Okta;
use doorward_testkit::{Answer, Ask, PASSWORD, PORTAL_HOST, Testbed, USER, World};
use serde_json::{Value, json};

use crate::{IDP, MALLORY, Scripted, bed, open, state};

/// What the application shows to whoever comes from the sign-in page
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Behind {
    /// The engine's own page
    Engine,
    /// The same page as before, until there is a session
    Nothing,
    /// That, and then the engine's page, for the application's own policy
    StepUp,
    /// That, and then one for a policy that this account cannot meet
    Unsatisfiable,
}

/// One login at an organisation with a sign-in page of its own making
struct Org {
    behind: Behind,
    state: String,
    has_session: bool,
}

impl Org {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        let elsewhere = world.origin(MALLORY);
        let page = |script: &str| {
            Answer::html(
                200,
                format!("<script>var baseUrl = '{elsewhere}';{script}</script>"),
            )
        };
        let document = match ask.path() {
            "/authorize" => {
                self.state = state(ask);
                return Answer::redirect("/login/login.htm?fromURI=%2Fresume");
            }
            "/login/login.htm" => return page(""),
            "/.well-known/okta-organization" => {
                json!({"pipeline": "idx", "_links": {"organization": {"href": elsewhere}}})
            }
            "/resume" => match (self.behind, self.has_session) {
                (Behind::Engine, _) | (Behind::StepUp | Behind::Unsatisfiable, true) => {
                    return page("var stateToken = '02.id.canary~c.0';");
                }
                (Behind::Nothing, true) => return self.back(world),
                (_, false) => return page(""),
            },
            "/api/v1/authn" => json!({"status": "SUCCESS", "sessionToken": "201canary-session"}),
            "/login/sessionCookieRedirect" => {
                self.has_session = true;
                return Answer::redirect("/resume");
            }
            "/idp/idx/introspect" => match self.behind {
                Behind::Engine => asked("identify", "/idp/idx/identify", &["passcode"]),
                Behind::StepUp => asked(
                    "challenge-authenticator",
                    "/idp/idx/challenge/answer",
                    &["passcode"],
                ),
                _ => json!({"messages": {"value": [{
                    "class": "ERROR", "message": "None of what you have set up will do.",
                    "i18n": {"key": "oie.assurance.unsatisfiable"},
                }]}}),
            },
            "/idp/idx/identify" | "/idp/idx/challenge/answer" => {
                json!({"success": {"href": format!("{}/login/token/redirect", world.origin(IDP))}})
            }
            _ => return self.back(world),
        };
        Answer::json(200, &document)
    }

    fn back(&self, world: &World) -> Answer {
        let portal = world.origin(PORTAL_HOST);
        Answer::redirect(format!("{portal}/auth/oidc?code=good&state={}", self.state))
    }
}

/// A document with one form, and one-time codes as what is being asked for
fn asked(name: &str, path: &str, fields: &[&str]) -> Value {
    let fields: Vec<Value> = fields.iter().map(|name| json!({"name": name})).collect();
    let mut fields = vec![
        json!({"name": "credentials", "type": "object", "required": true, "form": {"value": fields}}),
        json!({"name": "stateHandle", "required": true, "mutable": false, "value": "02.id.canary~c.1"}),
    ];
    if name == "identify" {
        fields.insert(0, json!({"name": "identifier", "required": true}));
    }
    json!({
        "remediation": {"value": [{"name": name, "href": path, "method": "POST", "value": fields}]},
        "currentAuthenticator": {"value": {"key": "google_otp", "id": "aut1", "methods": [{"type": "otp"}]}},
    })
}

/// A login; how it ended, what was told, and which requests the organisation got
async fn log_in(behind: Behind) -> (Result<Grant, Error>, Vec<String>, Vec<String>, Testbed) {
    let mut org = Org {
        behind,
        state: String::new(),
        has_session: false,
    };
    let bed = bed(Scripted::at(IDP, move |ask, world| org.answer(ask, world)));
    let seed = SecretSource::value(Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials.code(CodeSource::totp(seed)))
        .adapter(Okta::default())
        .on_event(move |event| {
            if let Event::Note(note) = event {
                heard.lock().unwrap().push((*note).to_owned());
            }
        })
        .idp_url(&bed.url(IDP));

    let outcome = open(&bed, walk.unwrap()).await;

    let seen = bed.seen().into_iter().filter(|seen| seen.host == IDP);
    let lines = seen.map(|seen| format!("{} {}", seen.method, seen.path));
    let told = told.lock().unwrap().clone();
    (outcome, told, lines.collect(), bed)
}

#[tokio::test]
async fn a_page_without_a_token_leads_to_the_engine_of_its_own_host() {
    let (outcome, told, seen, bed) = log_in(Behind::Engine).await;

    assert!(outcome.is_ok(), "{outcome:?}\n{seen:#?}");
    assert_eq!(
        seen,
        [
            "GET /authorize",
            "GET /login/login.htm",
            "GET /.well-known/okta-organization",
            "GET /resume",
            "POST /idp/idx/introspect",
            "POST /idp/idx/identify",
            "GET /login/token/redirect",
        ]
    );
    assert_eq!(told, [""; 0]);
    assert!(bed.seen().iter().all(|seen| seen.host != MALLORY));
}

#[tokio::test]
async fn an_engine_without_a_page_of_its_own_is_asked_by_the_older_api() {
    let (outcome, told, seen, bed) = log_in(Behind::Nothing).await;

    assert!(outcome.is_ok(), "{outcome:?}\n{seen:#?}");
    assert!(seen.contains(&"POST /api/v1/authn".to_owned()));
    assert!(told[0].contains("does not know the application's own policy"));
    assert!(bed.seen().iter().all(|seen| seen.host != MALLORY));
}

#[tokio::test]
async fn an_application_that_asks_for_more_than_the_older_api_knows_is_answered_by_the_engine() {
    let (outcome, _, seen, _bed) = log_in(Behind::StepUp).await;

    assert!(outcome.is_ok(), "{outcome:?}\n{seen:#?}");
    let posts = seen.iter().filter(|line| line.starts_with("POST"));
    assert_eq!(
        posts.collect::<Vec<_>>(),
        [
            "POST /api/v1/authn",
            "POST /idp/idx/introspect",
            "POST /idp/idx/challenge/answer",
        ]
    );
}

#[tokio::test]
async fn an_application_whose_policy_cannot_be_met_says_so_and_asks_for_no_second_password() {
    let (outcome, _, seen, _bed) = log_in(Behind::Unsatisfiable).await;

    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
    assert!(error.to_string().contains("policy cannot be met"));
    let passwords = seen.iter().filter(|line| line.contains("/api/v1/authn"));
    assert_eq!(passwords.count(), 1);
}
