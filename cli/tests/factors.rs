//! Second factors: where their secrets come from, what a profile keeps of them, and what nobody gets to see.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use doorward::passkey::Binary;
use doorward_testkit::{
    OKTA_HOST, OktaFactor, OktaSwitches, OrgFactor, PASSWORD, PushAnswer, Testbed, USER,
};
use serde_json::{Value, json};

use crate::job::{CACHE, Job, PROFILES};
use crate::program::{Home, Outcome, Program};

/// A login at a portal that does not exist: it must end before that is noticed
fn nowhere() -> Program {
    Program::new(&["login", "--portal", "portal.invalid", "--username", "ci"])
        .words(&["-o", "none"])
        .variable("DOORWARD_PASSWORD", PASSWORD)
}

fn add(home: &Home, words: &[&str]) -> Program {
    Program::in_home(home, &["profile", "add", "p", "--portal", "portal.test"])
        .words(&["--username", "ci"])
        .words(words)
}

fn profile(outcome: &Outcome) -> Value {
    let json = outcome.read(&format!("{PROFILES}/p.json"));
    serde_json::from_str(&json).unwrap()
}

#[test]
fn a_wrong_factor_or_a_second_source_is_a_usage_error() {
    for words in [
        &["--factor", "fax"][..],
        &["--factor", "totp:"],
        &["--totp-seed-file", "a", "--totp-seed-command", "b"],
        &[
            "--security-answer-file",
            "a",
            "--security-answer-command",
            "b",
        ],
        &["--passkey-file", "a", "--passkey-command", "b"],
        &["--totp-seed-file", "-", "--passkey-file", "-"],
        &["--password-file", "-", "--security-answer-file", "-"],
        &["--totp-seed", "canary"],
        &["--passkey=canary"],
        &["--security-answer", "canary"],
    ] {
        let outcome = nowhere().words(words).run().ends_with(2);

        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    }
    for name in ["TOTP_SEED", "SECURITY_ANSWER", "PASSKEY"] {
        let (itself, command) = (
            format!("DOORWARD_{name}"),
            format!("DOORWARD_{name}_COMMAND"),
        );
        let program = nowhere().variable(&itself, "canary");
        let outcome = program.variable(&command, "canary").run().ends_with(2);

        let both = format!("{itself} and {command}");
        assert!(outcome.stderr.contains(&both), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    }
}

#[test]
fn a_wrong_factor_of_a_variable_is_told_with_the_kinds() {
    let outcome = nowhere()
        .variable("DOORWARD_FACTOR", "totp\nfax")
        .run()
        .ends_with(2);

    for part in [
        "fax",
        "webauthn",
        "the value is that of the variable DOORWARD_FACTOR",
    ] {
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
}

#[test]
fn the_help_has_a_heading_for_second_factors() {
    for words in [
        &["login", "--help"][..],
        &["credential", "--help"],
        &["profile", "add", "--help"],
        &["kubeconfig", "use-exec", "--help"],
    ] {
        let help = Program::new(words).run().ends_with(0).stdout;

        assert!(help.contains("Second factors:"), "{words:?}");
        for name in ["FACTOR", "TOTP_SEED", "SECURITY_ANSWER", "PASSKEY"] {
            assert!(help.contains(&format!("DOORWARD_{name}")), "{name}");
        }
    }
}

#[test]
fn a_profile_keeps_where_the_secrets_come_from_and_none_of_them() {
    let home = Home::new();
    let program = add(
        &home,
        &[
            "--factor",
            "totp:Google",
            "--code-command",
            "bin/codes 'a b'",
        ],
    );
    let outcome = program
        .variable("DOORWARD_FACTOR", "sms")
        .variable("DOORWARD_TOTP_SEED", "canary")
        .variable("DOORWARD_SECURITY_ANSWER_COMMAND", "vault read answer")
        .variable("DOORWARD_PASSKEY_FILE", "passkey")
        .run()
        .ends_with(0);

    let kept = profile(&outcome);
    let here = home.path().to_str().unwrap();
    assert_eq!(kept["factor"], json!(["totp:Google"]));
    assert_eq!(kept["totp-seed"], json!({"variable": "DOORWARD_TOTP_SEED"}));
    let command = format!("{here}/bin/codes 'a b'");
    assert_eq!(kept["code-command"], command);
    let answer = json!({"command": "vault read answer"});
    assert_eq!(kept["security-answer"], answer);
    let passkey = json!({"file": format!("{here}/passkey")});
    assert_eq!(kept["passkey"], passkey);
    assert!(!kept.to_string().contains("canary"));

    let export = Program::in_home(&home, &["profile", "export", "p"]).run();
    let copy = Program::in_home(&home, &["profile", "import", "q"]).input(export.stdout);
    let copied = copy.run().ends_with(0).read(&format!("{PROFILES}/q.json"));
    assert_eq!(serde_json::from_str::<Value>(&copied).unwrap(), kept);
    let shown = Program::in_home(&home, &["profile", "show", "p"]).run();
    assert!(
        shown
            .stdout
            .contains("totp-seed        variable DOORWARD_TOTP_SEED")
    );
}

#[test]
fn a_profile_of_a_factor_that_there_is_not_is_refused() {
    let home = Home::new();
    let json = json!({"portal": "https://portal.test/", "username": "ci", "factor": ["fax"]});

    let import = Program::in_home(&home, &["profile", "import", "p"]).input(json.to_string());
    let outcome = import.run().ends_with(10);

    assert!(outcome.stderr.contains("webauthn"), "{}", outcome.stderr);
}

#[test]
fn a_login_by_profile_takes_no_factor_of_an_option() {
    let home = Home::new();
    add(&home, &[]).run().ends_with(0);

    for words in [
        ["--factor", "totp"],
        ["--totp-seed-file", "x"],
        ["--passkey-command", "x"],
        ["--code-command", "x"],
    ] {
        let login = Program::in_home(&home, &["login", "--profile", "p"]).words(&words);
        let outcome = login.run().ends_with(2);
        assert!(outcome.stderr.contains(words[0]), "{}", outcome.stderr);
    }
}

#[test]
fn a_secret_that_is_not_there_ends_a_login_before_any_request() {
    let home = Home::new();
    add(&home, &[])
        .variable("DOORWARD_TOTP_SEED", "JBSWY3DPEHPK3PXP")
        .run()
        .ends_with(0);

    let login = Program::in_home(&home, &["login", "--profile", "p"])
        .variable("DOORWARD_PASSWORD", PASSWORD);
    let outcome = login.run().ends_with(10);

    let told = "the TOTP seed comes from DOORWARD_TOTP_SEED, which is not set here";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
}

#[test]
fn a_passkey_is_read_before_any_request_and_never_shown() {
    let program = nowhere().words(&["--passkey-file", "key"]);
    let path = program.file("key", "canary\n");
    let outcome = program.run().ends_with(10);
    assert!(
        outcome.stderr.contains("the passkey cannot be used"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);

    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let program = nowhere().words(&["--passkey-file", "key"]);
    let path = program.file("key", "canary\n");
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    let outcome = program.run().ends_with(10);
    assert!(
        outcome.stderr.contains("--allow-shared-files"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_login_that_needs_no_factor_reads_no_seed_and_asks_no_command() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed).words(&[
        "--totp-seed-command",
        "touch seed",
        "--code-command",
        "touch code",
        "--security-answer-command",
        "touch answer",
    ]);

    let outcome = program.run().ends_with(0);

    for name in ["seed", "code", "answer"] {
        assert!(!outcome.home().join(name).exists(), "{name}");
    }
}

fn asking(factors: &[&OktaFactor]) -> Testbed {
    let switches = OktaSwitches {
        org_factor: OrgFactor::Always,
        ..OktaSwitches::default()
    };
    let enrolled = factors
        .iter()
        .fold(Testbed::builder().okta(switches), |builder, factor| {
            builder.enroll(USER, factor)
        });
    enrolled.start().unwrap()
}

/// What a login leaves behind, as one text
fn kept(home: &Home) -> String {
    let in_folder = |folder: &'static str| {
        let names = home.list(folder).into_iter();
        names.map(move |name| format!("{folder}/{name}"))
    };
    let files = in_folder(CACHE).chain(in_folder(PROFILES));
    let texts = files.chain([".kube/config".to_owned()]);
    texts.map(|name| home.read(&name)).collect()
}

#[test]
fn a_seed_answers_and_stays_unseen() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = asking(&[&OktaFactor::sms(), &totp]);
    let home = Home::new();
    let seed = totp.seed().unwrap();

    let login = Program::login_in(&home, &bed).words(&["-vv"]);
    let outcome = login
        .variable("DOORWARD_TOTP_SEED", &seed)
        .run()
        .ends_with(0);

    assert!(!outcome.stderr.contains(&seed), "{}", outcome.stderr);
    assert!(!kept(&home).contains(&seed));
    let counts = bed.factor_counts();
    assert_eq!((counts.sent, counts.wrong, counts.replayed), (0, 0, 0));
    // Beside the token and its lock: which codes were used.
    let used = |home: &Home| home.list(CACHE).len();
    assert!(used(&home) > 1, "{:?}", home.list(CACHE));

    let apart = Home::new();
    let bed = asking(&[&totp]);
    let program = Program::login_in(&apart, &bed).words(&["--no-cache"]);
    program
        .variable("DOORWARD_TOTP_SEED", &seed)
        .run()
        .ends_with(0);
    assert_eq!(used(&apart), 0);
}

#[test]
fn the_first_factor_that_is_preferred_and_configured_is_taken() {
    let (totp, question) = (
        OktaFactor::totp("OKTA"),
        OktaFactor::question("Who?", "canary"),
    );
    let bed = asking(&[&totp, &question]);
    let program = Program::login(&bed).words(&[
        "--factor",
        "sms",
        "--factor",
        "question",
        "--factor",
        "totp",
        "--security-answer-command",
        "cat answer",
        "--totp-seed-command",
        "touch seed",
    ]);
    program.file("answer", "canary\n");

    let outcome = program.run().ends_with(0);

    assert_eq!(bed.factor_counts().verifies, 1);
    assert!(!outcome.home().join("seed").exists());
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
}

#[test]
fn a_command_gives_the_code_that_was_sent() {
    let codes = OktaFactor::codes("token:hardware", "YUBICO", &["canary-1"]);
    let bed = asking(&[&codes]);
    let program = Program::login(&bed).words(&[
        "--code-command",
        "sh -c 'echo \"$DOORWARD_FACTOR\" >wanted; echo canary-1'",
    ]);

    let outcome = program.run().ends_with(0);

    assert!(
        outcome.read("wanted").starts_with("hotp"),
        "{}",
        outcome.read("wanted")
    );
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
}

#[test]
fn a_plug_in_answers_by_what_the_profile_says() {
    let codes = OktaFactor::codes("token:hardware", "YUBICO", &["canary-1", "canary-2"]);
    let home = Home::new();
    let bed = asking(&[&codes]);
    home.file("codes", "canary-1\ncanary-2\n");
    let next = "sh -c 'echo >>asked; sed -n \"$(wc -l <asked)p\" codes'";
    Program::login_in(&home, &bed)
        .words(&["--code-command", next])
        .run()
        .ends_with(0);
    let job = Job { bed, home };
    job.expire();
    job.forget_refresh_token();

    let outcome = job.credential_with_password().run().ends_with(0);

    assert_eq!((job.passwords(), job.bed.factor_counts().wrong), (2, 0));
    assert_eq!(job.home.read("asked"), "\n\n");
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
}

#[test]
fn nobody_is_asked_where_there_is_no_terminal() {
    let bed = asking(&[&OktaFactor::sms()]);

    let outcome = Program::login(&bed).input("123456\n").run().ends_with(13);

    assert_eq!(bed.factor_counts().sent, 0);
    assert!(
        outcome.stderr.contains("--code-command"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_passkey_that_was_enrolled_answers() {
    let home = Home::new();
    let options = json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "rp": {"id": OKTA_HOST, "name": "Acme"},
        "user": {"id": "Y2ktYm90", "name": USER, "displayName": "CI"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    });
    let origin = format!("https://{OKTA_HOST}");
    let enroll = Program::in_home(&home, &["passkey", "enroll", "--out", "key"])
        .words(&["--origin", &origin])
        .input(options.to_string());
    let answer: Value = serde_json::from_str(&enroll.run().ends_with(0).stdout).unwrap();
    let bytes = |value: &Value| Binary::from_base64url(value.as_str().unwrap()).unwrap();
    let (id, key) = (
        bytes(&answer["id"]),
        bytes(&answer["response"]["publicKey"]),
    );
    let bed = asking(&[&OktaFactor::webauthn(id.as_bytes(), key.as_bytes())]);

    let login = Program::login_in(&home, &bed);
    let secret = home.read("key");
    login
        .variable("DOORWARD_PASSKEY", &secret)
        .run()
        .ends_with(0);
    let by_file = Program::login_in(&home, &bed).words(&["--passkey-file", "key"]);
    by_file.run().ends_with(0);

    assert_eq!(bed.factor_counts().wrong, 0);
    let key = secret
        .lines()
        .find(|line| line.len() > 40 && !line.contains(':'));
    assert!(!kept(&home).contains(key.unwrap()));
}

#[test]
fn a_push_is_sent_by_request_only_and_told_to_the_ci_system() {
    let push = OktaFactor::push(PushAnswer::Approved, 0);
    let bed = asking(&[&push]);

    Program::login(&bed).run().ends_with(13);
    assert_eq!(bed.factor_counts().pushes, 0);

    let outcome = Program::login(&bed)
        .words(&["--factor", "push", "--log-format", "json", "--force"])
        .variable("GITHUB_ACTIONS", "true")
        .run()
        .ends_with(0);

    let told = "approve the request on the phone";
    let (commands, lines): (Vec<&str>, Vec<&str>) = outcome
        .stderr
        .lines()
        .partition(|line| line.starts_with("::"));
    let [command] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    assert!(
        command.starts_with(&format!("::notice title=doorward::{told}")),
        "{command}"
    );
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let action = lines.iter().find(|line| line["level"] == "action").unwrap();
    assert!(action["message"].as_str().unwrap().starts_with(told));
    assert!(action["push"].is_string());
}
