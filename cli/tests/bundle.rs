//! `login --report`: a folder about a login, good or failed, with nothing secret in it.

use std::fs;

use base64_of::base64;
use doorward_testkit::{
    Fault, OKTA_HOST, PASSWORD, PORTAL_HOST, Person, Testbed, TlsSwitch, Trouble, USER,
};
use serde_json::Value;

use crate::program::{Home, Program};

mod base64_of {
    /// In the alphabet of RFC 4648; the tests have no library for it
    pub(super) fn base64(text: &str) -> String {
        const SIGNS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut packed = String::new();
        for group in text.as_bytes().chunks(3) {
            let bytes = [
                group[0],
                group.get(1).copied().unwrap_or(0),
                group.get(2).copied().unwrap_or(0),
            ];
            let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
            for at in 0..=group.len() {
                packed.push(SIGNS[(bits >> (18 - 6 * at) & 63) as usize] as char);
            }
        }
        packed
    }
}

fn login(home: &Home, bed: &Testbed) -> Program {
    Program::login_in(home, bed).words(&["--report", "why", "-o", "none"])
}

fn files(home: &Home) -> Vec<(String, String)> {
    let names = home.list("why").into_iter();
    names
        .map(|name| (name.clone(), home.read(&format!("why/{name}"))))
        .collect()
}

/// Looks for every secret of the testbed, and of the test, as it is and in some encodings
#[track_caller]
fn holds_no_secret(home: &Home, bed: &Testbed, others: &[&str]) {
    let secrets = bed.secrets();
    for (name, text) in files(home) {
        for secret in secrets
            .iter()
            .map(String::as_str)
            .chain([PASSWORD, USER])
            .chain(others.iter().copied())
        {
            // A single word may be part of any page.
            if secret.len() < 6 {
                continue;
            }
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            for form in [secret.to_owned(), base64(secret), hex] {
                assert!(
                    !text.contains(&form),
                    "{secret} as {form} in {name}:\n{text}"
                );
            }
        }
    }
}

fn facts(home: &Home) -> Value {
    serde_json::from_str(&home.read("why/report.json")).unwrap()
}

#[test]
fn a_good_login_has_a_report() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());

    let outcome = login(&home, &bed).run().ends_with(0);

    assert!(
        outcome.stderr.contains("how the login went is in why"),
        "{}",
        outcome.stderr
    );
    assert_eq!(home.list("why"), ["report.json", "report.txt", "walk.html"]);
    let facts = facts(&home);
    let fields: Vec<&String> = facts.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "doorward", "platform", "portal", "outcome", "error", "walk", "settings"
        ]
    );
    assert_eq!(
        (&facts["outcome"], &facts["error"]),
        (&"token".into(), &Value::Null)
    );
    let walk = facts["walk"].as_array().unwrap();
    assert_eq!(walk.len(), 11);
    assert!(
        walk.iter()
            .any(|hop| hop["structure"].as_str().unwrap().contains("JSON object")),
        "{walk:#?}"
    );
    assert_eq!(facts["settings"]["username"], "(set)");
    assert_eq!(facts["settings"]["idp-url"][0], bed.okta_url());
    holds_no_secret(&home, &bed, &[]);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn a_failed_login_has_a_report_at_every_kind_of_failure() {
    let fault = |host, path, trouble| Some(Fault::new(host, path, trouble).times(9));
    for (what, code, trouble, tls, password, words) in [
        (
            "wrong password",
            11,
            None,
            TlsSwitch::Trusted,
            "not the password",
            &[][..],
        ),
        (
            "portal gone",
            20,
            fault(PORTAL_HOST, "/", Trouble::BadGateway),
            TlsSwitch::Trusted,
            PASSWORD,
            &[],
        ),
        (
            "provider gone",
            20,
            fault(OKTA_HOST, "/", Trouble::Unavailable),
            TlsSwitch::Trusted,
            PASSWORD,
            &[],
        ),
        (
            "token page gone",
            20,
            Some(
                Fault::new(PORTAL_HOST, "/k8stoken", Trouble::BadGateway)
                    .nth(2)
                    .times(9),
            ),
            TlsSwitch::Trusted,
            PASSWORD,
            &[],
        ),
        ("wrong CA", 10, None, TlsSwitch::Untrusted, PASSWORD, &[]),
        (
            "locked",
            12,
            None,
            TlsSwitch::Trusted,
            PASSWORD,
            &["--username", "locked-out"],
        ),
        (
            "factor",
            13,
            None,
            TlsSwitch::Trusted,
            PASSWORD,
            &["--username", "mfa-required"],
        ),
        (
            "unknown host",
            21,
            None,
            TlsSwitch::Trusted,
            PASSWORD,
            &["--portal", "nobody.invalid"],
        ),
        (
            "wrong settings",
            10,
            None,
            TlsSwitch::Trusted,
            PASSWORD,
            &["--ca-file", "/nonexistent"],
        ),
    ] {
        let home = Home::new();
        let bed = Testbed::builder().tls(tls).start().unwrap();
        if let Some(trouble) = trouble {
            bed.add_fault(trouble);
        }
        let mut program = match words.first() {
            Some(&"--username") => Program::in_home(
                &home,
                &["login", "--report", "why", "--idp-url", &bed.okta_url()],
            )
            .portal(&bed, &bed.portal_url()),
            Some(&"--portal") => {
                Program::in_home(&home, &["login", "--report", "why", "--username", USER])
            }
            _ => login(&home, &bed),
        };
        program = program.words(words).variable("DOORWARD_PASSWORD", password);

        let outcome = program.run();

        assert_eq!(outcome.code, code, "{what}: {}", outcome.stderr);
        assert_eq!(
            home.list("why"),
            ["report.json", "report.txt", "walk.html"],
            "{what}: {}",
            outcome.stderr
        );
        let facts = facts(&home);
        assert_eq!(facts["error"]["exit_code"], code, "{what}");
        let picture = home.read("why/walk.html");
        assert!(picture.contains("class=\"fails"), "{what}: {picture}");
        assert!(
            home.read("why/report.txt")
                .contains(facts["outcome"].as_str().unwrap()),
            "{what}"
        );
        holds_no_secret(&home, &bed, &[password]);
    }
}

