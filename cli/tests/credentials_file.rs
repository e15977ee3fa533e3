//! `--credentials-file`: who signs in where, and no secret in the file itself.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use doorward_testkit::{
    Answer, Ask, CodeRequest, IdpDouble, OKTA_HOST, OktaFactor, OktaSwitches, OrgFactor, PASSWORD,
    Person, RelyingParty, SignOn, Testbed, USER, World,
};
use serde_json::{Value, json};

use crate::job::{CACHE, PROFILES};
use crate::program::{Home, Outcome, Program};

const REALMS: &str = "realms.test";

/// Two realms of one host, each with a user of its own; the portal's one leads on to the partner's
struct Realms;

impl IdpDouble for Realms {
    fn sites(&self) -> Vec<String> {
        vec![REALMS.to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        SignOn::Oidc {
            authorize: format!("{}/realms/corp/auth", world.origin(REALMS)),
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        let form = Answer::html(
            200,
            r#"<form method="post" action=""><input name="user"><input name="pwd" type="password"></form>"#,
        );
        let state = ask.query("state").unwrap_or_default().replace('=', "%3D");
        let sent = ["user", "pwd"].map(|field| ask.field(field).unwrap_or_default());
        match (ask.method(), ask.path(), [sent[0].as_str(), &sent[1]]) {
            ("POST", "/realms/corp/auth", ["ci", CORP_PASSWORD]) => {
                Answer::redirect(format!("/realms/partner/auth?state={state}"))
            }
            ("POST", "/realms/partner/auth", ["ext", PARTNER_PASSWORD]) => {
                let portal = world.origin(doorward_testkit::PORTAL_HOST);
                Answer::redirect(format!("{portal}/auth/oidc?code=good&state={state}"))
            }
            _ => form,
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        (request.code == "good").then(|| Person::new(USER, PASSWORD))
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

const CORP_PASSWORD: &str = "canary-corp";
const PARTNER_PASSWORD: &str = "canary-partner";

fn realms() -> Testbed {
    let builder = Testbed::builder().idp_double(Box::new(Realms));
    builder.start().unwrap()
}

/// The file for both realms; the passwords come from a file beside it, and by `partner`
fn two_tables(bed: &Testbed, partner: &str) -> String {
    let origin = bed.url(REALMS);
    format!(
        "[\"{origin}/realms/corp\"]\nusername = \"ci\"\npassword-file = \"corp.password\"\n\n\
         [\"{origin}/realms/partner/\"]\nusername = \"ext\"\n{partner}\n"
    )
}

/// A home folder with the file, and the password of realm corp
fn home_with(content: &str) -> Home {
    let home = Home::new();
    let file = home.file("ci/credentials.toml", content);
    // There is no secret in it.
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    home.file("ci/corp.password", &format!("{CORP_PASSWORD}\n"));
    home
}

fn login(home: &Home, bed: &Testbed) -> Program {
    Program::in_home(
        home,
        &["login", "--credentials-file", "ci/credentials.toml"],
    )
    .portal(bed, &bed.portal_url())
}

fn posts(bed: &Testbed) -> Vec<String> {
    let seen = bed.seen().into_iter();
    let posts = seen.filter(|seen| seen.host == REALMS && seen.method == "POST");
    posts.map(|seen| seen.path).collect()
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

/// The error of a login at a portal that does not exist, which must end before that is noticed
fn refused(content: &str) -> Outcome {
    let home = home_with(content);
    let program = Program::in_home(&home, &["login", "--portal", "portal.invalid"]).words(&[
        "--credentials-file",
        "ci/credentials.toml",
        "-o",
        "none",
    ]);
    let outcome = program.run().ends_with(10);
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    outcome
}

#[test]
fn a_login_through_two_realms_needs_no_user_and_no_provider_besides_the_file() {
    for partner in [
        "password-env = \"PARTNER_PASSWORD\"",
        "password-file = \"partner.password\"",
        "password-command = \"printf %s canary-partner\"",
    ] {
        let bed = realms();
        let home = home_with(&two_tables(&bed, partner));
        home.file("ci/partner.password", PARTNER_PASSWORD);

        let outcome = login(&home, &bed)
            .words(&["-vv"])
            .variable("PARTNER_PASSWORD", PARTNER_PASSWORD)
            .run()
            .ends_with(0);

        assert_eq!(posts(&bed), ["/realms/corp/auth", "/realms/partner/auth"]);
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
        assert!(!kept(&home).contains("canary-corp"));
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[test]
fn a_profile_keeps_the_path_and_the_users_and_logs_in_anew() {
    let bed = realms();
    let home = home_with(&two_tables(&bed, "password-env = \"PARTNER_PASSWORD\""));
    let with_password = |program: Program| program.variable("PARTNER_PASSWORD", PARTNER_PASSWORD);
    with_password(login(&home, &bed)).run().ends_with(0);

    let text = home.read(&format!("{PROFILES}/kubernetes.json"));
    let profile: Value = serde_json::from_str(&text).unwrap();
    let origin = bed.url(REALMS);
    let path = home.join("ci/credentials.toml");
    assert_eq!(profile["credentials-file"], path.to_str().unwrap());
    let users = json!({
        format!("{origin}/realms/corp"): "ci",
        format!("{origin}/realms/partner"): "ext",
    });
    assert_eq!(profile["credentials-users"], users);
    assert!(
        profile["password"].is_null() && !text.contains("canary"),
        "{text}"
    );

    let anew = |words: &[&str]| with_password(Program::in_home(&home, words));
    anew(&["credential", "--profile", "kubernetes", "--no-cache"])
        .run()
        .ends_with(0);
    assert_eq!(posts(&bed).len(), 4);

    let export = anew(&["profile", "export", "kubernetes"])
        .run()
        .ends_with(0);
    let import = anew(&["profile", "import", "copy"]).input(export.stdout);
    import.run().ends_with(0);
    // The tokens are those of the same login, and need no file.
    fs::remove_file(&path).unwrap();
    anew(&["credential", "--profile=copy"]).run().ends_with(0);
    assert_eq!(posts(&bed).len(), 4);
    let gone = anew(&["credential", "--profile", "copy", "--no-cache"]).run();
    let gone = gone.ends_with(10);
    assert!(gone.stderr.contains("credentials.toml"), "{}", gone.stderr);
}

#[test]
fn a_profile_is_for_the_users_that_it_was_made_with() {
    let bed = realms();
    let tables = two_tables(&bed, "password-env = \"PARTNER_PASSWORD\"");
    let home = home_with(&tables);
    Program::in_home(
        &home,
        &["profile", "add", "p", "--portal", &bed.portal_url()],
    )
    .words(&["--credentials-file", "ci/credentials.toml"])
    .run()
    .ends_with(0);
    home.file(
        "ci/credentials.toml",
        &tables.replace("\"ext\"", "\"other\""),
    );

    let program = Program::in_home(&home, &["credential", "--profile", "p"]);
    let outcome = program.run().ends_with(10);

    let told = "the users of the credentials file are not those of the profile";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    let again = Program::in_home(
        &home,
        &["profile", "add", "p", "--portal", &bed.portal_url()],
    )
    .words(&["--credentials-file", "ci/credentials.toml"]);
    let outcome = again.run().ends_with(10);
    assert!(outcome.stderr.contains("another portal, provider or user"));
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn a_rejected_password_of_one_realm_is_tried_once_and_no_other_in_its_place() {
    let bed = realms();
    let home = home_with(&two_tables(&bed, "password-env = \"PARTNER_PASSWORD\""));
    home.file("ci/corp.password", "wrong");

    for _ in 0..2 {
        login(&home, &bed)
            .words(&["--context-name", "c"])
            .variable("PARTNER_PASSWORD", PARTNER_PASSWORD)
            .run()
            .ends_with(11);
    }

    assert_eq!(posts(&bed), ["/realms/corp/auth"]);
}

#[test]
fn a_secret_of_a_provider_that_does_not_ask_is_not_read() {
    let bed = Testbed::start().unwrap();
    let tables = format!(
        "[\"{}\"]\nusername = \"{USER}\"\npassword-env = \"OKTA_PASSWORD\"\ntotp-seed-command = \"touch seed\"\n\
         [\"https://other.test/a\"]\nusername = \"x\"\npassword-command = \"touch password\"\n\
         [\"https://other.test/b\"]\nusername = \"y\"\npassword-env = \"NOT_SET\"\n",
        bed.okta_url()
    );
    let home = home_with(&tables);

    // The file may come by its variable, and the user name of another login be set.
    let outcome = Program::in_home(&home, &["login", "-o", "none"])
        .portal(&bed, &bed.portal_url())
        .variable("DOORWARD_CREDENTIALS_FILE", "ci/credentials.toml")
        .variable("DOORWARD_USERNAME", "somebody")
        .variable("OKTA_PASSWORD", PASSWORD)
        .run()
        .ends_with(0);

    for name in ["password", "seed"] {
        assert!(!outcome.home().join(name).exists(), "{name}");
    }
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);
}

#[test]
fn a_table_has_a_seed_of_its_own() {
    let totp = OktaFactor::totp("GOOGLE");
    let seed = totp.seed().unwrap();
    let switches = OktaSwitches {
        org_factor: OrgFactor::Always,
        ..OktaSwitches::default()
    };
    let builder = Testbed::builder().okta(switches).enroll(USER, &totp);
    let bed = builder.start().unwrap();
    let home = home_with(&format!(
        "[\"{}\"]\nusername = \"{USER}\"\npassword-env = \"OKTA_PASSWORD\"\ntotp-seed-file = \"seed\"\n",
        bed.okta_url()
    ));
    home.file("ci/seed", &seed);

    let outcome = login(&home, &bed)
        .words(&["-vv"])
        .variable("OKTA_PASSWORD", PASSWORD)
        .run()
        .ends_with(0);

    let left = format!("{}{}", outcome.stderr, kept(&home));
    assert!(!left.contains(&seed) && !left.contains(PASSWORD));
    assert_eq!(bed.factor_counts().wrong, 0);
}

#[test]
fn a_secret_in_the_file_is_refused_and_told_where_it_belongs() {
    let table = "[\"https://a.test\"]\nusername = \"ci\"\n";
    for (line, told) in [
        ("password = \"canary\"", "password-env"),
        ("totp-seed = \"canary\"", "totp-seed-env"),
        ("canary = \"canary\"", "password-file"),
        ("password: canary", "password-file"),
        ("password-env = \"canary", "password-file"),
    ] {
        let outcome = refused(&format!("{table}{line}\n"));
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("line 3"), "{}", outcome.stderr);
    }
    refused("[\"https://ci:canary@a.test\"]\nusername = \"ci\"\npassword-env = \"X_Y\"\n");
    refused("");
}

#[test]
fn a_variable_that_looks_like_a_password_is_not_shown() {
    let bed = realms();
    let home = home_with(&two_tables(&bed, "password-env = \"canary-partner\""));

    let outcome = login(&home, &bed)
        .words(&["-o", "none"])
        .run()
        .ends_with(10);

    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    assert_eq!(posts(&bed), ["/realms/corp/auth"]);
}

#[test]
fn a_credentials_file_that_others_can_write_starts_no_login() {
    let bed = realms();
    let home = home_with(&two_tables(&bed, "password-env = \"PARTNER_PASSWORD\""));
    for mode in [0o666, 0o664] {
        let path = home.join("ci/credentials.toml");
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();

        let outcome = login(&home, &bed).run().ends_with(10);

        assert!(outcome.stderr.contains("chmod go-w"), "{}", outcome.stderr);
    }
    let missing = Program::in_home(&home, &["login", "--credentials-file", "none"])
        .portal(&bed, &bed.portal_url());
    let outcome = missing.run().ends_with(10);
    assert!(
        outcome
            .stderr
            .contains("the credentials file cannot be read")
    );
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn files_with_secrets_that_others_can_read_need_the_callers_word() {
    let bed = realms();
    let home = home_with(&two_tables(
        &bed,
        "password-command = \"printf canary-partner\"",
    ));
    let open = Permissions::from_mode(0o644);
    fs::set_permissions(home.join("ci/corp.password"), open).unwrap();

    let outcome = login(&home, &bed).run().ends_with(10);
    assert!(
        outcome.stderr.contains("--allow-shared-files"),
        "{}",
        outcome.stderr
    );
    assert_eq!(posts(&bed).len(), 0);

    let shared = login(&home, &bed).words(&["--allow-shared-files", "--force"]);
    shared.run().ends_with(0);
    let later = Program::in_home(
        &home,
        &["credential", "--profile", "kubernetes", "--no-cache"],
    );
    later.run().ends_with(0);
}

#[test]
fn a_login_by_profile_takes_no_credentials_file_of_an_option() {
    let words = ["login", "--profile", "p", "--credentials-file", "x"];

    let outcome = Program::new(&words).run().ends_with(2);

    assert!(
        outcome.stderr.contains("--credentials-file"),
        "{}",
        outcome.stderr
    );
}
