//! `doctor`: each check, good and bad, and no secret anywhere.

mod machine;

use std::time::Duration;

use doorward_testkit::{
    EVIL_HOST, Fault, Gate, OKTA_HOST, PASSWORD, PORTAL_HOST, PortalIdp, Testbed, TlsSwitch,
    Trouble, USER,
};
use serde_json::Value;

use crate::network::Proxy;
use crate::program::{Home, Outcome, Program};

/// A look at the testbed's portal, with all secrets at hand that a login would take
fn doctor(bed: &Testbed) -> Program {
    doctor_in(&Home::new(), bed)
}

fn doctor_in(home: &Home, bed: &Testbed) -> Program {
    Program::in_home(home, &["doctor"])
        .portal(bed, &bed.portal_url())
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .variable("DOORWARD_TOTP_SEED", SEED)
}

/// The same with a provider that is named
fn named(bed: &Testbed) -> Program {
    doctor(bed).user(bed)
}

fn result(program: Program, code: i32) -> Value {
    let outcome = program.words(&["--format", "json"]).run().ends_with(code);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The check called `name`
fn check<'a>(result: &'a Value, name: &str) -> &'a Value {
    let checks = result["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no check {name} in {result:#}"))
}

#[track_caller]
fn is(result: &Value, name: &str, state: &str) {
    let found = check(result, name);
    assert_eq!(found["state"], state, "{found:#}");
}

/// Whether no password, no user name, and nothing of a login page was sent
fn nobody_signed_in(bed: &Testbed) {
    let posts: Vec<_> = bed
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "POST")
        .collect();
    assert!(posts.is_empty(), "{posts:?}");
    assert_eq!((bed.logins(), bed.complaints()), (0, Vec::<String>::new()));
}

fn shows_no_secret(bed: &Testbed, texts: &[&str]) {
    let secrets = bed.secrets();
    for text in texts {
        for secret in secrets.iter().map(String::as_str).chain([PASSWORD, SEED]) {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

const SEED: &str = "JBSWY3DPEHPK3PXP";

#[test]
fn a_login_that_could_work_is_exit_code_0_and_its_command_works() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();

    let outcome = doctor_in(&home, &bed).user(&bed).run().ends_with(0);

    let text = &outcome.stdout;
    for line in [
        "ok names ",
        "ok proxy ",
        "ok connection ",
        "ok tls ",
        "ok clock ",
        "ok walk ",
        "ok origins ",
        "ok adapter      okta would sign in",
        "-- factors      not known before signing in",
        "ok profiles ",
        "ok cache ",
        "ok runtime ",
        "ok kubeconfig ",
        "ok variables ",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(
        text.contains("A login could work. Try:\n  doorward login --portal https://"),
        "{text}"
    );
    nobody_signed_in(&bed);
    shows_no_secret(&bed, &[text, &outcome.stderr]);
    assert!(
        home.list(".").iter().all(|name| name == "ca.pem"),
        "{:?}",
        home.list(".")
    );

    // As a shell would take it.
    let command = text.lines().last().unwrap().trim();
    let words: Vec<&str> = command
        .split(' ')
        .map(|word| word.trim_matches('\''))
        .collect();
    assert_eq!(words[..2], ["doorward", "login"]);
    let login = Program::in_home(&home, &words[1..]).variable("DOORWARD_PASSWORD", PASSWORD);
    login.run().ends_with(0);
}

#[test]
fn the_json_has_every_field() {
    let bed = Testbed::start().unwrap();

    let result = result(named(&bed), 0);

    let fields: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "doorward",
            "exit_code",
            "checks",
            "walk",
            "servers",
            "login_page",
            "flags",
            "command"
        ]
    );
    let names: Vec<&str> = result["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "names",
            "proxy",
            "connection",
            "tls",
            "clock",
            "walk",
            "origins",
            "adapter",
            "factors",
            "credentials",
            "profiles",
            "cache",
            "runtime",
            "kubeconfig",
            "plug-in",
            "clients",
            "variables"
        ]
    );
    for check in result["checks"].as_array().unwrap() {
        let fields: Vec<&String> = check.as_object().unwrap().keys().collect();
        assert_eq!(
            fields,
            ["check", "state", "kind", "message", "details", "next"]
        );
    }
    let page = &result["login_page"];
    assert_eq!(
        (&page["adapter"], &page["is_named"]),
        (&"okta".into(), &true.into())
    );
    assert_eq!(page["recognized"][0]["adapter"], "okta");
    let [portal, okta] = result["servers"].as_array().unwrap().as_slice() else {
        panic!("{result:#}")
    };
    assert_eq!(
        (&portal["origin"], &okta["origin"]),
        (&bed.portal_url().into(), &bed.okta_url().into())
    );
    for server in [portal, okta] {
        let own = &server["certificates"][0];
        assert!(own["days_left"].as_i64().unwrap() > 0, "{own:#}");
        assert_eq!(own["sha256"].as_str().unwrap().split(':').count(), 32);
        assert_eq!(
            (&server["answered"], &server["clock_ahead_seconds"]),
            (&true.into(), &0.into())
        );
    }
    let walk = result["walk"].as_array().unwrap();
    assert_eq!(walk.len(), bed.seen().len());
    assert_eq!(
        (&walk[0]["origin"], &walk[0]["number"]),
        (&bed.portal_url().into(), &1.into())
    );
    assert_eq!(result["flags"], serde_json::json!([]));
}

