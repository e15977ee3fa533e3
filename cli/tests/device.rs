//! What the provider recognizes a device by: kept beside the tokens, taken to another runner, and seen by nobody.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use doorward_testkit::{OKTA_HOST, PASSWORD, PORTAL_HOST, Testbed};
use serde_json::{Value, json};

use crate::job::{CACHE, Job, PROFILES, with_password};
use crate::program::{Home, Outcome, Program};

/// The device tokens that the organisation has issued; an unknown one is answered by a new one
fn issued(bed: &Testbed) -> Vec<String> {
    let secrets = bed.secrets().into_iter();
    secrets.filter(|secret| secret.starts_with("DI1")).collect()
}

/// Whether each request to the organisation after the first `before` ones was that of a device
fn comes_from_a_device(bed: &Testbed, before: usize) -> bool {
    let seen = bed.seen().into_iter().skip(before);
    let mut to_org = seen.filter(|seen| seen.host == OKTA_HOST).peekable();
    to_org.peek().is_some() && to_org.all(|seen| seen.cookies.contains(&"DT".to_owned()))
}

fn export(home: &Home) -> Program {
    Program::in_home(home, &["device", "export", "--profile", "kubernetes"])
}

fn import(home: &Home, words: &[&str]) -> Program {
    Program::in_home(home, &["device", "import", "--profile", "kubernetes"]).words(words)
}

/// A fresh runner that has the job's profile, and nothing that is kept
fn runner(job: &Job) -> Home {
    let home = Home::new();
    home.file("ca.pem", job.bed.ca_pem());
    let profile = format!("{PROFILES}/kubernetes.json");
    let text = job.home.read(&profile);
    let (old, new) = (job.home.path(), home.path());
    let text = text.replace(old.to_str().unwrap(), new.to_str().unwrap());
    home.file(&profile, &text);
    home
}

fn login(home: &Home, words: &[&str]) -> Program {
    let login = Program::in_home(home, &["login", "--profile", "kubernetes"]).words(words);
    with_password(login, PASSWORD)
}

/// The one record below the cache folder
fn record(home: &Home) -> Value {
    let mut names = home.list(CACHE).into_iter();
    let name = names.find(|name| name.ends_with(".json")).unwrap();
    serde_json::from_str(&home.read(&format!("{CACHE}/{name}"))).unwrap()
}

/// What an export prints
fn document(value: &str) -> String {
    let device = json!({"host": OKTA_HOST, "name": "DT", "value": value});
    json!({"format": 1, "devices": [device]}).to_string()
}

fn garbage() -> [String; 5] {
    [
        String::new(),
        "canary".into(),
        json!([{"host": OKTA_HOST, "name": "DT", "value": "canary"}]).to_string(),
        json!({"format": 1, "devices": []}).to_string(),
        json!({"format": 2, "devices": [], "new": "canary"}).to_string(),
    ]
}

