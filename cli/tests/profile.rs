//! `profile`: the settings of logins, written, shown and taken elsewhere without any secret.

use std::fs;

use doorward_testkit::{PASSWORD, Testbed, USER};
use serde_json::{Value, json};

use crate::job::{CACHE, Job, PROFILES, with_password};
use crate::program::{Home, Outcome, Program};

fn add(home: &Home, name: &str, bed: &Testbed) -> Program {
    Program::in_home(home, &["profile", "add", name])
        .portal(bed, &bed.portal_url())
        .user(bed)
}

fn run(home: &Home, words: &[&str]) -> Outcome {
    Program::in_home(home, words).run()
}

fn json_of(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn a_profile_is_added_without_any_request_and_used_without_a_login() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();

    let outcome = add(&home, "prod", &bed).run().ends_with(0);

    assert_eq!(
        (outcome.stdout.as_str(), outcome.stderr.as_str()),
        ("prod\n", "")
    );
    assert_eq!(bed.seen().len(), 0);
    let program = Program::in_home(&home, &["credential", "--profile=prod"]);
    with_password(program, PASSWORD).run().ends_with(0);
    assert_eq!(bed.logins(), 1);
}

#[test]
fn the_password_itself_is_never_kept() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let password = |program: Program| {
        program.run().ends_with(0);
        let text = home.read(&format!("{PROFILES}/prod.json"));
        assert!(!text.contains("canary"));
        let folder = home.path().to_str().unwrap();
        let profile: Value = serde_json::from_str(&text).unwrap();
        profile["password"].to_string().replace(folder, "HOME")
    };

    let prod = || add(&home, "prod", &bed);
    assert_eq!(password(prod()), r#"{"variable":"DOORWARD_PASSWORD"}"#);
    assert_eq!(
        password(with_password(prod(), "canary")),
        r#"{"variable":"DOORWARD_PASSWORD"}"#
    );
    assert_eq!(
        password(prod().words(&["--password-file", "pw"])),
        r#"{"file":"HOME/pw"}"#
    );
    assert_eq!(
        password(prod().words(&["--password-command", "vault read 'a b'"])),
        r#"{"command":"vault read 'a b'"}"#
    );
}

#[test]
fn relative_files_are_found_from_any_folder() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    home.file("sub/ca.pem", bed.ca_pem());

    add(&home, "prod", &bed)
        .words(&["--ca-file", "sub/ca.pem"])
        .run()
        .ends_with(0);

    let profile: Value =
        serde_json::from_str(&home.read(&format!("{PROFILES}/prod.json"))).unwrap();
    assert_eq!(
        profile["ca-file"][1],
        home.join("sub/ca.pem").to_str().unwrap()
    );
}

#[test]
fn an_odd_name_is_told_as_it_is_now() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();

    let outcome = add(&home, "prod/eu", &bed).run().ends_with(0);

    let name = outcome.stdout.trim();
    assert!(name.starts_with("prod_eu-"), "{name}");
    assert_eq!(home.list(PROFILES), [format!("{name}.json")]);
    for name in ["prod/eu", name] {
        run(&home, &["profile", "show", name]).ends_with(0);
    }
}

#[test]
fn what_is_not_sound_is_not_kept() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    for words in [
        &["--via", "https://ci:canary@acme.okta.test"][..],
        &["--resolve", "nonsense"],
        &["--ca-file", "nowhere.pem"],
        &["--server", "nonsense"],
        &["--server", "https://ci:canary@api.test"],
    ] {
        let outcome = add(&home, "prod", &bed).words(words).run().ends_with(10);
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    let outcome = run(&home, &["profile", "add", "prod", "--username", "ci"]).ends_with(2);
    assert!(outcome.stderr.contains("--portal"), "{}", outcome.stderr);
    assert!(home.list(PROFILES).is_empty());
}

#[test]
fn a_name_is_not_taken_from_another_login() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    add(&home, "prod", &bed).run().ends_with(0);
    let before = home.read(&format!("{PROFILES}/prod.json"));

    let other = Program::in_home(&home, &["profile", "add", "prod", "--username", "other"]);
    let other = other.portal(&bed, &bed.portal_url()).run().ends_with(10);

    assert!(
        other.stderr.contains("doorward profile remove prod"),
        "{}",
        other.stderr
    );
    assert_eq!(home.read(&format!("{PROFILES}/prod.json")), before);
    add(&home, "prod", &bed)
        .words(&["--timeout", "5m"])
        .run()
        .ends_with(0);
    assert!(
        home.read(&format!("{PROFILES}/prod.json"))
            .contains(r#""timeout": 300"#)
    );
}