#[test]
fn an_origin_that_nobody_named_is_named_in_the_command() {
    let bed = Testbed::start().unwrap();

    let result = result(doctor(&bed), 14);

    is(&result, "walk", "ok");
    is(&result, "origins", "error");
    let flag = format!("--idp-url {}", bed.okta_url());
    assert!(
        check(&result, "origins")["next"]
            .as_str()
            .unwrap()
            .contains(&flag)
    );
    let command = result["command"].as_str().unwrap();
    assert!(
        command.contains(&flag) && command.contains("--username NAME"),
        "{command}"
    );
    nobody_signed_in(&bed);
}

#[test]
fn a_certificate_that_is_refused_is_shown_all_the_same() {
    for (switch, why) in [
        (TlsSwitch::Untrusted, "authority"),
        (TlsSwitch::Expired, "expired"),
        (TlsSwitch::WrongName, "another name"),
    ] {
        let bed = Testbed::builder().tls(switch).start().unwrap();

        let result = result(named(&bed), 10);

        is(&result, "names", "ok");
        is(&result, "connection", "ok");
        is(&result, "tls", "error");
        is(&result, "walk", "error");
        is(&result, "adapter", "unknown");
        is(&result, "kubeconfig", "ok");
        let server = &result["servers"][0];
        assert!(
            server["refused"].as_str().unwrap().contains(why),
            "{server:#}"
        );
        assert_eq!(
            server["certificates"][0]["sha256"].as_str().unwrap().len(),
            95
        );
        assert_eq!(server["answered"], false);
    }
}

#[test]
fn a_clock_that_differs_is_a_warning() {
    let bed = Testbed::start().unwrap();
    bed.clock().advance(Duration::from_secs(300));

    let result = result(named(&bed), 0);

    is(&result, "clock", "warning");
    let told = check(&result, "clock")["message"].as_str().unwrap();
    assert!(
        told.contains("differ by 30") || told.contains("differ by 29"),
        "{told}"
    );
    assert!(
        check(&result, "clock")["next"]
            .as_str()
            .unwrap()
            .contains("set this machine's clock")
    );
}

#[test]
fn an_unknown_host_is_said_to_be_one() {
    let program = Program::new(&["doctor", "--portal", "nobody.invalid"]);

    let result = result(program, 21);

    is(&result, "names", "error");
    assert!(
        check(&result, "names")["message"]
            .as_str()
            .unwrap()
            .contains("nobody.invalid")
    );
    is(&result, "connection", "unknown");
    is(&result, "tls", "unknown");
    is(&result, "clock", "unknown");
    is(&result, "walk", "error");
    is(&result, "profiles", "ok");
}

#[test]
fn a_port_where_nobody_listens_is_no_connection() {
    let bed = Testbed::start().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let entry = format!("p.test:{free}:127.0.0.1");

    let program = Program::new(&[
        "doctor",
        "--portal",
        &format!("https://p.test:{free}"),
        "--resolve",
        &entry,
    ])
    .network(&bed);
    let result = result(program, 21);

    is(&result, "names", "ok");
    assert!(
        check(&result, "names")["details"][0]
            .as_str()
            .unwrap()
            .ends_with("127.0.0.1 (--resolve)")
    );
    is(&result, "connection", "error");
    is(&result, "walk", "error");
}

#[test]
fn a_page_that_no_adapter_knows_is_described() {
    let bed = Testbed::start().unwrap();
    let program = || {
        Program::new(&["doctor", "--idp", "okta", "--idp", "keycloak"])
            .portal(&bed, &bed.url(EVIL_HOST))
    };

    let result = result(program(), 15);

    is(&result, "adapter", "error");
    assert_eq!(check(&result, "adapter")["kind"], "NoAdapter");
    let page = &result["login_page"];
    assert_eq!(page["recognized"], serde_json::json!([]));
    assert!(
        page["structure"]
            .as_str()
            .unwrap()
            .contains("password:password"),
        "{page:#}"
    );
    nobody_signed_in(&bed);
}

#[test]
fn a_portals_own_form_needs_no_name() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();

    let result = result(doctor(&bed), 0);

    assert_eq!(result["login_page"]["adapter"], "openunison");
    is(&result, "origins", "ok");
    nobody_signed_in(&bed);
}

#[test]
fn saml_is_walked_too() {
    let bed = Testbed::builder().idp(PortalIdp::OktaSaml).start().unwrap();

    let result = result(named(&bed), 0);

    assert_eq!(result["login_page"]["adapter"], "okta");
    assert_eq!((bed.logins(), bed.complaints()), (0, Vec::<String>::new()));
}