/// A password whose base64 has no run that would be taken for a token, and replaced
const PLANTED: &str = "???>>>???>>>";

/// A login with that password, and its base64 in a setting
fn planted(home: &Home, bed: &Testbed) -> Program {
    let packed = base64(PLANTED);
    assert_eq!(packed, "Pz8/Pj4+Pz8/Pj4+");
    Program::in_home(home, &["login", "--report", "why", "-o", "none"])
        .portal(bed, &bed.portal_url())
        .words(&[
            "--idp-url",
            &bed.okta_url(),
            "--username",
            "planted@acme.test",
            "--user-agent",
            &packed,
        ])
        .variable("DOORWARD_PASSWORD", PLANTED)
}

#[test]
fn a_report_in_which_a_secret_would_be_left_is_not_written() {
    let home = Home::new();
    let person = Person::new("planted@acme.test", PLANTED).groups(&["admins", "k8s-users"]);
    let bed = Testbed::builder().person(person).start().unwrap();

    let outcome = planted(&home, &bed).run().ends_with(10);

    assert!(
        outcome.stderr.contains("must not be in it"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("Pz8/") && !outcome.stderr.contains(PLANTED));
    assert!(!home.join("why").exists());
    // What the caller made stays, as empty as it was.
    fs::create_dir(home.join("why")).unwrap();
    planted(&home, &bed).words(&["--force"]).run().ends_with(10);
    assert_eq!(home.list("why"), Vec::<String>::new());
}

#[test]
fn the_failure_of_a_login_counts_more_than_that_of_its_report() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());

    let outcome = planted(&home, &bed).run().ends_with(11);

    assert!(
        outcome.stderr.contains("there is no report"),
        "{}",
        outcome.stderr
    );
    assert!(!home.join("why").exists());
}

#[test]
fn a_folder_that_is_not_empty_costs_no_login() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());
    home.file("why/notes", "mine");

    let outcome = login(&home, &bed).run().ends_with(10);

    assert!(outcome.stderr.contains("not empty"), "{}", outcome.stderr);
    assert_eq!(
        (bed.seen().len(), home.read("why/notes").as_str()),
        (0, "mine")
    );
}

#[test]
fn secrets_of_the_network_and_words_of_commands_are_not_in_a_report() {
    let (home, bed) = (Home::new(), Testbed::start().unwrap());
    let headers = home.file("headers", "X-Gate: header-canary-1\n");
    let program = Program::in_home(&home, &["login", "--report", "why", "-o", "none"])
        .portal(&bed, &bed.portal_url())
        .user(&bed)
        .words(&[
            "--header-file",
            headers.to_str().unwrap(),
            "--proxy",
            "none",
        ])
        .words(&["--password-command", "printf %s command-canary-2"])
        .variable("DOORWARD_PROXY_PASSWORD", "proxy-canary-3")
        .variable("HTTPS_PROXY", "http://ci:proxy-canary-4@127.0.0.1:1");

    program.run().ends_with(11);

    let canaries = [
        "header-canary-1",
        "command-canary-2",
        "proxy-canary-3",
        "proxy-canary-4",
    ];
    holds_no_secret(&home, &bed, &canaries);
    assert_eq!(facts(&home)["settings"]["password"]["command"], "printf …");
}
