//! stderr: one line for a success, a block for an error, JSON on request, and no secret ever.

use doorward_testkit::{Fault, OKTA_HOST, PASSWORD, PORTAL_HOST, Testbed, Trouble, USER};
use serde_json::Value;

use crate::program::{Outcome, Program};

#[track_caller]
fn assert_no_secrets(bed: &Testbed, outcome: &Outcome) {
    for secret in bed.secrets().iter().map(String::as_str).chain([PASSWORD]) {
        assert!(
            !outcome.stderr.contains(secret),
            "{secret} in {}",
            outcome.stderr
        );
    }
}

/// Those of the walk, and the one that finds out where the refresh token goes
fn requests_of_login(bed: &Testbed) -> usize {
    let discovery = "/auth/idp/k8sIdp/.well-known/openid-configuration";
    assert_eq!(bed.count(PORTAL_HOST, discovery), 1);
    bed.seen().len()
}

#[test]
fn a_success_is_one_line() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(0);

    let line = outcome.stderr.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{line}");
    assert!(
        line.starts_with(&format!(
            "doorward: logged in as {USER} at {} until 2",
            bed.portal_url()
        )),
        "{line}"
    );
    assert!(line.ends_with(" s), context kubernetes"), "{line}");
}

#[test]
fn a_quiet_success_says_nothing() {
    let bed = Testbed::start().unwrap();

    assert_eq!(
        Program::login(&bed)
            .words(&["-q"])
            .run()
            .ends_with(0)
            .stderr,
        ""
    );
    let by_variable = Program::login(&bed).variable("DOORWARD_QUIET", "yes");
    assert_eq!(by_variable.run().ends_with(0).stderr, "");
}

#[test]
fn a_verbose_login_shows_each_hop() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed).words(&["-v"]).run().ends_with(0);

    let hops: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.contains(" GET ") || line.contains(" POST "))
        .collect();
    assert_eq!(hops.len(), requests_of_login(&bed));
    assert!(
        hops[0].contains(PORTAL_HOST) && hops[0].contains("/k8stoken/token/user 302 redirect"),
        "{}",
        hops[0]
    );
    let has_time = |hop: &&str| hop.ends_with(" ms") || hop.ends_with(" s");
    assert!(hops.iter().all(has_time), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(&format!(
        "signed in at {} by the adapter okta",
        bed.okta_url()
    )));
    assert_no_secrets(&bed, &outcome);
}

#[test]
fn nothing_secret_is_shown_at_the_finest_level() {
    let bed = Testbed::start().unwrap();
    for format in ["text", "json"] {
        let outcome = Program::login(&bed)
            .words(&["-vv", "--log-format", format])
            .run()
            .ends_with(0);

        assert_no_secrets(&bed, &outcome);
        for library in ["hyper", "reqwest", "rustls"] {
            assert!(!outcome.stderr.contains(library), "{}", outcome.stderr);
        }
    }
    let refused = Program::login(&bed)
        .words(&["-vv"])
        .variable("DOORWARD_PASSWORD", "canary-wrong")
        .run()
        .ends_with(11);
    assert_no_secrets(&bed, &refused);
    assert!(!refused.stderr.contains("canary"));
}

