//! `login`: a whole login through the portal and its provider, and each way in which it can end badly.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use doorward_testkit::{
    OKTA_HOST, PASSWORD, PORTAL_HOST, PortalIdp, PortalSwitches, Testbed, TlsSwitch, USER,
};

use crate::program::{Program, addresses};

fn passwords_sent(bed: &Testbed) -> usize {
    bed.count(OKTA_HOST, "/api/v1/authn")
}

#[test]
fn a_password_login_writes_the_kubeconfig() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed)
        .words(&["--kubeconfig", "new/folder/ci.kubeconfig"])
        .words(&["--user-auth", "auth-provider"]);

    let outcome = program.run().ends_with(0);

    assert_eq!(outcome.stdout, "new/folder/ci.kubeconfig\n");
    let path = outcome.home().join("new/folder/ci.kubeconfig");
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let kubeconfig = outcome.read("new/folder/ci.kubeconfig");
    for line in [
        "current-context: kubernetes".to_owned(),
        format!("server: {}", bed.api_url()),
        format!("idp-issuer-url: {}/auth/idp/k8sIdp", bed.portal_url()),
        "client-id: kubernetes".to_owned(),
    ] {
        assert!(kubeconfig.contains(&line), "{line}");
    }
    assert_eq!(passwords_sent(&bed), 1);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn everything_can_come_from_variables() {
    let bed = Testbed::start().unwrap();
    let program = Program::new(&["login"]);
    let ca = program.file("ca.pem", bed.ca_pem());

    let outcome = program
        .variable("DOORWARD_PORTAL", bed.portal_url())
        .variable("DOORWARD_IDP", "okta")
        .variable(
            "DOORWARD_IDP_URL",
            format!("\n{}\n{}\n", bed.okta_url(), bed.okta_custom_url()),
        )
        .variable("DOORWARD_VIA", "")
        .variable("DOORWARD_USERNAME", USER)
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .variable("DOORWARD_CA_FILE", ca)
        .variable("DOORWARD_CA_ONLY", "yes")
        .variable("DOORWARD_RESOLVE", addresses(&bed).join("\n"))
        .variable("DOORWARD_TIMEOUT", "1m")
        .variable("DOORWARD_KUBECONFIG", "mine")
        .variable("DOORWARD_NAMESPACE", "ci")
        .variable("DOORWARD_OUTPUT", "none")
        .run()
        .ends_with(0);

    assert_eq!(outcome.stdout, "");
    assert!(outcome.read("mine").contains("namespace: ci"));
}

#[test]
fn a_wrong_password_is_rejected_after_one_attempt() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed).variable("DOORWARD_PASSWORD", "wrong-canary");

    let outcome = program.run().ends_with(11);

    assert_eq!(passwords_sent(&bed), 1);
    assert_eq!(outcome.stdout, "");
    assert!(!outcome.stderr.contains("canary"));
    assert!(!outcome.home().join(".kube/config").exists());
}

