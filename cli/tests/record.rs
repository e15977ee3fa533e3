//! `record`: a login as a folder of files, with nothing secret in it.

use doorward::recording::Case;
use doorward_testkit::{OKTA_HOST, PASSWORD, PortalIdp, Testbed, USER};

use crate::program::{Home, Program};

/// A recording of the testbed's user, into the folder `case`
fn record(home: &Home, bed: &Testbed, password: &str) -> Program {
    let words = [
        "record",
        "--into",
        "case",
        "--docs",
        "A login",
        "--seen-with",
        "a double",
    ];
    Program::in_home(home, &words)
        .portal(bed, &bed.portal_url())
        .user(bed)
        .variable("DOORWARD_PASSWORD", password)
}

fn text(home: &Home) -> String {
    home.list("case")
        .iter()
        .map(|name| home.read(&format!("case/{name}")))
        .collect()
}

#[test]
fn a_login_becomes_a_folder_that_can_be_read() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());

    let outcome = record(&home, &bed, PASSWORD).run().ends_with(0);

    assert_eq!(outcome.stdout, "");
    assert!(
        outcome.stderr.contains("11 exchanges are in case"),
        "{}",
        outcome.stderr
    );
    let case = Case::read(&home.join("case")).unwrap();
    case.check().unwrap();
    assert_eq!(case.exchanges.len(), bed.seen().len());
    assert_eq!(
        (case.about.docs.as_str(), case.about.seen_with.as_str()),
        ("A login", "a double")
    );
    assert_eq!(case.about.idp_urls, ["https://provider.test"]);
    assert_eq!(case.about.expect, None);
    assert_eq!(bed.logins(), 1);
}

#[test]
fn a_refused_login_is_recorded_too() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());

    let outcome = record(&home, &bed, "not the password").run().ends_with(0);

    assert!(
        outcome.stderr.contains("ended with Rejected"),
        "{}",
        outcome.stderr
    );
    assert!(
        home.read("case/case.toml")
            .contains("expect = \"Rejected\"")
    );
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);
}

#[test]
fn no_secret_gets_into_the_files_or_is_said() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());

    let outcome = record(&home, &bed, PASSWORD)
        .words(&["-vv"])
        .run()
        .ends_with(0);

    let files = text(&home);
    for secret in bed.secrets().iter().map(String::as_str).chain([PASSWORD]) {
        assert!(
            !outcome.stderr.contains(secret) && !files.contains(secret),
            "{secret}"
        );
    }
    assert!(
        !files.contains(USER) && !files.contains("acme.okta.test"),
        "{files}"
    );
}

#[test]
fn a_folder_that_is_not_empty_costs_no_login() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());
    home.file("case/notes", "mine");

    let outcome = record(&home, &bed, PASSWORD).run().ends_with(10);

    assert!(outcome.stderr.contains("not empty"), "{}", outcome.stderr);
    assert_eq!(bed.seen().len(), 0);
    assert_eq!(home.read("case/notes"), "mine");
}

#[test]
fn a_password_that_is_too_short_is_not_recorded() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());

    let outcome = record(&home, &bed, "short").run().ends_with(10);

    assert!(
        outcome.stderr.contains("8 characters"),
        "{}",
        outcome.stderr
    );
    assert_eq!(home.list("case"), Vec::<String>::new());
}

#[test]
fn a_server_that_cannot_be_reached_is_no_recording() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());
    let program = record(&home, &bed, PASSWORD);
    drop(bed);

    program.run().ends_with(21);

    assert_eq!(home.list("case"), Vec::<String>::new());
}

#[test]
fn a_known_device_would_leave_requests_out() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());

    let outcome = record(&home, &bed, PASSWORD)
        .variable("DOORWARD_DEVICE", "canary")
        .run()
        .ends_with(10);

    assert!(outcome.stderr.contains("device"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("canary"));
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn a_recording_keeps_no_token_and_no_kubeconfig() {
    let (home, bed) = (
        Home::new(),
        Testbed::builder().idp(PortalIdp::OktaSaml).start().unwrap(),
    );

    record(&home, &bed, PASSWORD).run().ends_with(0);

    assert!(!home.join(".kube").exists());
    assert_eq!(home.list(".config/doorward/profiles"), Vec::<String>::new());
    let kept = home.list(".cache/doorward");
    assert!(!kept.iter().any(|name| name.ends_with(".json")), "{kept:?}");
}
