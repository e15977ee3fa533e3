//! A provider that no adapter knows: user name first, then the password, then a code.

use doorward::{CodeSource, Credentials, ErrorKind, Secret};
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, World};

use crate::world::{
    CODE, PASSWORD, Protocol, SITE, USER, adapter, asked, bed, failure, open, posts, success, walk,
    with_all,
};

#[derive(Debug)]
struct Unknown {
    protocol: Protocol,
    shape: Shape,
    /// The user name, where it was asked for alone
    user: Option<String>,
    alone: bool,
    consent: bool,
    session: bool,
    /// The code has a field beside the password
    beside: bool,
    /// The form would put the password into an address
    get: bool,
    csrf: u32,
}

/// How a wrong password is answered
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    Ok,
    Unauthorized,
    Redirect,
}

impl Default for Unknown {
    fn default() -> Self {
        Self {
            protocol: Protocol::new(false),
            shape: Shape::Ok,
            user: None,
            alone: false,
            consent: false,
            session: false,
            beside: false,
            get: false,
            csrf: 0,
        }
    }
}

impl IdpDouble for Unknown {
    fn sites(&self) -> Vec<String> {
        vec![SITE.to_owned()]
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        self.protocol
            .register(portal, format!("{}/authorize", world.origin(SITE)))
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.method() == "POST" {
            let own = ask.origin();
            let fits = ask.field("csrf") == Some(self.csrf.to_string());
            if !fits || ask.cookie("flow") != Some("f1") || ask.header("origin") != Some(own) {
                world.complain(format!(
                    "{} came without its token, cookie or origin",
                    ask.path()
                ));
            }
        }
        match (ask.method(), ask.path()) {
            ("GET", "/authorize") if self.session => {
                self.protocol.begin(ask);
                self.protocol.back(world)
            }
            ("GET", "/authorize") => {
                self.protocol.begin(ask);
                Answer::redirect("/login?flow=1").cookie("flow=f1; Path=/; Secure; HttpOnly")
            }
            ("GET", "/login") => self.login_page(200),
            ("POST", "/name") => match ask.field("identifier") {
                Some(name) if name != "stranger" => {
                    self.user = Some(name);
                    self.login_page(200)
                }
                _ => self.login_page(200),
            },
            ("POST", "/login") => self.login(ask, world),
            ("POST", "/code") => match ask.field("otp").as_deref() {
                Some(CODE) => self.protocol.back(world),
                _ => self.page(
                    200,
                    r#"<p>Falsch</p><input name="otp" inputmode="numeric">"#,
                    "/code",
                ),
            },
            ("POST", "/consent") => match ask.field("decision").as_deref() {
                Some("allow") => self.protocol.back(world),
                other => {
                    world.complain(format!("the decision was {other:?}"));
                    Answer::html(400, "")
                }
            },
            (method, path) => {
                world.complain(format!("{method} {path}"));
                Answer::html(404, "")
            }
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        self.protocol.redeem(request)
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

impl Unknown {
    fn login(&mut self, ask: &Ask, world: &World) -> Answer {
        let user = self.user.clone().or_else(|| ask.field("account"));
        let password = ask.field("secret").unwrap_or_default();
        if ask.field("action").as_deref() != Some("login") {
            world.complain("the button that logs in was not pressed");
        }
        match (user.as_deref(), &*password) {
            (Some(USER), PASSWORD) if self.consent => self.page(
                200,
                r#"<button name="decision" value="deny">Nein</button><button name="decision" value="allow">Ja</button>"#,
                "/consent",
            ),
            (Some(USER), PASSWORD) => self.protocol.back(world),
            (Some("msmith"), PASSWORD) if self.beside => match ask.field("totp").as_deref() {
                Some(CODE) => self.protocol.back(world),
                _ => self.login_page(200),
            },
            (Some("msmith"), PASSWORD) => {
                self.page(200, r#"<input name="otp" inputmode="numeric">"#, "/code")
            }
            (Some("expired"), PASSWORD) => self.page(
                200,
                r#"<input name="account" value="expired"><input type="password" name="secret" style="display:none">
                <input type="password" name="password-new"><input type="password" name="password-confirm">"#,
                "/new",
            ),
            _ => match self.shape {
                Shape::Ok => self.login_page(200),
                Shape::Unauthorized => self.login_page(401),
                Shape::Redirect => Answer::redirect("/login?error=1"),
            },
        }
    }

    fn login_page(&mut self, status: u16) -> Answer {
        let buttons = r#"<button name="action" value="cancel">Abbrechen</button><button name="action" value="login">Los</button>"#;
        let secret = match self.beside {
            true => r#"<input type="password" name="secret"><input name="totp">"#,
            false => r#"<input type="password" name="secret">"#,
        };
        match (self.alone, &self.user) {
            (true, None) => self.page(
                status,
                r#"<input name="identifier" autocomplete="username"><input type="password" name="decoy" hidden><button>Weiter</button>"#,
                "/name",
            ),
            (true, Some(_)) => self.page(status, &format!("{secret}{buttons}"), "/login"),
            (false, _) => self.page(
                status,
                &format!(r#"<input name="account">{secret}{buttons}"#),
                "/login",
            ),
        }
    }

    fn page(&mut self, status: u16, inside: &str, action: &str) -> Answer {
        self.csrf += 1;
        let (csrf, method) = (self.csrf, if self.get { "get" } else { "post" });
        Answer::html(
            status,
            format!(
                r#"<form action="/suche"><input name="q" type="search"></form>
                <form method="{method}" action="{action}"><input type="hidden" name="csrf" value="{csrf}">{inside}</form>"#
            ),
        )
    }
}

#[tokio::test]
async fn a_login_takes_the_requests_of_its_pages() {
    let together = bed(Unknown::default());
    success(&together, walk(&together, USER, PASSWORD)).await;
    assert_eq!(
        asked(&together),
        ["GET /authorize 302", "GET /login 200", "POST /login 302"]
    );

    let alone = bed(Unknown {
        alone: true,
        ..Unknown::default()
    });
    success(&alone, walk(&alone, USER, PASSWORD)).await;
    assert_eq!(
        asked(&alone),
        [
            "GET /authorize 302",
            "GET /login 200",
            "POST /name 200",
            "POST /login 302"
        ]
    );
}

async fn rejected(shape: Shape) {
    for alone in [false, true] {
        let bed = bed(Unknown {
            alone,
            shape,
            ..Unknown::default()
        });

        let error = failure(&bed, walk(&bed, USER, "wrong")).await;

        assert_eq!(
            error.kind(),
            ErrorKind::Rejected,
            "{shape:?} {alone}: {error}"
        );
        assert_eq!(adapter(&error).as_deref(), Some("form"), "{error}");
        assert!(error.next_step().unwrap().contains("locked"), "{error}");
        assert_eq!(
            bed.count(SITE, "/login"),
            if shape == Shape::Redirect { 3 } else { 2 }
        );
        assert_eq!(posts(&bed), 1 + usize::from(alone));
    }
}

#[tokio::test]
async fn a_form_that_comes_back_with_status_200_is_a_rejection() {
    rejected(Shape::Ok).await;
}

#[tokio::test]
async fn a_form_that_comes_back_with_status_401_is_a_rejection() {
    rejected(Shape::Unauthorized).await;
}

#[tokio::test]
async fn a_form_that_comes_back_after_a_redirect_is_a_rejection() {
    rejected(Shape::Redirect).await;
}

#[tokio::test]
async fn a_locked_account_looks_like_a_wrong_password_and_the_error_says_so() {
    let bed = bed(Unknown::default());

    let error = failure(&bed, walk(&bed, "locked", PASSWORD)).await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(error.next_step().unwrap().contains("locked"), "{error}");
    assert_eq!(posts(&bed), 1);
}

#[tokio::test]
async fn a_user_name_that_is_asked_for_again_is_unknown() {
    let bed = bed(Unknown {
        alone: true,
        ..Unknown::default()
    });

    let error = failure(&bed, walk(&bed, "stranger", PASSWORD)).await;

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(posts(&bed), 1);
}

#[tokio::test]
async fn a_form_for_a_new_password_is_never_filled_in() {
    let bed = bed(Unknown::default());

    let error = failure(&bed, walk(&bed, "expired", PASSWORD)).await;

    assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
    assert_eq!(posts(&bed), 1);
}

#[tokio::test]
async fn a_code_is_answered_and_a_wrong_one_rejected() {
    let right = bed(Unknown {
        alone: true,
        ..Unknown::default()
    });
    success(&right, walk(&right, "msmith", PASSWORD)).await;
    assert_eq!(posts(&right), 3);

    let wrong = bed(Unknown::default());
    let credentials = Credentials::new("msmith", Secret::new(PASSWORD)).unwrap();
    let credentials = credentials.code(CodeSource::fixed(Secret::new("000000")));
    let walk = with_all(&wrong, credentials)
        .idp_url(&wrong.url(SITE))
        .unwrap();
    let error = failure(&wrong, walk).await;
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(wrong.count(SITE, "/code"), 1);
}

#[tokio::test]
async fn a_code_beside_the_password_goes_with_it() {
    let double = || Unknown {
        beside: true,
        ..Unknown::default()
    };
    let asked = bed(double());
    success(&asked, walk(&asked, "msmith", PASSWORD)).await;
    assert_eq!(posts(&asked), 1);

    // Who has no second factor leaves the field empty.
    let empty = bed(double());
    let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
    let walk = with_all(&empty, credentials)
        .idp_url(&empty.url(SITE))
        .unwrap();
    success(&empty, walk).await;
    assert_eq!(posts(&empty), 1);
}

#[tokio::test]
async fn a_code_without_a_source_is_a_factor_that_nobody_configured() {
    let bed = bed(Unknown::default());
    let credentials = Credentials::new("msmith", Secret::new(PASSWORD)).unwrap();
    let walk = with_all(&bed, credentials).idp_url(&bed.url(SITE)).unwrap();

    let error = failure(&bed, walk).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(bed.count(SITE, "/code"), 0);
}

#[tokio::test]
async fn consent_is_given_only_where_the_caller_allows_it() {
    let refused = bed(Unknown {
        consent: true,
        ..Unknown::default()
    });
    let error = failure(&refused, walk(&refused, USER, PASSWORD)).await;
    assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
    assert_eq!(refused.count(SITE, "/consent"), 0);

    let allowed = bed(Unknown {
        consent: true,
        ..Unknown::default()
    });
    success(&allowed, walk(&allowed, USER, PASSWORD).accept_consent()).await;
    assert_eq!(allowed.count(SITE, "/consent"), 1);
}

#[tokio::test]
async fn a_session_that_is_there_needs_no_form() {
    let bed = bed(Unknown {
        session: true,
        ..Unknown::default()
    });

    success(&bed, walk(&bed, USER, PASSWORD)).await;

    assert_eq!(asked(&bed), ["GET /authorize 302"]);
}

#[tokio::test]
async fn a_form_of_an_origin_that_nobody_named_is_not_answered() {
    for alone in [false, true] {
        for other in ["https://other.test", ""] {
            let bed = bed(Unknown {
                alone,
                ..Unknown::default()
            });
            let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
            let mut walk = with_all(&bed, credentials);
            if !other.is_empty() {
                walk = walk.idp_url(other).unwrap();
            }

            let error = failure(&bed, walk).await;

            assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
            let hint = error.next_step().unwrap().to_owned();
            assert!(
                hint.contains(&format!("--idp-url {}", bed.url(SITE))),
                "{hint}"
            );
            assert_eq!(posts(&bed), 0);
        }
    }
}

#[tokio::test]
async fn a_password_is_never_put_into_an_address() {
    let bed = bed(Unknown {
        get: true,
        ..Unknown::default()
    });

    let error = open(&bed, walk(&bed, USER, PASSWORD)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
    assert_eq!(asked(&bed).len(), 2);
}
