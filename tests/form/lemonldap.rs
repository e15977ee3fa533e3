//! LemonLDAP::NG, as a running 2.16.1 was seen to answer.

use doorward::{ErrorKind, Factor};
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, World};

use crate::world::{
    CODE, PASSWORD, Protocol, SITE, USER, adapter, asked, bed, failure, open, posts, success, walk,
};

#[derive(Debug, Default)]
struct Lemon {
    protocol: Protocol,
    /// The one-time token of the form that was shown last
    token: Option<String>,
    tokens: u32,
    signed_in: bool,
    /// Asks for consent before the code
    consent: bool,
    /// Shows a message with one button after the password
    info: bool,
    /// A rule lets nobody in, and says so in a message: its one button begins anew
    refuses: bool,
    /// Has a session already
    session: bool,
    /// Does not know the first form's token any more
    forgets: bool,
    /// Another skin in another language: no class, no text
    skin: bool,
    /// Offers two second factors
    choice: bool,
}

impl IdpDouble for Lemon {
    fn sites(&self) -> Vec<String> {
        vec![SITE.to_owned()]
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        let url = format!("{}{}", world.origin(SITE), self.entry());
        self.protocol.register(portal, url)
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.accepts_json() {
            world.complain("a client that wants JSON gets no page");
            return Answer::json(401, &serde_json::json!({"error": "9", "result": 0}));
        }
        match (ask.method(), ask.path()) {
            ("GET", path) if path == self.entry() => {
                self.protocol.begin(ask);
                match self.session {
                    true => self.finish(world),
                    false => self
                        .login_page(200, 9)
                        .cookie("lemonldappdata=%7B%7D; path=/; HttpOnly=1; SameSite=None; secure"),
                }
            }
            ("POST", path) if path == self.entry() && self.signed_in => self.decide(ask, world),
            ("POST", path) if path == self.entry() => self.login(ask, world),
            ("POST", "/2fchoice") => {
                match (self.takes_token(ask, world), ask.field("sf").as_deref()) {
                    (true, Some("totp")) => self.code_page(),
                    _ => Answer::html(400, ""),
                }
            }
            ("POST", "/totp2fcheck") => self.code(ask, world),
            ("GET", "/oauth2" | "/saml") if self.signed_in => self.ask_consent(world),
            _ => {
                world.complain(format!("{} {}", ask.method(), ask.path()));
                Answer::html(404, "")
            }
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        self.protocol.redeem(request)
    }

    fn read_assertion(&mut self, response: &str, _: &World) -> Option<Person> {
        self.protocol.read_assertion(response)
    }
}

impl Lemon {
    fn over(saml: bool) -> Self {
        Self {
            protocol: Protocol::new(saml),
            ..Self::default()
        }
    }

    fn entry(&self) -> &'static str {
        match self.protocol.is_saml() {
            true => "/saml/singleSignOn",
            false => "/oauth2/authorize",
        }
    }

    fn login(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.raw_query().is_empty() || ask.cookie("lemonldappdata").is_none() {
            world.complain("the form lost the query or the cookie of its page");
        }
        let field = |name: &str| ask.field(name).unwrap_or_default();
        let wanted = ["url", "timezone", "skin", "token", "user", "password"];
        let names: Vec<String> = ask.fields().into_iter().map(|(name, _)| name).collect();
        if names != wanted {
            world.complain(format!("the form's fields were {names:?}"));
        }
        if !self.takes_token(ask, world) {
            return self.login_page(200, 82);
        }
        match (&*field("user"), &*field("password")) {
            (_, password) if password != PASSWORD => self.login_page(200, 5),
            (USER, _) if self.refuses => {
                let root = format!("{}/", world.origin(SITE));
                Answer::html(200, NOT_LET_IN.replace("ROOT", &root))
            }
            (USER, _) if self.info => {
                self.signed_in = true;
                Answer::html(200, INFO)
            }
            (USER, _) => {
                self.signed_in = true;
                self.ask_consent(world)
            }
            ("msmith", _) if self.choice => {
                let token = self.new_token();
                Answer::html(200, CHOICE.replace("TOKEN", &token))
            }
            ("msmith", _) => self.code_page(),
            ("locked", _) => self.login_page(200, 21),
            ("expired", _) => Answer::html(200, format!("{}{NEW_PASSWORD}", message(22))),
            ("waits", _) => Answer::html(
                200,
                r#"<div class="message"><span trmsg="86"></span> 30 <span trspan="seconds"></span>.</div>"#,
            ),
            ("riddle", _) => self.login_page(200, 76),
            _ => self.login_page(200, 5),
        }
    }

