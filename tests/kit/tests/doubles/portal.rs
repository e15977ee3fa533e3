//! The portal's login: what it forgives, and what it does not.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::{
    Affinity, OktaSwitches, PASSWORD, PORTAL_HOST, PortalIdp, PortalSwitches, Testbed, USER,
};

use crate::driver::{Browser, Page};

const FAILED: &str = "/auth/forms/defaultFailedLogin.jsp";
const RESET: &str = "/auth/forms/resetChain.jsp";

#[test]
fn cookies_are_built_by_hand() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;

    let first = browser.get(&format!("{}/k8stoken/token/user", bed.portal_url()))?;

    assert_eq!(first.status, 302);
    assert_eq!(first.text, "");
    let to_login = format!("{}/login/auth", bed.portal_url());
    assert_eq!(first.header("location"), Some(to_login.as_str()));
    let lines = first.set_cookies();
    assert_eq!(
        lines.first().copied(),
        Some(
            "openSession=DNE; Secure; HttpOnly; Path=/; Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:00 GMT;"
        )
    );
    let session = lines.get(1).ok_or("no session")?;
    assert!(session.starts_with("tremolosession="));
    assert!(session.ends_with("; Domain=k8sou.example.test; Secure; HttpOnly; Path=/;"));
    assert_eq!(
        lines.get(3).copied(),
        Some("autoIdmAppName=token; Domain=k8sou.example.test; Secure; HttpOnly; Path=/;")
    );
    Ok(())
}

#[test]
fn the_callback_sets_cookies_many_times_and_then_deletes_them() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let callback = browser.okta_callback(&login)?;

    let page = browser.get(callback.as_str())?;

    let lines = page.set_cookies();
    let count = |name: &str| lines.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!(count("autoIdmAppName=completelogin;"), 5);
    assert_eq!(count("autoIdmAppName=DNE;"), 1);
    assert!(lines.last().is_some_and(|line| line.contains("DNE")));
    assert_eq!(browser.cookie(PORTAL_HOST, "autoIdmAppName"), None);
    Ok(())
}

#[test]
fn the_callback_needs_the_auto_idm_cookies() -> Result<(), Box<dyn Error>> {
    for name in ["autoIdmSessionCookieName", "autoIdmAppName"] {
        let bed = Testbed::start()?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;
        let callback = browser.okta_callback(&login)?;

        browser.drop_cookie(PORTAL_HOST, name);
        let page = browser.open(callback.as_str())?;

        assert_eq!(page.status, 500);
        assert!(browser.cookie(PORTAL_HOST, "openSession").is_some());
        assert_eq!(bed.complaints().len(), 1);
    }
    Ok(())
}

#[test]
fn the_callback_needs_the_session_cookie() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let callback = browser.okta_callback(&login)?;

    browser.drop_cookie(PORTAL_HOST, "tremolosession");

    assert_eq!(browser.open(callback.as_str())?.status, 500);
    Ok(())
}

#[test]
fn a_wrong_state_is_an_error_page() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let callback = browser.okta_callback(&login)?;

    let page = browser.open(&format!("{callback}x"))?;

    assert_eq!(page.status, 500);
    assert!(page.text.contains("<h1>Error</h1>"));
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn an_error_page_may_come_with_status_200() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            errors_with_200: true,
            ..PortalSwitches::default()
        })
        .start()?;
    let mut browser = Browser::new(&bed)?;

    browser.start()?;
    let page = browser.get(&format!("{}/auth/oidc?code=x&state=y", bed.portal_url()))?;

    assert_eq!(page.status, 200);
    assert!(page.text.contains("<h1>Error</h1>"));
    Ok(())
}

#[test]
fn a_code_is_good_once_and_for_its_own_login() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut first = Browser::new(&bed)?;
    let login = first.start()?;
    let used = first.okta_callback(&login)?;
    assert_eq!(first.open(used.as_str())?.string("/displayName")?, USER);

    let mut second = Browser::new(&bed)?;
    let login = second.start()?;
    let callback = second.okta_callback(&login)?;
    let code = |url: &url::Url| {
        url.query_pairs()
            .find(|(name, _)| name == "code")
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let replayed = callback.as_str().replace(&code(&callback), &code(&used));
    let page = second.open(&replayed)?;

    assert_eq!((page.status, page.url.path()), (200, FAILED));
    Ok(())
}

#[test]
fn any_other_request_ends_the_login() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let callback = browser.okta_callback(&login)?;

    browser.get(&format!("{}/scale/main/user", bed.portal_url()))?;
    let page = browser.open(callback.as_str())?;

    assert_eq!(page.status, 500);
    assert!(
        bed.complaints()
            .first()
            .is_some_and(|text| text.contains("/scale/main/user"))
    );
    Ok(())
}