#[test]
fn a_provider_that_nobody_named_gets_no_password() {
    let bed = Testbed::start().unwrap();
    let program = Program::login_at(&bed, &bed.portal_url())
        .words(&["--username", USER])
        .variable("DOORWARD_PASSWORD", PASSWORD);

    let outcome = program.run().ends_with(14);

    assert_eq!(passwords_sent(&bed), 0);
    assert!(
        outcome
            .stderr
            .contains(&format!("--idp-url {}", bed.okta_url())),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_portals_own_form_needs_no_named_provider() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();
    let program = Program::login_at(&bed, &bed.portal_url())
        .words(&["--username", USER, "--idp", "openunison", "-o", "token"])
        .variable("DOORWARD_PASSWORD", PASSWORD);

    program.run().ends_with(0);
}

#[test]
fn a_page_for_another_adapter_is_recognized_by_none() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--idp", "openunison", "--idp", "openunison"])
        .run()
        .ends_with(15);

    assert_eq!(passwords_sent(&bed), 0);
    assert!(outcome.stderr.contains("NoAdapter, exit code 15"));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_named() {
    let bed = Testbed::builder()
        .tls(TlsSwitch::Untrusted)
        .start()
        .unwrap();

    let outcome = Program::login(&bed).run().ends_with(10);

    for part in ["issuer", "--ca-file"] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
    let digest = outcome
        .stderr
        .split([' ', ',', '(', ')', '\n'])
        .any(|word| {
            let digits = word.chars().filter(char::is_ascii_hexdigit).count();
            digits == 64 && word.chars().all(|c| c.is_ascii_hexdigit() || c == ':')
        });
    assert!(digest, "{}", outcome.stderr);
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn a_portal_that_cannot_be_reached_is_a_transport_error() {
    // A port that was free a moment ago, and that nobody listens at.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("https://portal.test:{port}");
    let entry = format!("portal.test:{port}:127.0.0.1");
    let words = [
        "login",
        "--portal",
        &url,
        "--resolve",
        &entry,
        "--username",
        "ci",
        "-o",
        "none",
        "--timeout",
        "20s",
    ];
    let program = Program::new(&words).variable("DOORWARD_PASSWORD", "canary");

    let outcome = program.run().ends_with(21);

    assert!(outcome.stderr.contains("portal.test"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("canary"));
}

#[test]
fn a_login_has_a_deadline() {
    let slow = PortalSwitches {
        slow_callback: std::time::Duration::from_secs(60),
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(slow).start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--timeout", "1"])
        .run()
        .ends_with(21);

    assert!(outcome.stderr.contains("--timeout"), "{}", outcome.stderr);
}

#[test]
fn a_user_whom_the_portal_refuses_is_denied() {
    let refuse = PortalSwitches {
        refuse: true,
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(refuse).start().unwrap();

    Program::login(&bed).run().ends_with(17);
}

#[test]
fn a_chooser_lists_its_labels_until_one_is_chosen() {
    let chooser = PortalSwitches {
        chooser: vec!["Staff".into(), "Robots".into()],
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(chooser).start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(10);
    assert!(
        outcome.stderr.contains("Staff") && outcome.stderr.contains("--login-option"),
        "{}",
        outcome.stderr
    );
    Program::login(&bed)
        .variable("DOORWARD_LOGIN_OPTION", "Staff")
        .run()
        .ends_with(0);
}

#[test]
fn terms_are_accepted_only_on_request() {
    let terms = PortalSwitches {
        terms: true,
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(terms).start().unwrap();

    Program::login(&bed).run().ends_with(12);
    Program::login(&bed)
        .words(&["--accept-terms"])
        .run()
        .ends_with(0);
}

#[test]
fn a_server_that_is_not_allowed_is_an_unsafe_command() {
    let server = PortalSwitches {
        server: Some("http://k8sapi.example.test".into()),
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(server).start().unwrap();

    Program::login(&bed).run().ends_with(19);
    Program::login(&bed)
        .words(&["--allow-http"])
        .run()
        .ends_with(0);
}

#[test]
fn no_login_is_spent_on_a_file_that_cannot_be_written() {
    let bed = Testbed::start().unwrap();
    let broken = "clusters: [\n";
    let program = Program::login(&bed).words(&["--kubeconfig", "mine"]);
    program.file("mine", broken);
    let outcome = program.run().ends_with(22);
    assert_eq!(outcome.read("mine"), broken);

    let program = Program::login(&bed).words(&["--kubeconfig", "a-file/mine"]);
    program.file("a-file", "");
    program.run().ends_with(22);

    Program::login(&bed)
        .variable("HOME", "")
        .run()
        .ends_with(10);
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn wrong_settings_make_no_request() {
    let bed = Testbed::start().unwrap();
    for words in [
        &["--idp-url", "http://acme.okta.test"][..],
        &["--via", "https://ci:canary@acme.okta.test"],
        &["--resolve", "nonsense"],
        &["--ca-file", "nowhere.pem"],
        &["--user-agent", "a\nb"],
    ] {
        let outcome = Program::login(&bed).words(words).run().ends_with(10);
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    }
    let portal =
        Program::login_at(&bed, "https://ci:canary@portal.test").words(&["--log-format", "json"]);
    assert!(!portal.run().ends_with(10).stderr.contains("canary"));
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn a_second_login_brings_the_first_up_to_date() {
    let bed = Testbed::start().unwrap();
    let first = Program::login(&bed)
        .words(&["--kubeconfig", "mine", "--user-auth", "auth-provider"])
        .run()
        .ends_with(0)
        .read("mine");
    let program =
        Program::login(&bed).words(&["--kubeconfig", "mine", "--user-auth", "auth-provider"]);
    program.file("mine", &first);

    let second = program.run().ends_with(0).read("mine");

    assert_eq!(second.lines().count(), first.lines().count());
    assert_ne!(second, first);
    assert_eq!(bed.count(PORTAL_HOST, "/k8stoken/token/user"), 4);
}