    fn code(&mut self, ask: &Ask, world: &World) -> Answer {
        if !self.takes_token(ask, world) || ask.field("skin").is_none() {
            world.complain("the code came without its form");
        }
        if ask.field("code").as_deref() != Some(CODE) {
            return Answer::html(
                200,
                format!(
                    "{}<a href=\"/\"><span trspan=\"goToPortal\"></span></a>",
                    message(96)
                ),
            );
        }
        self.signed_in = true;
        let next = if self.protocol.is_saml() {
            "/saml"
        } else {
            "/oauth2"
        };
        Answer::redirect(format!("{}{next}", world.origin(SITE)))
    }

    fn ask_consent(&mut self, world: &World) -> Answer {
        match self.consent {
            true => Answer::html(200, CONSENT),
            false => self.finish(world),
        }
    }

    /// The forms of consent and of messages come back to the entry
    fn decide(&mut self, ask: &Ask, world: &World) -> Answer {
        if self.info {
            self.info = false;
            return self.ask_consent(world);
        }
        match ask.field("confirm").as_deref() {
            Some("k1") => self.finish(world),
            _ => {
                world.complain("consent was refused, or given without its key");
                Answer::html(200, "")
            }
        }
    }

    fn finish(&mut self, world: &World) -> Answer {
        self.protocol.back(world)
    }

    fn new_token(&mut self) -> String {
        self.tokens += 1;
        let token = format!("1700000000_{}", self.tokens);
        self.token = Some(token.clone());
        token
    }

    fn takes_token(&mut self, ask: &Ask, world: &World) -> bool {
        let known = self.token.take();
        if std::mem::take(&mut self.forgets) {
            return false;
        }
        let fits = known.is_some() && ask.field("token") == known;
        if !fits {
            world.complain("the form's token is not the last page's");
        }
        fits
    }

    fn login_page(&mut self, status: u16, number: u16) -> Answer {
        let token = self.new_token();
        let (note, kind) = match self.skin {
            true => (
                format!("<p><i trmsg=\"{number}\">Mot de passe</i></p>"),
                "text",
            ),
            false => (message(number), "password"),
        };
        Answer::html(
            status,
            format!(
                r##"{note}<form id="lform" action="#" method="post"><input type="hidden" name="url" value="aHR0cHM6">
            <input type="hidden" name="timezone"><input type="hidden" name="skin" value="bootstrap">
            <input type="hidden" name="token" value="{token}"><input id="userfield" name="user" type="text">
            <input id="passwordfield" name="password" type="{kind}"><input type="checkbox" name="checkLogins" value="1">
            <button type="submit"><span trspan="connect"></span></button></form>"##
            ),
        )
    }

    fn code_page(&mut self) -> Answer {
        let token = self.new_token();
        Answer::html(
            200,
            format!(
                r#"<h3 trspan="enterTotpCode"></h3><form action="/totp2fcheck" method="post"><input type="hidden" name="token" value="{token}">
            <input type="hidden" name="checkLogins" value=""><input type="hidden" name="stayconnected" value="">
            <input type="hidden" name="skin" value="bootstrap"><input name="code" type="text" id="extcode" autocomplete="one-time-code">
            <button type="submit"></button></form>"#
            ),
        )
    }
}