#[test]
fn an_icon_does_not_end_the_login() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let callback = browser.okta_callback(&login)?;

    let icon = browser.get(&format!("{}/favicon.ico", bed.portal_url()))?;
    let token = browser.open(callback.as_str())?;

    assert_eq!((icon.status, icon.text.as_str()), (404, ""));
    assert_eq!(token.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn a_login_that_starts_over_makes_the_old_callback_a_reset() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let callback = browser.okta_callback(&login)?;

    browser.get(&format!("{}/k8stoken/token/user", bed.portal_url()))?;
    let page = browser.open(callback.as_str())?;

    assert_eq!(page.url.path(), RESET);
    assert!(page.text.contains("id=\"rerunlink\""));
    Ok(())
}

#[test]
fn the_state_is_kept_when_a_login_starts_over() -> Result<(), Box<dyn Error>> {
    for keep_state in [true, false] {
        let bed = Testbed::builder()
            .portal(PortalSwitches {
                keep_state,
                ..PortalSwitches::default()
            })
            .start()?;
        let mut browser = Browser::new(&bed)?;
        let login = format!("{}/login/auth", bed.portal_url());
        let state = |page: Page| -> Result<Option<String>, Box<dyn Error>> {
            let url = page.location()?.ok_or("no redirect")?;
            let mut pairs = url.query_pairs();
            Ok(pairs
                .find(|(name, _)| name == "state")
                .map(|(_, value)| value.into_owned()))
        };

        let first = browser.get(&login)?;
        assert!(first.header("location").is_some_and(|url| {
            url.contains("&state=security_token%3D") && url.ends_with("&max_age=0")
        }));
        let first = state(first)?;
        let second = state(browser.get(&login)?)?;

        assert_eq!(first == second, keep_state);
    }
    Ok(())
}

#[test]
fn a_wrong_password_is_a_page_with_status_200() -> Result<(), Box<dyn Error>> {
    for (user, password) in [(USER, "wrong"), ("nobody", PASSWORD), (USER, " ")] {
        let bed = Testbed::builder().idp(PortalIdp::Form).start()?;
        let mut browser = Browser::new(&bed)?;
        let form = browser.start()?;
        let login = form.url.join("/auth/formlogin")?;

        let posted = browser.post(login.as_str(), &[("user", user), ("pwd", password)])?;
        let page = browser.follow(posted)?;
        assert_eq!((page.status, page.url.path()), (200, FAILED));
        assert!(page.text.contains("<h1>Invalid Login</h1>"));
        assert_eq!(bed.complaints(), Vec::<String>::new());

        let posted = browser.post(login.as_str(), &[("user", USER), ("pwd", PASSWORD)])?;
        assert_eq!(browser.follow(posted)?.url.path(), RESET);
    }
    Ok(())
}

#[test]
fn a_login_form_without_cookies_leads_nowhere() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp(PortalIdp::Form).start()?;
    let mut browser = Browser::new(&bed)?;

    let form = browser.get(&format!("{}/auth/forms/defaultForm.jsp", bed.portal_url()))?;

    assert!(form.text.contains("action=\"null\""));
    Ok(())
}

#[test]
fn an_unknown_form_field_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp(PortalIdp::Form).start()?;
    let mut browser = Browser::new(&bed)?;
    let form = browser.start()?;

    let fields = [("user", USER), ("pwd", PASSWORD), ("password", "x")];
    browser.post(form.url.join("/auth/formlogin")?.as_str(), &fields)?;

    assert_eq!(bed.complaints(), ["the login form has no field password"]);
    Ok(())
}

#[test]
fn a_chooser_asks_which_login() -> Result<(), Box<dyn Error>> {
    let labels = ["Company SSO", "Local & \"Directory\""];
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            chooser: labels.map(str::to_owned).to_vec(),
            ..PortalSwitches::default()
        })
        .start()?;

    let mut browser = Browser::new(&bed)?;
    let page = browser.start()?;
    assert_eq!(page.url.path(), "/auth/forms/chooseLogin.jsp");
    let service = page.url.join("/auth/loginservice")?;
    let chosen = [("chain", labels[1]), ("remember", "true")];
    let posted = browser.post(service.as_str(), &chosen)?;
    let remembered = posted
        .set_cookies()
        .into_iter()
        .find(|line| line.starts_with("tremoloLoginChoice="));
    assert!(remembered.is_some_and(|line| line.contains(" Max-Age=2592000; Expires=")));
    let form = browser.follow(posted)?;
    assert_eq!(form.url.path(), "/auth/forms/defaultForm.jsp");

    let mut browser = Browser::new(&bed)?;
    let short = browser.open(&format!(
        "{}/k8stoken/token/user?chain=Company%20SSO",
        bed.portal_url()
    ))?;
    assert_eq!(short.url.path(), "/login/login.htm");

    let mut browser = Browser::new(&bed)?;
    browser.start()?;
    let unknown = browser.post(service.as_str(), &[("chain", "Nothing")])?;
    assert_eq!(unknown.status, 500);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn terms_are_shown_at_the_callback_itself() -> Result<(), Box<dyn Error>> {
    for (answer, path) in [("yes", "/k8stoken/token/user"), ("no", FAILED)] {
        let bed = Testbed::builder()
            .portal(PortalSwitches {
                terms: true,
                ..PortalSwitches::default()
            })
            .start()?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;

        let terms = browser.okta_sign_in(&login)?;
        assert_eq!((terms.status, terms.url.path()), (200, "/auth/oidc"));
        let acknowledge = terms.url.join("/auth/acknowledge")?;
        let posted = browser.post(acknowledge.as_str(), &[("acknowledge", answer)])?;

        assert_eq!(browser.follow(posted)?.url.path(), path);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_person_without_rights_fails_at_the_last_hop() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            refuse: true,
            ..PortalSwitches::default()
        })
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;

    let page = browser.okta_sign_in(&login)?;

    assert_eq!(page.url.path(), FAILED);
    assert_eq!(bed.count("k8sou", "/k8stoken/token/user"), 2);
    Ok(())
}

