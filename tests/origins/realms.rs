//! Several providers in one login, each with credentials of its own: none of them gets what is another's.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use doorward::{
    CodeSource, Credentials, Error, ErrorKind, Factor, IdpAdapter, Page, Recognition, Secret,
    SecretSource, Url, Visit, Walk,
};
use doorward_testkit::{Answer, Ask, Testbed, World};

use crate::{BROKER, IDP, MALLORY, Scripted, back, bed, open, posts, state};

/// Fills in whatever a realm's form asks for
#[derive(Clone, Debug)]
struct RealmForm;

#[async_trait]
impl IdpAdapter for RealmForm {
    fn name(&self) -> &'static str {
        "realm-form"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match ["pw", "otp", "answer"]
            .iter()
            .any(|field| page.form_with(field).is_some())
        {
            true => Recognition::Likely("a realm's form"),
            false => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if page.form_with("restarted").is_some() {
            visit.restarted()?;
        }
        if page.form_with("accepted").is_some() {
            visit.accepted();
        }
        if page.form_with("otp").is_some() {
            let mut form = page.expect_form_with("otp")?;
            form.set_secret("otp", &visit.code(&Factor::Totp(None)).await?);
            return visit.submit(form).await;
        }
        if page.form_with("answer").is_some() {
            let mut form = page.expect_form_with("answer")?;
            form.set_secret("answer", &visit.answer().await?);
            return visit.submit(form).await;
        }
        let mut form = page.expect_form_with("pw")?;
        form.set("user", visit.username());
        form.set_secret("pw", &visit.password().await?);
        visit.submit(form).await
    }
}

/// What the realms were sent, as `HOST PATH VALUE…`
type Sent = Arc<Mutex<Vec<String>>>;

/// The login begins at realm corp; `next` says what follows a form that was sent
fn realms(sent: &Sent, next: impl Fn(&Ask, &World) -> Answer + Send + 'static) -> Box<Scripted> {
    let sent = Arc::clone(sent);
    Scripted::at(IDP, move |ask, world| match (ask.method(), ask.path()) {
        (_, "/authorize") => to(IDP, "/realms/corp/login", ask, world),
        (_, "/broker") => Answer::redirect(back(ask, world)),
        ("GET", _) => form("", "pw"),
        _ => {
            let values = ["user", "pw", "otp", "answer"].map(|field| ask.field(field));
            let values = values.into_iter().flatten();
            let values: Vec<String> = values.filter(|value| !value.is_empty()).collect();
            let line = format!("{} {} {}", ask.site(), ask.path(), values.join(" "));
            sent.lock().unwrap().push(line);
            next(ask, world)
        }
    })
}