fn message(number: u16) -> String {
    format!(
        r#"<div class="message message-negative alert" role="alert"><span trmsg="{number}"></span></div>"#
    )
}

const CONSENT: &str = r##"<form id="form" action="#" method="POST" class="confirm"><input type="hidden" name="response_type" value="code">
    <input type="hidden" name="state" value="x"><input type="hidden" name="confirm" id="confirm" value="k1"><input type="hidden" name="skin" value="b">
    <h3 trspan="oidcConsent,Kube"></h3><button type="submit"><span trspan="accept"></span></button>
    <button id="refuse" type="submit" val="-k1"><span trspan="refuse"></span></button></form>"##;

const INFO: &str = r##"<form id="form" action="#" method="post"><h3 trspan="info"></h3><h3 trspan="pwdWillExpire,86400"></h3>
    <button type="submit"><span trspan="continue"></span></button><button id="wait" type="reset"></button></form>"##;

const NOT_LET_IN: &str = r##"<form id="form" action="ROOT" method="get" class="info" role="form"><h3 trspan="info"></h3>
    <h3 trspan="Only from inside"></h3><button type="submit" class="positive"><span trspan="continue"></span></button></form>"##;

const CHOICE: &str = r#"<form action="/2fchoice" method="POST"><input type="hidden" name="token" value="TOKEN"><input type="hidden" name="skin" value="b">
    <button type="submit" name="sf" value="webauthn"><h4 trspan="webauthn2f"></h4></button>
    <button type="submit" name="sf" value="totp"><h4 trspan="totp2f"></h4></button></form>"#;

const NEW_PASSWORD: &str = r##"<form id="formpass" action="#" method="post"><input type="hidden" name="user" value="expired">
    <input name="oldpassword" type="password"><input name="newpassword" type="password"><input name="confirmpassword" type="password"></form>"##;

#[tokio::test]
async fn a_password_login_takes_two_requests_at_the_provider() {
    for saml in [false, true] {
        let bed = bed(Lemon::over(saml));

        success(&bed, walk(&bed, USER, PASSWORD)).await;

        let (path, status) = if saml {
            ("/saml/singleSignOn", 200)
        } else {
            ("/oauth2/authorize", 302)
        };
        assert_eq!(
            asked(&bed),
            [format!("GET {path} 200"), format!("POST {path} {status}")]
        );
    }
}

#[tokio::test]
async fn each_refusal_has_its_kind_after_one_attempt() {
    for (user, password, kind) in [
        (USER, "wrong", ErrorKind::Rejected),
        ("nobody", PASSWORD, ErrorKind::Rejected),
        ("locked", PASSWORD, ErrorKind::AccountState),
        ("expired", PASSWORD, ErrorKind::AccountState),
        ("waits", PASSWORD, ErrorKind::AccountState),
        ("riddle", PASSWORD, ErrorKind::Unsupported),
    ] {
        for saml in [false, true] {
            let bed = bed(Lemon::over(saml));

            let error = failure(&bed, walk(&bed, user, password)).await;

            assert_eq!(error.kind(), kind, "{user}: {error}");
            assert_eq!(adapter(&error).as_deref(), Some("lemonldap"), "{error}");
            assert_eq!(posts(&bed), 1, "{user}");
        }
    }
}

#[tokio::test]
async fn a_locked_account_may_look_like_a_wrong_password() {
    let bed = bed(Lemon::over(false));

    let error = failure(&bed, walk(&bed, USER, "wrong")).await;

    assert!(error.next_step().unwrap().contains("locked"), "{error}");
}

#[tokio::test]
async fn a_code_takes_two_requests_more() {
    for saml in [false, true] {
        let bed = bed(Lemon::over(saml));

        success(&bed, walk(&bed, "msmith", PASSWORD)).await;

        assert_eq!(posts(&bed), 2);
        assert_eq!(asked(&bed).len(), 4);
    }
}