#[test]
fn an_unassigned_person_comes_back_with_an_error() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .okta(OktaSwitches {
            unassigned: true,
            ..OktaSwitches::default()
        })
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;

    let page = browser.okta_sign_in(&login)?;

    assert_eq!(page.url.path(), FAILED);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_portal_that_requires_a_session_logs_out_instead() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            require_session: true,
            ..PortalSwitches::default()
        })
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;

    let page = browser.okta_sign_in(&login)?;

    assert_eq!(page.url.path(), "/auth/forms/logout.jsp");
    assert!(page.text.contains("Logged Out of OpenUnison"));
    Ok(())
}

#[test]
fn without_affinity_two_pods_lose_the_login() -> Result<(), Box<dyn Error>> {
    let with = |affinity| {
        Testbed::builder()
            .portal(PortalSwitches {
                affinity,
                ..PortalSwitches::default()
            })
            .start()
    };

    let bed = with(Affinity::Cookie)?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    assert!(
        browser
            .cookie(PORTAL_HOST, "openunison-orchestra")
            .is_some()
    );
    assert_eq!(browser.okta_sign_in(&login)?.string("/displayName")?, USER);

    let bed = with(Affinity::Broken)?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let page = browser.okta_sign_in(&login)?;
    assert_eq!(page.header("content-type"), Some("text/html;charset=UTF-8"));
    Ok(())
}

#[test]
fn pages_may_stand_before_the_provider() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            js_redirect: true,
            ..PortalSwitches::default()
        })
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let page = browser.start()?;
    assert_eq!((page.status, page.url.path()), (200, "/login/auth"));
    let link = page
        .between("id=\"finish-login\" href=\"", "\"")
        .ok_or("no link")?;
    assert_eq!(browser.open(&link)?.url.path(), "/login/login.htm");

    let bed = Testbed::builder()
        .idp(PortalIdp::OktaSaml)
        .portal(PortalSwitches {
            jump_page: true,
            ..PortalSwitches::default()
        })
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let page = browser.start()?;
    assert_eq!(page.url.path(), "/auth/forms/jump.jsp");
    let link = page.between("id=\"next\" href=\"", "\"").ok_or("no link")?;
    let login = browser.open(&link)?;
    let form = browser.okta_sign_in(&login)?;
    assert_eq!(browser.post_form(&form)?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_satellite_leads_through_its_control_plane() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().satellite().start()?;
    let mut browser = Browser::new(&bed)?;

    let login = browser.start()?;
    let token = browser.okta_sign_in(&login)?;

    assert_eq!(token.string("/displayName")?, USER);
    assert_eq!(token.url.host_str(), Some(PORTAL_HOST));
    assert_eq!(bed.count("control", "/login/auth"), 2);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn an_idle_session_starts_the_login_again() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let check = format!("{}/k8stoken/sessioncheck", bed.portal_url());
    assert_eq!(browser.get(&check)?.status, 401);
    let login = browser.start()?;
    browser.okta_sign_in(&login)?;
    assert_eq!(browser.get(&check)?.text, "{\"minsLeft\":15}");

    bed.clock().advance(Duration::from_secs(901));

    assert_eq!(browser.get(&check)?.status, 401);
    assert_eq!(browser.start()?.url.path(), "/login/login.htm");
    Ok(())
}

#[test]
fn a_slow_callback_is_slow_on_the_real_clock() -> Result<(), Box<dyn Error>> {
    let pause = Duration::from_millis(60);
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            slow_callback: pause,
            ..PortalSwitches::default()
        })
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let callback = browser.okta_callback(&login)?;

    let started = std::time::Instant::now();
    browser.get(callback.as_str())?;

    assert!(started.elapsed() >= pause);
    Ok(())
}

#[test]
fn unknown_paths_and_small_services() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let url = |path: &str| format!("{}{path}", bed.portal_url());

    let missing = browser.get(&url("/nothing"))?;
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
    let alive = browser.get(&url("/check_alive"))?;
    assert_eq!(alive.json()?.pointer("/alive"), Some(&true.into()));
    assert_eq!(browser.get(&url("/auth/nothing"))?.status, 404);
    assert_eq!(browser.post(&url("/k8stoken/token/user"), &[])?.text, "");
    Ok(())
}