fn form(action: &str, fields: &str) -> Answer {
    let inputs: String = fields
        .split(' ')
        .map(|field| format!(r#"<input name="{field}">"#))
        .collect();
    Answer::html(
        200,
        format!(r#"<form method="post" action="{action}"><input name="user">{inputs}</form>"#),
    )
}

fn to(site: &str, path: &str, ask: &Ask, world: &World) -> Answer {
    Answer::redirect(format!("{}{path}?state={}", world.origin(site), state(ask)))
}

/// Back to the realm that asked, with a code
fn to_broker(ask: &Ask, world: &World) -> Answer {
    let origin = world.origin(IDP);
    Answer::redirect(format!("{origin}/broker?code=inner&state={}", state(ask)))
}

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials::new(user, Secret::new(password)).unwrap()
}

/// Credentials for these prefixes, named `ci-…` and `pw-…` by the last segment
fn walk(bed: &Testbed, prefixes: &[(&str, &str)]) -> Walk {
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .adapter(RealmForm);
    prefixes.iter().fold(walk, |walk, (site, path)| {
        let name = path.rsplit('/').next().unwrap();
        let own = credentials(&format!("ci-{name}"), &format!("pw-{name}"));
        let prefix = format!("{}{path}", bed.url(site));
        walk.credentials_at(&prefix, own).unwrap()
    })
}

const CORP: (&str, &str) = (IDP, "/realms/corp");
const PARTNER: (&str, &str) = (IDP, "/realms/partner");
const FAR_PARTNER: (&str, &str) = (BROKER, "/realms/partner");

fn lines(sent: &Sent) -> Vec<String> {
    sent.lock().unwrap().clone()
}

#[tokio::test]
async fn each_realm_of_one_origin_gets_its_own_password() {
    let sent = Sent::default();
    let bed = bed(realms(&sent, |ask, world| match ask.path() {
        "/realms/corp/login" => to(IDP, "/realms/partner/login", ask, world),
        _ => to_broker(ask, world),
    }));

    open(&bed, walk(&bed, &[PARTNER, CORP])).await.unwrap();

    assert_eq!(
        lines(&sent),
        [
            "idp.test /realms/corp/login ci-corp pw-corp",
            "idp.test /realms/partner/login ci-partner pw-partner",
        ]
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn each_of_two_origins_gets_its_own_password() {
    let sent = Sent::default();
    let bed = bed(realms(&sent, |ask, world| match ask.site() {
        IDP => to(BROKER, "/realms/partner/login", ask, world),
        _ => to_broker(ask, world),
    }));

    open(&bed, walk(&bed, &[CORP, FAR_PARTNER])).await.unwrap();

    assert_eq!(
        lines(&sent),
        [
            "idp.test /realms/corp/login ci-corp pw-corp",
            "broker.test /realms/partner/login ci-partner pw-partner",
        ]
    );
}

#[tokio::test]
async fn the_credentials_of_the_whole_login_serve_where_no_prefix_does() {
    let sent = Sent::default();
    let bed = bed(realms(&sent, |ask, world| match ask.site() {
        IDP => to(BROKER, "/realms/partner/login", ask, world),
        _ => to_broker(ask, world),
    }));
    let own = walk(&bed, &[FAR_PARTNER]).credentials(credentials("ci", "pw"));

    open(&bed, own.idp_url(&bed.url(IDP)).unwrap())
        .await
        .unwrap();

    assert_eq!(
        lines(&sent),
        [
            "idp.test /realms/corp/login ci pw",
            "broker.test /realms/partner/login ci-partner pw-partner",
        ]
    );
}

#[tokio::test]
async fn a_rejected_password_is_followed_by_no_other() {
    // The refusal comes on the same page, on another one of the realm, or on a page outside of it that has other credentials.
    for refusal in ["", "/realms/corp/login?error=1", "/realms/login", "/login"] {
        let sent = Sent::default();
        let bed = bed(realms(&sent, move |_, _| match refusal {
            "" => form("", "pw"),
            path => Answer::redirect(path),
        }));
        let all = walk(&bed, &[CORP, PARTNER, FAR_PARTNER, (IDP, "/realms")])
            .credentials(credentials("ci", "pw"))
            .idp_url(&bed.url(IDP))
            .unwrap();

        let error = open(&bed, all).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Rejected, "{refusal}: {error}");
        let corp = format!("{}/realms/corp", bed.url(IDP));
        assert!(error.to_string().contains(&corp), "{error}");
        assert_eq!(
            lines(&sent),
            ["idp.test /realms/corp/login ci-corp pw-corp"]
        );
    }
}

#[tokio::test]
async fn after_a_code_went_back_a_shorter_prefix_is_a_step_further() {
    let sent = Sent::default();
    let bed = bed(realms(&sent, |ask, world| match ask.path() {
        "/realms/corp/login" => {
            let state = state(ask);
            Answer::redirect(format!("/realms/main/endpoint?code=inner&state={state}"))
        }
        _ => to_broker(ask, world),
    }));

    open(&bed, walk(&bed, &[CORP, (IDP, "/realms")]))
        .await
        .unwrap();

    assert_eq!(
        lines(&sent),
        [
            "idp.test /realms/corp/login ci-corp pw-corp",
            "idp.test /realms/main/endpoint ci-realms pw-realms",
        ]
    );
}

#[tokio::test]
async fn each_realm_is_asked_for_its_password_once() {
    for again in ["/realms/corp/login", "/realms/partner/login"] {
        let sent = Sent::default();
        let bed = bed(realms(&sent, move |ask, world| match ask.path() {
            "/realms/corp/login" => to(IDP, "/realms/partner/login", ask, world),
            _ => to(IDP, again, ask, world),
        }));

        let error = open(&bed, walk(&bed, &[CORP, PARTNER])).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Rejected);
        let realm = again.strip_suffix("/login").unwrap();
        assert!(error.to_string().contains(realm), "{error}");
        assert_eq!(posts(&bed), 2);
    }
}

#[tokio::test]
async fn a_form_that_leads_to_another_realm_gets_no_password() {
    for (site, path) in [PARTNER, FAR_PARTNER, (IDP, "/other"), (MALLORY, "/steal")] {
        let bed = bed(Scripted::at(IDP, move |ask, world| match ask.path() {
            "/authorize" => to(IDP, "/realms/corp/login", ask, world),
            _ => form(&format!("{}{path}/login", world.origin(site)), "pw"),
        }));

        let error = open(&bed, walk(&bed, &[CORP, PARTNER, FAR_PARTNER]))
            .await
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{site}{path}");
        assert!(error.to_string().contains(site), "{error}");
        assert_eq!(posts(&bed), 0);
    }
}

#[tokio::test]
async fn a_password_is_not_sent_on_to_another_realm() {
    for (site, path) in [PARTNER, FAR_PARTNER, (IDP, "/other")] {
        for status in [307, 308] {
            let sent = Sent::default();
            let bed = bed(realms(&sent, move |_, world| {
                let there = format!("{}{path}/login", world.origin(site));
                Answer::empty(status).header("Location", there)
            }));

            let error = open(&bed, walk(&bed, &[CORP, PARTNER, FAR_PARTNER]))
                .await
                .unwrap_err();

            assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{site}{path}");
            assert_eq!(
                lines(&sent),
                ["idp.test /realms/corp/login ci-corp pw-corp"]
            );
        }
    }
}

/// Asks for the password on one page, and puts it into the form of the next
#[derive(Clone, Debug)]
struct Wanderer;

#[async_trait]
impl IdpAdapter for Wanderer {
    fn name(&self) -> &'static str {
        "wanderer"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        RealmForm.recognizes(page)
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let password = visit.password().await?;
        let form = page.expect_form_with("pw")?;
        let next: Url = form.action().clone();
        let mut form = visit.get(&next).await?.expect_form_with("pw")?;
        form.set_secret("pw", &password);
        visit.submit(form).await
    }
}

#[tokio::test]
async fn a_password_that_was_given_for_one_realm_is_sent_to_no_other() {
    for (site, path) in [PARTNER, FAR_PARTNER] {
        let bed = bed(Scripted::at(IDP, move |ask, world| match ask.path() {
            "/authorize" => to(IDP, "/realms/corp/login", ask, world),
            "/realms/corp/login" => form(&format!("{}{path}/login", world.origin(site)), "pw"),
            _ => form("", "pw"),
        }));
        let wanderer = Walk::new()
            .network(bed.network().unwrap())
            .adapter(Wanderer);
        let with = |walk: Walk, (site, path): &(&str, &str)| {
            let prefix = format!("{}{path}", bed.url(site));
            walk.credentials_at(&prefix, credentials("ci", "pw"))
                .unwrap()
        };
        let wanderers = [CORP, PARTNER, FAR_PARTNER].iter().fold(wanderer, with);

        let error = open(&bed, wanderers).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{site}{path}");
        assert_eq!(posts(&bed), 0);
    }
}

#[tokio::test]
async fn a_page_that_no_prefix_covers_gets_no_password() {
    for path in [
        "/login",
        "/realms/corporate/login",
        "/realms/Corp/login",
        "/realms/corp;x/login",
        "/realms//corp/login",
        "/realms/partner/..%2Fcorp/login",
    ] {
        let bed = bed(Scripted::at(IDP, move |ask, world| match ask.path() {
            "/authorize" => to(IDP, path, ask, world),
            _ => form("", "pw"),
        }));
        let with_own = walk(&bed, &[CORP, PARTNER]).credentials(credentials("ci", "pw"));

        let error = open(&bed, with_own).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{path}: {error}");
        assert!(error.next_step().unwrap().contains("--credentials-file"));
        assert_eq!(posts(&bed), 0);
    }
}

#[tokio::test]
async fn what_may_be_a_realms_page_gets_not_the_password_of_the_whole_login_either() {
    for path in ["/realms/Corp/login", "/realms/corp;x/login"] {
        let bed = bed(Scripted::at(IDP, move |ask, world| match ask.path() {
            "/authorize" => to(IDP, path, ask, world),
            _ => form("", "pw"),
        }));
        let own = walk(&bed, &[CORP]).credentials(credentials("ci", "pw"));

        let error = open(&bed, own.idp_url(&bed.url(IDP)).unwrap())
            .await
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{path}: {error}");
        assert_eq!(posts(&bed), 0);
    }
}

#[tokio::test]
async fn a_realm_that_begins_anew_frees_no_other_realms_password() {
    let sent = Sent::default();
    let seen = Arc::clone(&sent);
    let bed = bed(realms(&sent, move |ask, world| {
        match (ask.path(), seen.lock().unwrap().len()) {
            ("/realms/corp/login", 1) => to(IDP, "/realms/partner/login", ask, world),
            (_, 2) => form("", "pw restarted"),
            _ => to(IDP, "/realms/corp/login", ask, world),
        }
    }));

    let error = open(&bed, walk(&bed, &[CORP, PARTNER])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    let paths: Vec<String> = lines(&sent)
        .iter()
        .map(|line| line.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "/realms/corp/login",
            "/realms/partner/login",
            "/realms/partner/login",
        ]
    );
}

#[tokio::test]
async fn a_realm_begins_anew_once() {
    let sent = Sent::default();
    let bed = bed(realms(&sent, |_, _| form("", "pw restarted")));

    let error = open(&bed, walk(&bed, &[CORP, PARTNER])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
    assert_eq!(posts(&bed), 2);
}

#[tokio::test]
async fn what_one_realm_took_says_nothing_of_another() {
    // Realm corp says that it took the password, and asks for it again; realm partner never said so.
    for (again, kind) in [
        ("/realms/corp/login", ErrorKind::UnexpectedPage),
        ("/realms/partner/login", ErrorKind::Rejected),
    ] {
        let sent = Sent::default();
        let seen = Arc::clone(&sent);
        let bed = bed(realms(&sent, move |ask, world| {
            match seen.lock().unwrap().len() {
                1 => form("", "otp accepted"),
                2 => to(IDP, "/realms/partner/login", ask, world),
                _ => to(IDP, again, ask, world),
            }
        }));
        let code = CodeSource::fixed(Secret::new("123456"));
        let corp = credentials("ci-corp", "pw-corp").code(code);
        let corp_url = format!("{}{}", bed.url(IDP), CORP.1);
        let both = walk(&bed, &[PARTNER])
            .credentials_at(&corp_url, corp)
            .unwrap();

        let error = open(&bed, both).await.unwrap_err();

        assert_eq!(error.kind(), kind, "{again}: {error}");
        assert_eq!(posts(&bed), 3);
    }
}

#[tokio::test]
async fn codes_and_answers_are_a_realms_own() {
    let sent = Sent::default();
    let seen = Arc::clone(&sent);
    let bed = bed(realms(&sent, move |ask, world| {
        match (ask.path(), seen.lock().unwrap().len()) {
            (_, 1 | 4) => form("", "otp"),
            (_, 2 | 5) => form("", "answer"),
            ("/realms/corp/login", _) => to(IDP, "/realms/partner/login", ask, world),
            _ => to_broker(ask, world),
        }
    }));
    let with_factors = |name: &str, code: &str| {
        credentials(&format!("ci-{name}"), &format!("pw-{name}"))
            .code(CodeSource::fixed(Secret::new(code)))
            .answer(SecretSource::value(Secret::new(format!("answer-{name}"))))
    };
    let url = |(site, path)| format!("{}{path}", bed.url(site));
    let both = walk(&bed, &[])
        .credentials(with_factors("own", "333333"))
        .credentials_at(&url(CORP), with_factors("corp", "111111"))
        .and_then(|walk| walk.credentials_at(&url(PARTNER), with_factors("partner", "222222")))
        .unwrap();

    open(&bed, both).await.unwrap();

    assert_eq!(
        lines(&sent),
        [
            "idp.test /realms/corp/login ci-corp pw-corp",
            "idp.test /realms/corp/login 111111",
            "idp.test /realms/corp/login answer-corp",
            "idp.test /realms/partner/login ci-partner pw-partner",
            "idp.test /realms/partner/login 222222",
            "idp.test /realms/partner/login answer-partner",
        ]
    );
}

#[tokio::test]
async fn a_refused_code_is_followed_by_no_other_realms_code() {
    let sent = Sent::default();
    let bed = bed(realms(&sent, |_, _| form("", "otp")));
    let with_code =
        |name: &str, code: &str| credentials(name, "pw").code(CodeSource::fixed(Secret::new(code)));
    let url = |(site, path)| format!("{}{path}", bed.url(site));
    let both = walk(&bed, &[])
        .credentials(with_code("own", "333333"))
        .credentials_at(&url(CORP), with_code("corp", "111111"))
        .and_then(|walk| walk.credentials_at(&url(PARTNER), with_code("partner", "222222")))
        .unwrap();

    let error = open(&bed, both).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    let codes: Vec<String> = lines(&sent).split_off(1);
    assert_eq!(codes, ["idp.test /realms/corp/login 111111"]);
}

#[tokio::test]
async fn a_secret_is_read_when_its_realm_asks_for_it() {
    for (asked, unset) in [("corp", "partner"), ("partner", "corp")] {
        let sent = Sent::default();
        let bed = bed(realms(&sent, to_broker));
        let at = |walk: Walk, name: &str, source: SecretSource| {
            let own = Credentials::with_source(name, source).unwrap();
            let prefix = format!("{}/realms/{name}", bed.url(IDP));
            walk.credentials_at(&prefix, own).unwrap()
        };
        let one = at(
            walk(&bed, &[]),
            asked,
            SecretSource::value(Secret::new("pw")),
        );
        let both = at(one, unset, SecretSource::variable("DOORWARD_NOT_SET"));

        let outcome = open(&bed, both).await;

        match asked {
            "corp" => assert!(outcome.is_ok()),
            _ => assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Config),
        }
        assert_eq!(posts(&bed), usize::from(asked == "corp"));
    }
}

#[tokio::test]
async fn two_credentials_for_one_prefix_are_a_wrong_setting() {
    let corp = |walk: Walk, url: &str| walk.credentials_at(url, credentials("ci", "pw"));
    let walk = corp(Walk::new(), "https://idp.example/realms/corp").unwrap();

    for same in [
        "https://idp.example/realms/corp/",
        "https://IDP.example:443/realms/%63orp",
    ] {
        let error = corp(walk.clone(), same).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    for wrong in [
        "idp.example",
        "http://idp.example",
        "https://ci:canary@idp.example",
    ] {
        let error = corp(walk.clone(), wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("canary"));
    }
}