#[tokio::test]
async fn a_wrong_code_leaves_no_form_and_is_a_rejection() {
    let bed = bed(Lemon::over(false));
    let credentials =
        doorward::Credentials::new("msmith", doorward::Secret::new(PASSWORD)).unwrap();
    let credentials =
        credentials.code(doorward::CodeSource::fixed(doorward::Secret::new("000000")));
    let walk = crate::world::with_all(&bed, credentials)
        .idp_url(&bed.url(SITE))
        .unwrap();

    let error = failure(&bed, walk).await;

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(bed.count(SITE, "/totp2fcheck"), 1);
    assert_eq!(posts(&bed), 2);
}

#[tokio::test]
async fn of_two_factors_the_one_that_can_be_answered_is_chosen() {
    let double = Lemon {
        choice: true,
        ..Lemon::over(false)
    };
    let bed = bed(double);

    success(&bed, walk(&bed, "msmith", PASSWORD)).await;

    assert_eq!(bed.count(SITE, "/2fchoice"), 1);
}

#[tokio::test]
async fn a_factor_that_nobody_configured_is_named() {
    let double = Lemon {
        choice: true,
        ..Lemon::over(false)
    };
    let bed = bed(double);

    let walk = walk(&bed, "msmith", PASSWORD).factor(Factor::parse("webauthn").unwrap());
    let error = open(&bed, walk).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(bed.count(SITE, "/2fchoice"), 0);
}

#[tokio::test]
async fn consent_is_given_only_where_the_caller_allows_it() {
    let double = || Lemon {
        consent: true,
        ..Lemon::over(false)
    };
    let refused = bed(double());
    let error = failure(&refused, walk(&refused, USER, PASSWORD)).await;
    assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
    assert_eq!(posts(&refused), 1);

    let allowed = bed(double());
    success(&allowed, walk(&allowed, USER, PASSWORD).accept_consent()).await;
    assert_eq!(posts(&allowed), 2);
}

#[tokio::test]
async fn a_message_with_one_button_is_passed() {
    let bed = bed(Lemon {
        info: true,
        ..Lemon::over(false)
    });

    success(&bed, walk(&bed, USER, PASSWORD)).await;

    assert_eq!(posts(&bed), 2);
}

#[tokio::test]
async fn a_message_before_a_refused_session_is_no_wrong_password() {
    for saml in [false, true] {
        let bed = bed(Lemon {
            refuses: true,
            ..Lemon::over(saml)
        });

        let error = failure(&bed, walk(&bed, USER, PASSWORD)).await;

        assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
        assert_eq!(asked(&bed).len(), 2, "its button was pressed");
    }
}

#[tokio::test]
async fn a_session_that_is_there_needs_no_form() {
    for saml in [false, true] {
        let bed = bed(Lemon {
            session: true,
            ..Lemon::over(saml)
        });

        success(&bed, walk(&bed, USER, PASSWORD)).await;

        assert_eq!(asked(&bed).len(), 1);
    }
}

#[tokio::test]
async fn a_form_whose_token_is_too_old_was_not_tried() {
    let right = bed(Lemon {
        forgets: true,
        ..Lemon::over(false)
    });
    success(&right, walk(&right, USER, PASSWORD)).await;
    assert_eq!(posts(&right), 2);

    let wrong = bed(Lemon {
        forgets: true,
        ..Lemon::over(false)
    });
    let error = failure(&wrong, walk(&wrong, USER, "wrong")).await;
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(posts(&wrong), 2);
}

#[tokio::test]
async fn another_skin_in_another_language_changes_nothing() {
    let right = bed(Lemon {
        skin: true,
        ..Lemon::over(false)
    });
    success(&right, walk(&right, USER, PASSWORD)).await;

    let wrong = bed(Lemon {
        skin: true,
        ..Lemon::over(false)
    });
    let error = failure(&wrong, walk(&wrong, USER, "wrong")).await;
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(posts(&wrong), 1);
}