#[test]
fn an_exported_profile_is_imported_as_it_was() {
    let bed = Testbed::start().unwrap();
    let (here, there) = (Home::new(), Home::new());
    add(&here, "prod", &bed)
        .words(&[
            "--server",
            "https://k8s.test",
            "--timeout",
            "5m",
            "--accept-terms",
        ])
        .run()
        .ends_with(0);

    let exported = run(&here, &["profile", "export", "prod"])
        .ends_with(0)
        .stdout;
    assert_eq!(exported, here.read(&format!("{PROFILES}/prod.json")));
    let import =
        Program::in_home(&there, &["profile", "import", "elsewhere"]).input(exported.as_str());
    assert_eq!(import.run().ends_with(0).stdout, "elsewhere\n");
    there.file("profile.json", &exported);
    run(&there, &["profile", "import", "by-file", "profile.json"]).ends_with(0);

    for name in ["elsewhere", "by-file"] {
        assert_eq!(
            run(&there, &["profile", "export", name])
                .ends_with(0)
                .stdout,
            exported
        );
    }
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn an_imported_profile_that_names_no_password_takes_the_variable() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    add(&home, "prod", &bed).run().ends_with(0);
    let exported = run(&home, &["profile", "export", "prod"]).ends_with(0);
    let mut profile = json_of(&exported);
    profile.as_object_mut().unwrap().remove("password");
    let import = Program::in_home(&home, &["profile", "import", "bare"]);
    import.input(profile.to_string()).run().ends_with(0);
    let credential = || Program::in_home(&home, &["credential", "--profile=bare"]);

    let without = credential().run().ends_with(10);
    assert!(
        without.stderr.contains("DOORWARD_PASSWORD"),
        "{}",
        without.stderr
    );
    with_password(credential(), PASSWORD).run().ends_with(0);

    profile.as_object_mut().unwrap().remove("username");
    let import = Program::in_home(&home, &["profile", "import", "nobody"]);
    import.input(profile.to_string()).run().ends_with(0);
    let nobody = Program::in_home(&home, &["credential", "--profile=nobody"]);
    let outcome = with_password(nobody, PASSWORD).run().ends_with(10);
    assert!(
        outcome.stderr.contains("doorward profile add"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn what_is_no_profile_is_not_imported() {
    let home = Home::new();
    for text in [
        "",
        "canary",
        r#"{"password":{"value":"canary"}}"#,
        r#"{"ca-data":"canary!"}"#,
        r#"{"server":["https://a:canary@b"]}"#,
    ] {
        let import = Program::in_home(&home, &["profile", "import", "prod"]).input(text);
        let outcome = import.run().ends_with(10);

        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    run(&home, &["profile", "import", "prod", "nowhere.json"]).ends_with(10);
    assert!(home.list(PROFILES).is_empty());
}

#[test]
fn profiles_are_listed_with_portal_and_user() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    assert_eq!(run(&home, &["profile", "list"]).ends_with(0).stdout, "");
    assert_eq!(
        json_of(&run(&home, &["profile", "list", "--format", "json"])),
        json!([])
    );
    add(&home, "prod", &bed).run().ends_with(0);
    add(&home, "a", &bed).run().ends_with(0);
    home.file(&format!("{PROFILES}/broken.json"), "canary");
    home.file(&format!("{PROFILES}/notes.txt"), "canary");

    let text = run(&home, &["profile", "list"]).ends_with(0);
    let list = run(&home, &["profile", "list", "--format=json"]).ends_with(0);

    let lines: Vec<&str> = text.stdout.lines().collect();
    let portal = format!("{}/k8stoken/token/user", bed.portal_url());
    assert_eq!(lines[0], format!("a       {portal}  {USER}"));
    assert!(
        lines[1].starts_with("broken  the profile is no JSON"),
        "{}",
        lines[1]
    );
    assert_eq!(lines[2], format!("prod    {portal}  {USER}"));
    assert_eq!(lines.len(), 3);
    let list = json_of(&list);
    assert_eq!(
        list[2],
        json!({"name": "prod", "portal": portal, "username": USER, "error": null})
    );
    assert!(list[1]["error"].as_str().unwrap().contains("no JSON"));
    assert!(!text.stdout.contains("canary"));
}

#[test]
fn a_profile_is_shown_with_what_is_kept_and_no_secret() {
    let job = Job::start();
    let show = |words: &[&str]| {
        let outcome = job
            .run(&["profile", "show", "kubernetes"])
            .words(words)
            .run()
            .ends_with(0);
        let secrets = job.bed.secrets();
        for secret in secrets.iter().map(String::as_str).chain(["eyJ", PASSWORD]) {
            assert!(
                !outcome.stdout.contains(secret),
                "{secret} in {}",
                outcome.stdout
            );
        }
        outcome.stdout
    };
    let asked = job.bed.seen().len();

    let text = show(&[]);
    for part in [
        "name             kubernetes\n",
        "DOORWARD_PASSWORD",
        "a refresh token is kept",
        &job.bed.api_url(),
        USER,
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: Value = serde_json::from_str(&show(&["--format", "json"])).unwrap();
    assert_eq!(json["name"], "kubernetes");
    assert_eq!(json["settings"]["username"], USER);
    assert_eq!(json["kept"]["user"], USER);
    assert_eq!(json["kept"]["has_refresh_token"], true);
    assert!(json["kept"]["expires"].as_str().unwrap().ends_with('Z'));
    assert_eq!(json["kept"]["failure"], Value::Null);
    assert_eq!(job.bed.seen().len(), asked);
}

#[test]
fn a_profile_shows_what_went_wrong_last() {
    let job = Job::start();
    job.expire();
    job.bed.end_sessions(USER);
    with_password(job.credential(), "wrong-canary")
        .run()
        .ends_with(11);

    let text = job
        .run(&["profile", "show", "kubernetes"])
        .run()
        .ends_with(0)
        .stdout;
    let json = job
        .run(&["profile", "show", "kubernetes", "--format", "json"])
        .run()
        .ends_with(0);

    for part in [
        "the refresh token was refused (status 401)",
        "Rejected: ",
        "not before",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let kept = json_of(&json)["kept"].clone();
    assert_eq!(kept["failure"]["kind"], "Rejected");
    assert!(kept["held_until"].as_str().unwrap().ends_with('Z'));
    assert!(!text.contains("canary") && !json.stdout.contains("canary"));
}

#[test]
fn without_tokens_the_profile_says_so() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    add(&home, "prod", &bed).run().ends_with(0);

    assert!(
        run(&home, &["profile", "show", "prod"])
            .ends_with(0)
            .stdout
            .contains("none is kept")
    );
    let json = json_of(&run(&home, &["profile", "show", "prod", "--format", "json"]).ends_with(0));
    assert_eq!(json["kept"], Value::Null);
    assert!(home.list(CACHE).is_empty());
}

#[test]
fn a_profile_is_removed_with_its_tokens() {
    let job = Job::start();

    let outcome = job
        .run(&["profile", "remove", "kubernetes"])
        .run()
        .ends_with(0);

    assert!(
        outcome.stderr.contains("the profile kubernetes is removed"),
        "{}",
        outcome.stderr
    );
    assert!(job.home.list(PROFILES).is_empty());
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
    job.run(&["profile", "remove", "kubernetes"])
        .run()
        .ends_with(10);
    job.credential().run().ends_with(10);
}

#[test]
fn tokens_that_another_profile_uses_stay() {
    let job = Job::start();
    let exported = job
        .run(&["profile", "export", "kubernetes"])
        .run()
        .ends_with(0)
        .stdout;
    job.run(&["profile", "import", "twin"])
        .input(exported)
        .run()
        .ends_with(0);
    let record = job.record();

    let outcome = job
        .run(&["profile", "remove", "kubernetes"])
        .run()
        .ends_with(0);

    assert!(
        outcome.stderr.contains("another profile uses them"),
        "{}",
        outcome.stderr
    );
    assert_eq!(job.record(), record);
    job.run(&["credential", "--profile=twin"])
        .run()
        .ends_with(0);
    assert_eq!(job.home.list(PROFILES), ["twin.json"]);
    job.run(&["profile", "remove", "twin"]).run().ends_with(0);
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
}

#[test]
fn a_profile_that_is_not_sound_any_more_can_be_removed() {
    let job = Job::start();
    fs::remove_file(job.home.join("ca.pem")).unwrap();
    job.run(&["profile", "remove", "kubernetes"])
        .run()
        .ends_with(0);
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);

    job.home.file(
        &format!("{PROFILES}/broken.json"),
        r#"{"a-newer-key": "canary"}"#,
    );
    let outcome = job.run(&["profile", "remove", "broken"]).run().ends_with(0);

    assert!(outcome.stderr.contains("warning"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("canary"));
    assert!(job.home.list(PROFILES).is_empty());
}

#[test]
fn each_action_names_a_profile_that_is_not_there() {
    for action in ["export", "show", "remove"] {
        let outcome = Program::new(&["profile", action, "nobody"])
            .run()
            .ends_with(10);

        assert!(
            outcome.stderr.contains("doorward profile add nobody"),
            "{}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "");
    }
}