#[test]
fn each_login_of_a_profile_comes_from_the_device_of_the_first() {
    let job = Job::start();
    let [device] = issued(&job.bed).try_into().unwrap();
    let kept = record(&job.home)["devices"].to_string();
    assert!(kept.contains(&device));
    let mode = fs::metadata(job.cache_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let before = job.bed.seen().len();
    Program::login_in(&job.home, &job.bed).run().ends_with(0);
    assert!(comes_from_a_device(&job.bed, before));

    let before = job.bed.seen().len();
    job.expire();
    job.forget_refresh_token();
    job.credential_with_password().run().ends_with(0);
    assert!(comes_from_a_device(&job.bed, before));

    assert_eq!(job.passwords(), 3);
    assert_eq!(issued(&job.bed), [device]);
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn a_device_that_was_exported_is_that_of_the_next_login_elsewhere() {
    let job = Job::start();
    let exported = export(&job.home).run().ends_with(0);
    let devices = issued(&job.bed);
    assert_eq!(exported.stdout, document(&devices[0]) + "\n");
    assert_eq!(exported.stderr, "");

    for (words, file) in [
        (&["-vv"][..], None),
        (&["-vv", "-o", "token"], Some("device.json")),
        (&["-vv", "-o", "none", "--user-auth", "token"], Some("-")),
    ] {
        let home = runner(&job);
        let program = match file {
            Some("-") | None => import(&home, file.as_slice()).input(exported.stdout.clone()),
            Some(file) => {
                home.file(file, &exported.stdout);
                import(&home, &[file])
            }
        };
        let imported = program.run().ends_with(0);
        assert_eq!(imported.stdout, "");
        let told = format!("the device of kubernetes is the one that {OKTA_HOST} knows");
        assert!(imported.stderr.contains(&told), "{}", imported.stderr);

        let before = job.bed.seen().len();
        let outcome = login(&home, words).run().ends_with(0);

        assert!(comes_from_a_device(&job.bed, before), "{words:?}");
        assert_eq!(export(&home).run().stdout, exported.stdout);
        assert!(!outcome.stderr.contains(&devices[0]));
    }
    assert_eq!(issued(&job.bed), devices);
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn a_login_that_keeps_no_token_keeps_the_device_of_a_named_profile() {
    let job = Job::start();
    let home = runner(&job);

    login(&home, &["-o", "token"]).run().ends_with(0);
    let kept = record(&home);
    assert_eq!(
        (&kept["token"], &kept["refresh"]),
        (&Value::Null, &Value::Null)
    );
    let before = job.bed.seen().len();
    login(&home, &["-o", "token"]).run().ends_with(0);

    assert!(comes_from_a_device(&job.bed, before));
    assert_eq!(issued(&job.bed).len(), 2);

    // Whom it could not be kept for is logged in all the same.
    let home = runner(&job);
    fs::create_dir_all(home.join(CACHE)).unwrap();
    fs::set_permissions(home.join(CACHE), Permissions::from_mode(0o755)).unwrap();
    let outcome = login(&home, &["-o", "token"]).run().ends_with(0);
    let told = "warning: the device is not kept";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
}

#[test]
fn a_fresh_runner_takes_its_device_from_a_secret() {
    let job = Job::start();
    let device = export(&job.home).run().stdout;
    let devices = issued(&job.bed);

    for no_cache in [&[][..], &["--no-cache"]] {
        let home = Home::new();
        let before = job.bed.seen().len();
        let program = Program::login_in(&home, &job.bed).words(&["-vv"]);
        let program = program.variable("DOORWARD_DEVICE", &device).words(no_cache);
        let outcome = program.run().ends_with(0);

        assert!(comes_from_a_device(&job.bed, before));
        let profile = home.read(&format!("{PROFILES}/kubernetes.json"));
        let profile: Value = serde_json::from_str(&profile).unwrap();
        assert_eq!(profile["device"], json!({"variable": "DOORWARD_DEVICE"}));
        let texts = [outcome.stdout, outcome.stderr, profile.to_string()].concat();
        assert!(!texts.contains(&devices[0]));
    }

    // Of a profile that is silent about it, by a file.
    let home = runner(&job);
    home.file("device.json", &device);
    let before = job.bed.seen().len();
    let credential = Program::in_home(&home, &["credential", "--profile=kubernetes"]);
    let credential = with_password(credential, PASSWORD);
    let credential = credential.variable("DOORWARD_DEVICE", &device);
    credential.run().ends_with(0);
    assert!(comes_from_a_device(&job.bed, before));
    let before = job.bed.seen().len();
    let by_file = Program::login_in(&Home::new(), &job.bed);
    let path = home.join("device.json");
    let by_file = by_file.words(&["--device-file", path.to_str().unwrap()]);
    by_file.run().ends_with(0);
    assert!(comes_from_a_device(&job.bed, before));
    assert_eq!(issued(&job.bed), devices);
}

#[test]
fn the_device_that_is_kept_goes_before_that_of_the_settings() {
    let job = Job::start();
    let devices = issued(&job.bed);
    let other = document("DI1other");

    for words in [&[][..], &["-o", "none"]] {
        let login = login(&job.home, words);
        let login = login.variable("DOORWARD_DEVICE", &other);
        login.run().ends_with(0);
    }

    assert_eq!(issued(&job.bed), devices);
}

#[test]
fn a_device_occurs_nowhere_but_in_the_cache_and_in_the_export() {
    let job = Job::start();
    let device = export(&job.home).run().stdout;
    let [token] = issued(&job.bed).try_into().unwrap();
    let home = runner(&job);
    let mut shown = String::new();
    let mut look = |outcome: Outcome| shown.push_str(&(outcome.stdout + &outcome.stderr));

    look(
        import(&home, &["-vv"])
            .input(device.clone())
            .run()
            .ends_with(0),
    );
    look(login(&home, &["-vv", "-o", "json"]).run().ends_with(0));
    look(
        login(&home, &["-vv", "--log-format", "json"])
            .run()
            .ends_with(0),
    );
    let spoilt = device.replace("DT", "D T");
    look(
        import(&home, &["-vv"])
            .input(spoilt.clone())
            .run()
            .ends_with(10),
    );
    let from_variable = login(&home, &["-vv"]).variable("DOORWARD_DEVICE", &spoilt);
    look(from_variable.run().ends_with(10));
    look(
        Program::in_home(&home, &["login", "--device", &device])
            .run()
            .ends_with(2),
    );
    look(
        Program::in_home(&home, &["device", "import", "device.json", &device])
            .run()
            .ends_with(2),
    );
    for words in [
        &["profile", "show", "kubernetes"][..],
        &["profile", "show", "kubernetes", "--format", "json"],
        &["profile", "export", "kubernetes"],
        &["profile", "list"],
        &["logout", "--profile", "kubernetes", "-vv"],
    ] {
        look(Program::in_home(&home, words).run().ends_with(0));
    }

    assert!(shown.contains("known device     one is kept"), "{shown}");
    assert!(shown.contains(r#""has_device":true"#));
    assert!(shown.contains("/api/v1/authn"), "the hops are told");
    assert!(!shown.contains(&token), "{shown}");
    let files = job.files().into_iter();
    let mut with: Vec<_> = files
        .filter(|(_, _, bytes)| String::from_utf8_lossy(bytes).contains(&token))
        .map(|(path, ..)| path)
        .collect();
    assert_eq!(with.pop(), Some(job.cache_file()));
    assert_eq!(with.pop(), None);
}

#[test]
fn a_ci_system_is_told_to_hide_an_exported_device() {
    let job = Job::start();
    let [token] = issued(&job.bed).try_into().unwrap();

    let github = export(&job.home).variable("GITHUB_ACTIONS", "true");
    let outcome = github.run().ends_with(0);

    let masks: Vec<&str> = outcome.stderr.lines().collect();
    let whole = format!("::add-mask::{}", outcome.stdout.trim());
    assert_eq!(masks, [format!("::add-mask::{token}"), whole]);
    let never = export(&job.home).words(&["--mask", "never"]);
    let never = never.variable("GITHUB_ACTIONS", "true").run();
    assert_eq!(never.stderr, "");
}

#[test]
fn what_is_no_device_is_refused_and_changes_nothing() {
    let job = Job::start();
    let before = record(&job.home);
    for text in garbage() {
        let outcome = import(&job.home, &[])
            .input(text.clone())
            .run()
            .ends_with(10);
        assert_eq!(outcome.stdout, "");
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("Config"), "{text}");
    }
    let long = "canary".repeat(20_000);
    let outcome = import(&job.home, &[])
        .input(long.clone())
        .run()
        .ends_with(10);
    assert!(outcome.stderr.contains("64 KiB"), "{}", outcome.stderr);
    let asked = job.bed.seen().len();
    job.home.file("long", &long);
    let login = Program::login_in(&job.home, &job.bed).variable("DOORWARD_DEVICE", "canary");
    let outcome = login.run().ends_with(10);
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    let portal = Program::login_in(&job.home, &job.bed).words(&["--device-file", "long"]);
    portal.run().ends_with(10);

    assert_eq!(job.bed.seen().len(), asked);
    assert_eq!(record(&job.home), before);
}

#[test]
fn a_file_that_others_can_read_is_imported_by_request_only() {
    let job = Job::start();
    let device = export(&job.home).run().stdout;
    let home = runner(&job);
    let file = home.file("device.json", &device);
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();

    let outcome = import(&home, &["device.json"]).run().ends_with(10);
    let told = "--allow-shared-files";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    let allowed = import(&home, &["device.json", told]);
    allowed.run().ends_with(0);
    import(&home, &["nowhere.json"]).run().ends_with(10);
}

#[test]
fn a_profile_must_be_named_be_there_and_have_a_device() {
    let job = Job::start();
    let home = runner(&job);
    for action in ["export", "import"] {
        let outcome = Program::in_home(&home, &["device", action])
            .run()
            .ends_with(2);
        assert!(outcome.stderr.contains("--profile"), "{}", outcome.stderr);
        let nobody = ["device", action, "--profile", "nobody"];
        Program::in_home(&home, &nobody).run().ends_with(10);
    }

    let outcome = export(&home).run().ends_with(10);

    assert_eq!(outcome.stdout, "");
    assert!(
        outcome.stderr.contains("no provider knows the device"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_logout_forgets_the_device_and_its_last_login_is_from_it() {
    let job = Job::start();
    let before = job.bed.seen().len();
    let logout = job.run(&["logout", "--profile", "kubernetes", "--everywhere"]);
    let logout = with_password(logout, PASSWORD);
    let logout = logout.variable("DOORWARD_DEVICE", document("DI1other"));
    logout.run().ends_with(0);

    assert_eq!(job.bed.count(PORTAL_HOST, "/logout"), 1);
    assert!(comes_from_a_device(&job.bed, before));
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
    export(&job.home).run().ends_with(10);
    assert_eq!(issued(&job.bed).len(), 1);

    job.credential_with_password().run().ends_with(0);
    assert_eq!(issued(&job.bed).len(), 2);
}

#[test]
fn without_a_cache_no_device_is_kept_or_used() {
    let job = Job::start();
    let before = job.files();

    for words in [&["--no-cache"][..], &["--no-cache", "-o", "none"]] {
        login(&job.home, words).run().ends_with(0);
    }

    assert_eq!(issued(&job.bed).len(), 3);
    let cache = |files: Vec<(std::path::PathBuf, _, Vec<u8>)>| {
        let files = files.into_iter();
        let files = files.filter(|(path, ..)| path.starts_with(job.home.join(CACHE)));
        files
            .map(|(path, _, bytes)| (path, bytes))
            .collect::<Vec<_>>()
    };
    assert_eq!(cache(job.files()), cache(before));
}