#[test]
fn a_server_that_fails_is_told_as_a_login_would_tell_it() {
    let bed = Testbed::start().unwrap();
    bed.add_fault(Fault::new(OKTA_HOST, "/", Trouble::BadGateway).times(9));

    let result = result(named(&bed), 20);

    is(&result, "walk", "error");
    assert_eq!(check(&result, "walk")["kind"], "Unavailable");
    is(&result, "tls", "ok");
}

#[test]
fn a_proxy_is_named_and_resolve_has_no_effect_behind_it() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(Some(bed.address()));
    let url = format!("http://ci:proxy-canary@{}", proxy.address);

    let outcome = named(&bed)
        .words(&["--format", "json"])
        .variable("HTTPS_PROXY", &url)
        .run()
        .ends_with(0);

    let result: Value = serde_json::from_str(&outcome.stdout).unwrap();
    is(&result, "proxy", "warning");
    let line = check(&result, "names")["details"][0].as_str().unwrap();
    assert!(
        line.contains(&format!("by the proxy http://{}", proxy.address)),
        "{line}"
    );
    assert!(!outcome.stdout.contains("proxy-canary") && !outcome.stderr.contains("proxy-canary"));

    let closed = Proxy::start(None);
    let url = format!("http://{}", closed.address);
    let result = self::result(named(&bed).words(&["--proxy", &url]), 10);
    is(&result, "connection", "ok");
    is(&result, "walk", "error");
}

#[test]
fn settings_that_cannot_be_used_do_not_end_the_rest() {
    let program = Program::new(&["doctor", "--portal", "http://k8sou.example.test"]);

    let result = result(program, 10);

    is(&result, "settings", "error");
    is(&result, "kubeconfig", "ok");
    assert_eq!(
        (&result["login_page"], &result["command"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn a_portal_behind_a_gate_gets_its_certificate_and_headers() {
    let headers = vec![(
        "cf-access-client-secret".to_owned(),
        "gate-canary".to_owned(),
    )];
    let mut gate = Gate::default();
    gate.headers = headers;
    let bed = Testbed::builder().gate(gate).start().unwrap();
    let program = named(&bed);
    let file = program.file("headers", "cf-access-client-secret: gate-canary\n");

    let outcome = program
        .words(&["--header-file", file.to_str().unwrap()])
        .run()
        .ends_with(0);

    assert!(!outcome.stdout.contains("gate-canary"));
    assert!(
        outcome.stdout.contains("--header-file /"),
        "{}",
        outcome.stdout
    );
    let closed = result(named(&bed), 18);
    is(&closed, "walk", "error");
}

#[test]
fn a_profile_is_looked_at_by_its_name() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    Program::login_in(&home, &bed).run().ends_with(0);
    let seen = bed.seen().len();

    let program = Program::in_home(&home, &["doctor", "--profile", "kubernetes"]);
    let result = result(program, 0);

    assert_eq!(result["login_page"]["adapter"], "okta");
    let made: Vec<_> = bed.seen().into_iter().skip(seen).collect();
    assert!(made.iter().all(|seen| seen.method == "GET"), "{made:?}");
}

#[test]
fn without_a_way_in_it_is_a_usage_error() {
    Program::new(&["doctor"]).run().ends_with(2);
}

#[test]
fn no_output_and_no_picture_shows_a_secret_at_any_failure() {
    let troubles: [(&str, Option<Fault>); 5] = [
        ("none", None),
        (
            "portal gone",
            Some(Fault::new(PORTAL_HOST, "/", Trouble::BadGateway).times(9)),
        ),
        (
            "login gone",
            Some(
                Fault::new(PORTAL_HOST, "/", Trouble::BadGateway)
                    .nth(2)
                    .times(9),
            ),
        ),
        (
            "provider gone",
            Some(Fault::new(OKTA_HOST, "/", Trouble::Unavailable).times(9)),
        ),
        (
            "login page gone",
            Some(
                Fault::new(OKTA_HOST, "/", Trouble::BadGateway)
                    .nth(2)
                    .times(9),
            ),
        ),
    ];
    for (name, trouble) in troubles {
        for format in ["text", "json"] {
            let bed = Testbed::start().unwrap();
            if let Some(trouble) = trouble.clone() {
                bed.add_fault(trouble);
            }
            let program = named(&bed).words(&["-vv", "--format", format, "--picture", "walk.html"]);
            let outcome: Outcome = program.run();
            let picture = outcome.read("walk.html");

            shows_no_secret(&bed, &[&outcome.stdout, &outcome.stderr, &picture]);
            assert!(
                outcome.stdout.contains(USER),
                "the command names the user: {name}"
            );
            assert!(
                picture.contains("<svg") && picture.contains("k8sou.example.test"),
                "{picture}"
            );
            nobody_signed_in(&bed);
        }
    }
}
