//! SimpleSAMLphp over SAML, as a running 1.19 was seen to answer.

use doorward::{CodeSource, Credentials, ErrorKind, Secret};
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, World};

use crate::world::{
    CODE, PASSWORD, Protocol, SITE, USER, adapter, asked, bed, failure, posts, success, walk,
    with_all,
};

#[derive(Debug)]
struct Simple {
    protocol: Protocol,
    signed_in: bool,
    after: After,
    /// 2.x: the state is in the form's address
    second: bool,
    /// Another theme in another language
    theme: bool,
    /// Accounts of two organisations
    organizations: bool,
    /// Two sources of accounts
    sources: bool,
    session: bool,
    /// Answers the first request with an error page
    fails: bool,
}

/// What a module shows after the password
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum After {
    Nothing,
    Consent,
    Code,
    /// Two logins within seconds
    ShortInterval,
    /// The password is about to expire
    Expiring,
    /// A page of that path, and a person may only read it
    Refused(&'static str),
}

impl Default for Simple {
    fn default() -> Self {
        Self {
            protocol: Protocol::new(true),
            signed_in: false,
            after: After::Nothing,
            second: false,
            theme: false,
            organizations: false,
            sources: false,
            session: false,
            fails: false,
        }
    }
}

impl IdpDouble for Simple {
    fn sites(&self) -> Vec<String> {
        vec![SITE.to_owned()]
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        self.protocol
            .register(portal, format!("{}{SSO}", world.origin(SITE)))
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.path() != SSO && ask.cookie("SimpleSAML") != Some("s1") {
            world.complain(format!("{} came without the session", ask.path()));
        }
        let answer = match (ask.method(), ask.path()) {
            ("GET", SSO) => {
                self.protocol.begin(ask);
                match (self.fails, self.session, self.sources) {
                    (true, ..) => Answer::html(200, FAILURE),
                    (_, true, _) => self.protocol.back(world),
                    (.., true) => Answer::redirect(format!(
                        "/module.php/multiauth/selectsource.php?AuthState={STATE}"
                    )),
                    _ => Answer::redirect(format!("{LOGIN}?AuthState={STATE}")),
                }
            }
            ("GET", "/module.php/multiauth/selectsource.php") => match ask.query("src-bGRhcA==") {
                Some(_) if ask.query("AuthState").as_deref() == Some(STATE_TEXT) => {
                    Answer::redirect(format!("{LOGIN}?AuthState={STATE}"))
                }
                Some(_) => Answer::html(500, FAILURE),
                None => Answer::html(200, SOURCES.replace("STATE", STATE_TEXT)),
            },
            ("GET", LOGIN) if ask.query("AuthState").as_deref() == Some(STATE_TEXT) => {
                self.login_page("")
            }
            ("POST", LOGIN) => self.login(ask, world),
            ("POST", "/module.php/totp/check.php") => self.code(ask, world),
            ("GET", CONSENT) => self.consent(ask, world),
            ("GET", path) if matches!(self.after, After::Refused(at) if at == path) => {
                Answer::html(403, "<h1>Zugriff verboten</h1>")
            }
            ("GET", "/module.php/consent/noconsent.php") => {
                world.complain("consent was refused");
                Answer::html(200, "")
            }
            ("GET", NOTICE) => match ask.query("continue").or_else(|| ask.query("yes")) {
                Some(_) if self.signed_in => self.protocol.back(world),
                _ => Answer::html(400, ""),
            },
            (method, path) => {
                world.complain(format!("{method} {path}"));
                Answer::html(404, FAILURE)
            }
        };
        answer.cookie("SimpleSAML=s1; path=/; secure; HttpOnly; SameSite=None")
    }

    fn redeem(&mut self, _: &CodeRequest, _: &World) -> Option<Person> {
        None
    }

    fn read_assertion(&mut self, response: &str, _: &World) -> Option<Person> {
        self.protocol.read_assertion(response)
    }
}

impl Simple {
    fn login(&mut self, ask: &Ask, world: &World) -> Answer {
        let state = match self.second {
            true => ask.query("AuthState"),
            false => ask.field("AuthState"),
        };
        if state.as_deref() != Some(STATE_TEXT) {
            world.complain("the state came back changed");
            return Answer::html(500, FAILURE);
        }
        let names: Vec<String> = ask.fields().into_iter().map(|(name, _)| name).collect();
        let known = ["username", "password", "organization", "AuthState"];
        if !names.iter().all(|name| known.contains(&name.as_str())) {
            world.complain(format!("the form's fields were {names:?}"));
        }
        if self.organizations && ask.field("organization").as_deref() != Some("staff") {
            return self.login_page(ERROR);
        }
        let field = |name: &str| ask.field(name).unwrap_or_default();
        if (&*field("username"), &*field("password")) != (USER, PASSWORD) {
            return self.login_page(if self.theme { THEMED_ERROR } else { ERROR });
        }
        self.signed_in = true;
        match self.after {
            After::Nothing => self.protocol.back(world),
            After::Consent => Answer::redirect(format!("{CONSENT}?StateId={STATE}")),
            After::Refused(path) => Answer::redirect(format!("{path}?StateId={STATE}")),
            After::Code => Answer::html(200, code_page()),
            After::ShortInterval => Answer::html(
                200,
                notice(r#"<input type="submit" name="continue" id="contbutton" value="Nochmal">"#),
            ),
            After::Expiring => Answer::html(
                200,
                notice(r#"<input type="submit" name="yes" id="yesbutton" value="Weiter">"#),
            ),
        }
    }

    fn code(&mut self, ask: &Ask, world: &World) -> Answer {
        match (
            ask.field("AuthState").as_deref(),
            ask.field("code").as_deref(),
        ) {
            (Some(STATE_TEXT), Some(CODE)) => self.protocol.back(world),
            _ => Answer::html(200, code_page()),
        }
    }

    fn consent(&mut self, ask: &Ask, world: &World) -> Answer {
        match ask.query("yes") {
            Some(_) if ask.query("StateId").as_deref() == Some(STATE_TEXT) => {
                self.protocol.back(world)
            }
            Some(_) => Answer::html(500, FAILURE),
            None => Answer::html(
                200,
                format!(
                    r#"<form id="consent_yes" action="{CONSENT}"><input type="checkbox" name="saveconsent" value="1">
                <input type="hidden" name="StateId" value="{STATE_TEXT}"><button type="submit" name="yes" id="yesbutton">Ja</button></form>
                <form id="consent_no" action="/module.php/consent/noconsent.php"><input type="hidden" name="StateId" value="{STATE_TEXT}">
                <button type="submit" name="no" id="nobutton">Nein</button></form>"#
                ),
            ),
        }
    }

    fn login_page(&self, error: &str) -> Answer {
        let (action, state) = match self.second {
            true => (format!("{LOGIN}?AuthState={STATE}"), String::new()),
            false => (
                "?".to_owned(),
                format!(r#"<input type="hidden" name="AuthState" value="{STATE_TEXT}">"#),
            ),
        };
        let organizations = match self.organizations {
            true => {
                r#"<select name="organization"><option value="students">Studierende</option><option value="staff">Personal</option></select>"#
            }
            false => "",
        };
        Answer::html(
            200,
            format!(
                r#"{error}<form action="{action}" method="post" name="f"><input id="username" type="text" name="username" value="">
            <input type="checkbox" name="remember_me" value="Yes"><input id="password" type="password" name="password">{organizations}
            <input type="hidden" id="processing_trans" value="...">{state}<button id="submit_button" type="submit">Anmelden</button></form>"#
            ),
        )
    }
}

fn notice(button: &str) -> String {
    format!(
        r#"<form action="{NOTICE}"><input type="hidden" name="StateId" value="{STATE_TEXT}">{button}</form>"#
    )
}

fn code_page() -> String {
    format!(
        r#"<form action="/module.php/totp/check.php" method="post"><input type="hidden" name="AuthState" value="{STATE_TEXT}"><input name="code"></form>"#
    )
}

const SSO: &str = "/simplesaml/saml2/idp/SSOService.php";
const LOGIN: &str = "/module.php/core/loginuserpass.php";
const CONSENT: &str = "/module.php/consent/getconsent.php";
const NOTICE: &str = "/module.php/core/short_sso_interval.php";
const STATE: &str = "_a1%3Ahttps%3A%2F%2Fidp.test%2Fsso%3Fa%3D1%26b%3D2";
const STATE_TEXT: &str = "_a1:https://idp.test/sso?a=1&b=2";
const ERROR: &str = r#"<img src="e.png" class="float-l erroricon" alt=""><h2>Error</h2><p>Incorrect username or password</p>"#;
const THEMED_ERROR: &str = r#"<p class="alarm">Benutzername oder Passwort falsch</p>"#;
const SOURCES: &str = r#"<form action="/module.php/multiauth/selectsource.php" method="get"><input type="hidden" name="AuthState" value="STATE">
    <input type="submit" name="src-c3Fs" value="Datenbank"><input type="submit" name="src-bGRhcA==" value="Verzeichnis"></form>"#;
const FAILURE: &str = r#"<h2>State information lost</h2><pre id="trackid">5e1f</pre><form action="/errorreport.php" method="post">
    <input type="email" name="email" value=""><textarea name="text"></textarea><input type="hidden" name="reportId" value="ab">
    <button type="submit" name="send">x</button></form>"#;

#[tokio::test]
async fn a_password_login_takes_three_requests_at_the_provider() {
    for second in [false, true] {
        let bed = bed(Simple {
            second,
            ..Simple::default()
        });

        success(&bed, walk(&bed, USER, PASSWORD)).await;

        assert_eq!(
            asked(&bed),
            [
                format!("GET {SSO} 302"),
                format!("GET {LOGIN} 200"),
                format!("POST {LOGIN} 200")
            ]
        );
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_locked_account_are_one_rejection() {
    for theme in [false, true] {
        for (user, password) in [(USER, "wrong"), ("locked", PASSWORD)] {
            let bed = bed(Simple {
                theme,
                ..Simple::default()
            });

            let error = failure(&bed, walk(&bed, user, password)).await;

            assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
            assert_eq!(adapter(&error).as_deref(), Some("simplesamlphp"));
            assert!(error.next_step().unwrap().contains("locked"), "{error}");
            assert_eq!(posts(&bed), 1);
        }
    }
}

#[tokio::test]
async fn consent_is_given_only_where_the_caller_allows_it() {
    let double = || Simple {
        after: After::Consent,
        ..Simple::default()
    };
    let refused = bed(double());
    let error = failure(&refused, walk(&refused, USER, PASSWORD)).await;
    assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
    assert_eq!(refused.count(SITE, CONSENT), 1);

    let allowed = bed(double());
    success(&allowed, walk(&allowed, USER, PASSWORD).accept_consent()).await;
    assert_eq!(allowed.count(SITE, CONSENT), 2);
    assert_eq!(asked(&allowed).len(), 5);
}

#[tokio::test]
async fn notices_are_passed() {
    for after in [After::ShortInterval, After::Expiring] {
        let bed = bed(Simple {
            after,
            ..Simple::default()
        });

        success(&bed, walk(&bed, USER, PASSWORD)).await;

        assert_eq!(bed.count(SITE, NOTICE), 1);
    }
}

#[tokio::test]
async fn an_account_that_a_module_does_not_let_in_is_no_wrong_password() {
    for path in [
        "/simplesaml/module.php/authorize/authorize_403.php",
        "/module.php/authorize/error/forbidden",
        "/simplesaml/module.php/expirycheck/expired.php",
        "/module.php/expirycheck/expired",
    ] {
        let bed = bed(Simple {
            after: After::Refused(path),
            ..Simple::default()
        });

        let error = failure(&bed, walk(&bed, USER, PASSWORD)).await;

        assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
        assert_eq!(adapter(&error).as_deref(), Some("simplesamlphp"));
        assert_eq!(posts(&bed), 1);
    }
}

#[tokio::test]
async fn a_modules_code_is_answered_and_a_wrong_one_rejected() {
    let double = || Simple {
        after: After::Code,
        ..Simple::default()
    };
    let right = bed(double());
    success(&right, walk(&right, USER, PASSWORD)).await;

    let wrong = bed(double());
    let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
    let credentials = credentials.code(CodeSource::fixed(Secret::new("000000")));
    let walk = with_all(&wrong, credentials)
        .idp_url(&wrong.url(SITE))
        .unwrap();
    let error = failure(&wrong, walk).await;
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(posts(&wrong), 2);
}

#[tokio::test]
async fn sources_and_organisations_are_chosen_by_the_caller() {
    let source = bed(Simple {
        sources: true,
        ..Simple::default()
    });
    success(
        &source,
        walk(&source, USER, PASSWORD).login_option("Verzeichnis"),
    )
    .await;

    let organization = || Simple {
        organizations: true,
        ..Simple::default()
    };
    let chosen = bed(organization());
    success(
        &chosen,
        walk(&chosen, USER, PASSWORD).login_option("Personal"),
    )
    .await;

    let unknown = bed(organization());
    let error = failure(&unknown, walk(&unknown, USER, PASSWORD)).await;
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(posts(&unknown), 0);
}

#[tokio::test]
async fn a_session_that_is_there_needs_no_form() {
    let bed = bed(Simple {
        session: true,
        ..Simple::default()
    });

    success(&bed, walk(&bed, USER, PASSWORD)).await;

    assert_eq!(asked(&bed).len(), 1);
}

#[tokio::test]
async fn the_report_of_an_error_page_is_never_sent() {
    let bed = bed(Simple {
        fails: true,
        ..Simple::default()
    });

    let error = failure(&bed, walk(&bed, USER, PASSWORD)).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
    assert!(
        error.context().any(|pair| pair == ("number", "5e1f")),
        "{error}"
    );
    assert_eq!(posts(&bed), 0);
}