#[test]
fn every_line_is_json_on_request() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["-vv", "--log-format", "json"])
        .run()
        .ends_with(0);

    let messages = outcome.messages();
    let hops: Vec<_> = messages
        .iter()
        .filter_map(|message| message.get("hop"))
        .collect();
    assert_eq!(hops.len(), requests_of_login(&bed));
    assert!(hops.iter().all(|hop| hop["ms"].as_f64().unwrap() > 0.0));
    let last = messages.last().unwrap();
    assert_eq!(last["level"], "success");
    assert_eq!(last["user"], USER);
    assert_eq!(last["portal"], bed.portal_url());
    assert_eq!(last["context"], "kubernetes");
    assert!(last["expires"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn an_error_in_json_has_every_field() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed)
        .words(&["--log-format", "json"])
        .variable("DOORWARD_PASSWORD", "wrong");

    let outcome = program.run().ends_with(11);

    let messages = outcome.messages();
    let [error] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(error["kind"], "Rejected");
    assert_eq!(error["exit_code"], 11);
    assert!(error["message"].is_string());
    assert_eq!(error["portal"], bed.portal_url());
    assert_eq!(error["idp"], bed.okta_url());
    assert_eq!(error["adapter"], "okta");
    assert!(error["request_id"].is_string());
    assert_eq!(error["retry_after"], Value::Null);
    assert!(error.as_object().unwrap().contains_key("hint"));
    let trail = error["trail"].as_array().unwrap();
    assert_eq!(trail.len(), bed.seen().len());
    assert_eq!(trail[0]["method"], "GET");
    assert_eq!(trail[0]["status"], 302);
    assert!(trail[0]["ms"].is_number());
}

#[test]
fn a_server_that_asks_to_wait_is_quoted() {
    let fault = Fault::new(PORTAL_HOST, "/k8stoken", Trouble::BadGateway).times(9);
    let bed = Testbed::builder().fault(fault).start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--log-format", "json"])
        .run()
        .ends_with(20);

    assert_eq!(outcome.messages()[0]["kind"], "Unavailable");
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 0);
}

#[test]
fn an_error_is_a_block_with_its_exit_code_last() {
    let bed = Testbed::start().unwrap();
    let program = || Program::login(&bed).variable("DOORWARD_PASSWORD", "wrong");

    let outcome = program().run().ends_with(11);

    let lines: Vec<_> = outcome.stderr.lines().collect();
    assert!(lines[0].starts_with("doorward: "), "{}", outcome.stderr);
    assert!(
        lines[1..].iter().all(|line| line.starts_with("  ")),
        "{}",
        outcome.stderr
    );
    assert_eq!(*lines.last().unwrap(), "  Rejected, exit code 11");
    assert!(!outcome.stderr.contains("  trail:"));
    assert_eq!(outcome.stdout, "");
    assert!(
        program()
            .words(&["-v"])
            .run()
            .ends_with(11)
            .stderr
            .contains("  trail:\n     1 GET")
    );
    assert!(
        !program()
            .words(&["-q"])
            .run()
            .ends_with(11)
            .stderr
            .is_empty()
    );
}

#[test]
fn the_home_folders_file_is_warned_of_under_ci_only() {
    let bed = Testbed::start().unwrap();
    let warns = |program: Program| {
        program
            .run()
            .ends_with(0)
            .stderr
            .contains("warning: the kubeconfig goes into the home")
    };

    assert!(warns(Program::login(&bed).variable("CI", "true")));
    assert!(!warns(Program::login(&bed).variable("CI", "false")));
    assert!(!warns(Program::login(&bed)));
    assert!(!warns(
        Program::login(&bed)
            .variable("CI", "true")
            .words(&["--kubeconfig", "mine"])
    ));
    assert!(!warns(
        Program::login(&bed)
            .variable("CI", "true")
            .variable("KUBECONFIG", "mine")
    ));
    assert!(!warns(
        Program::login(&bed)
            .variable("CI", "true")
            .words(&["-o", "none"])
    ));
}

#[test]
fn a_path_after_idp_url_is_ignored_with_a_note() {
    let bed = Testbed::start().unwrap();
    let url = format!("{}/oauth2/v1/authorize", bed.okta_url());
    let program = Program::login_at(&bed, &bed.portal_url())
        .words(&["--username", USER, "--idp-url", &url, "-o", "none"])
        .variable("DOORWARD_PASSWORD", PASSWORD);

    let outcome = program.run().ends_with(0);

    assert!(
        outcome
            .stderr
            .starts_with("doorward: note: the path after --idp-url"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("/oauth2"));
}
