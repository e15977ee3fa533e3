//! `login` by default: an entry that calls `doorward credential`, a profile, and kept tokens.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use doorward::Kubeconfig;
use doorward::kubeconfig::{ExecUser, Section};
use doorward_testkit::{PASSWORD, PortalSwitches, Testbed, USER};
use serde_json::Value;

use crate::job::{CACHE, PROFILES};
use crate::program::{Home, Outcome, Program};

/// The current context's entry in a kubeconfig
fn entry(kubeconfig: &str) -> ExecUser {
    let kubeconfig = Kubeconfig::parse(kubeconfig).unwrap();
    let context = kubeconfig.current_context().unwrap();
    let context = kubeconfig.entry(Section::Contexts, context).unwrap();
    kubeconfig
        .exec_user(context["user"].as_str().unwrap())
        .unwrap()
}

fn profile(outcome: &Outcome, name: &str) -> Value {
    let json = outcome.read(&format!("{PROFILES}/{name}.json"));
    serde_json::from_str(&json).unwrap()
}

#[track_caller]
fn log_in(home: &Home, bed: &Testbed, words: &[&str]) -> Outcome {
    Program::login_in(home, bed).words(words).run().ends_with(0)
}

fn assert_nothing_kept(outcome: &Outcome) {
    for folder in [".cache", ".config"] {
        assert!(!outcome.home().join(folder).exists(), "{folder}");
    }
}

#[test]
fn the_entry_calls_doorward_by_name_with_the_contexts_profile() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(0);

    let text = outcome.read(".kube/config");
    let entry = entry(&text);
    assert_eq!(entry.command, "doorward");
    assert_eq!(entry.args, ["credential", "--profile=kubernetes"]);
    assert!(entry.env.is_empty());
    assert!(entry.provide_cluster_info);
    assert!(entry.install_hint.is_some());
    for line in [
        "apiVersion: client.authentication.k8s.io/v1\n",
        "interactiveMode: Never\n",
        "provideClusterInfo: true\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn no_secret_stands_in_the_kubeconfig_or_the_profile() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(0);

    let kubeconfig = outcome.read(".kube/config");
    let profile = outcome.read(&format!("{PROFILES}/kubernetes.json"));
    let json: Value = serde_json::from_str(&profile).unwrap();
    assert_eq!(json["password"]["variable"], "DOORWARD_PASSWORD");
    assert_eq!(json["username"], USER);
    assert_eq!(
        json["portal"],
        format!("{}/k8stoken/token/user", bed.portal_url())
    );
    assert_eq!(json["server"][0], bed.api_url());
    for secret in bed
        .secrets()
        .iter()
        .map(String::as_str)
        .chain([PASSWORD, "refresh-token", "eyJ"])
    {
        assert!(!kubeconfig.contains(secret), "{secret} in {kubeconfig}");
        assert!(!profile.contains(secret), "{secret} in {profile}");
    }
}

#[test]
fn what_is_kept_is_for_its_owner_alone() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(0);

    let cache = fs::read_dir(outcome.home().join(CACHE)).unwrap();
    let cache = cache.map(|entry| entry.unwrap().path());
    let record = cache.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let record: Vec<_> = record.collect();
    assert_eq!(record.len(), 1);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&record[0]), 0o600);
    assert_eq!(mode(&outcome.home().join(CACHE)), 0o700);
    assert_eq!(mode(&outcome.home().join(PROFILES)), 0o700);
    assert_eq!(
        mode(&outcome.home().join(PROFILES).join("kubernetes.json")),
        0o600
    );
}

#[test]
fn a_relative_command_stands_absolute_in_the_entry() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--exec-command", "./x/doorward"])
        .run()
        .ends_with(0);

    let command = outcome.home().join("x/doorward");
    assert_eq!(
        entry(&outcome.read(".kube/config")).command,
        command.to_str().unwrap()
    );
    let by_name = Program::login(&bed)
        .words(&["--exec-command", "dw"])
        .run()
        .ends_with(0);
    assert_eq!(entry(&by_name.read(".kube/config")).command, "dw");
}

#[test]
fn relative_folders_stand_absolute_in_the_entry() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--profile-dir", "p", "--cache-dir", "./c/d"])
        .run()
        .ends_with(0);

    let folder = |name: &str| outcome.home().join(name).to_str().unwrap().to_owned();
    assert_eq!(
        entry(&outcome.read(".kube/config")).args,
        [
            "credential".to_owned(),
            "--profile=kubernetes".to_owned(),
            format!("--profile-dir={}", folder("p")),
            format!("--cache-dir={}", folder("c/d")),
        ]
    );
    assert!(outcome.home().join("p/kubernetes.json").exists());
    assert!(outcome.home().join("c/d/CACHEDIR.TAG").exists());
    assert_nothing_kept(&outcome);
}

#[test]
fn places_that_variables_name_stand_in_the_entry_too() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .variable("DOORWARD_PROFILE_DIR", "p")
        .variable("DOORWARD_NO_CACHE", "yes")
        .run()
        .ends_with(0);

    let folder = format!("--profile-dir={}", outcome.home().join("p").display());
    assert_eq!(
        entry(&outcome.read(".kube/config")).args,
        ["credential", "--profile=kubernetes", &folder, "--no-cache"]
    );
}

#[test]
fn without_a_cache_the_entry_says_so_and_nothing_is_cached() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--no-cache"])
        .run()
        .ends_with(0);

    let entry = entry(&outcome.read(".kube/config"));
    assert_eq!(
        entry.args,
        ["credential", "--profile=kubernetes", "--no-cache"]
    );
    assert!(!outcome.home().join(".cache").exists());
    assert_eq!(profile(&outcome, "kubernetes")["username"], USER);
}

#[test]
fn the_profile_is_called_like_the_context_or_as_told() {
    let bed = Testbed::start().unwrap();
    let name = |words: &[&str]| {
        let outcome = Program::login(&bed).words(words).run().ends_with(0);
        let entry = entry(&outcome.read(".kube/config"));
        let name = entry.profile().unwrap().to_owned();
        profile(&outcome, &name);
        name
    };

    assert_eq!(name(&["--context-name", "prod"]), "prod");
    assert_eq!(
        name(&["--context-name", "prod", "--profile", "robot"]),
        "robot"
    );
    assert_eq!(name(&["--context-name", "prod/eu"]), "prod_eu-7394b101994b");
    assert_eq!(name(&["--profile", "prod/eu"]), "prod_eu-7394b101994b");
}

#[test]
fn an_odd_name_of_the_portals_is_encoded() {
    let odd = PortalSwitches {
        cluster_name: "prod/eu".into(),
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(odd).start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(0);

    let entry = entry(&outcome.read(".kube/config"));
    let name = entry.profile().unwrap();
    assert!(
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "._@-".contains(c)),
        "{name}"
    );
    profile(&outcome, name);
}

#[test]
fn a_profile_of_another_login_is_noticed_before_any_request() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    Program::login_in(&home, &bed)
        .words(&["--profile", "prod"])
        .run()
        .ends_with(0);
    let asked = bed.seen().len();
    let before = home.read(&format!("{PROFILES}/prod.json"));

    for words in [
        &["--profile", "prod", "--idp", "okta"][..],
        &["--profile", "prod", "--idp-url", &bed.okta_custom_url()],
        &["--context-name", "prod", "--idp", "okta"],
    ] {
        let outcome = Program::login_in(&home, &bed)
            .words(words)
            .run()
            .ends_with(10);
        assert!(
            outcome.stderr.contains("doorward profile remove prod"),
            "{}",
            outcome.stderr
        );
    }
    let somebody_else = Program::in_home(
        &home,
        &["login", "--profile", "prod", "--username", "other"],
    )
    .portal(&bed, &bed.portal_url())
    .words(&["--idp-url", &bed.okta_url()])
    .variable("DOORWARD_PASSWORD", PASSWORD);
    somebody_else.run().ends_with(10);
    let other_portal = Program::in_home(&home, &["login", "--profile", "prod"])
        .portal(&bed, &bed.control_plane_url())
        .user(&bed)
        .variable("DOORWARD_PASSWORD", PASSWORD);
    other_portal.run().ends_with(10);

    assert_eq!(bed.seen().len(), asked);
    assert_eq!(home.read(&format!("{PROFILES}/prod.json")), before);
}

#[test]
fn a_profile_of_another_login_is_kept_where_the_portal_says_the_name() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    Program::login_in(&home, &bed).run().ends_with(0);
    let path = format!("{PROFILES}/kubernetes.json");
    let before = home.read(&path);

    let outcome = Program::login_in(&home, &bed)
        .words(&["--idp", "okta", "--kubeconfig", "other"])
        .run()
        .ends_with(10);

    assert_eq!(home.read(&path), before);
    assert!(!home.join("other").exists());
    assert!(outcome.stderr.contains("--profile"), "{}", outcome.stderr);
}

#[test]
fn a_portals_own_entry_is_warned_of() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--user-auth", "auth-provider"])
        .run()
        .ends_with(0);

    assert!(
        outcome.stderr.contains("doorward: warning: "),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("--user-auth exec"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.read(".kube/config").contains("refresh-token: "));
    assert_nothing_kept(&outcome);
}

#[test]
fn a_login_that_writes_no_kubeconfig_keeps_nothing() {
    let bed = Testbed::start().unwrap();
    for words in [
        &["-o", "token"][..],
        &["-o", "json"],
        &["-o", "exec-credential"],
        &["-o", "none"],
        &["--user-auth", "token"],
        &["-o", "none", "--user-auth", "auth-provider"],
    ] {
        let outcome = Program::login(&bed).words(words).run().ends_with(0);

        assert_nothing_kept(&outcome);
        assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    }
    let printed = Program::login(&bed)
        .words(&["-o", "kubeconfig"])
        .run()
        .ends_with(0);
    assert_eq!(entry(&printed.stdout).profile(), Some("kubernetes"));
    profile(&printed, "kubernetes");
}

#[test]
fn without_a_home_folder_it_is_said_what_to_do() {
    let bed = Testbed::start().unwrap();
    let homeless = || {
        Program::login(&bed)
            .words(&["--kubeconfig", "mine"])
            .variable("HOME", "")
    };
    let without_profiles = homeless().run().ends_with(10);
    for way in ["--profile-dir", "XDG_CONFIG_HOME", "--user-auth token"] {
        assert!(
            without_profiles.stderr.contains(way),
            "{}",
            without_profiles.stderr
        );
    }

    let without_cache = homeless()
        .words(&["--profile-dir", "p"])
        .run()
        .ends_with(10);
    for way in [
        "--cache-dir",
        "XDG_CACHE_HOME",
        "--no-cache",
        "--user-auth token",
    ] {
        assert!(
            without_cache.stderr.contains(way),
            "{}",
            without_cache.stderr
        );
    }
    assert_eq!(bed.seen().len(), 0);

    for words in [
        &["--profile-dir", "p", "--cache-dir", "c"][..],
        &["--profile-dir", "p", "--no-cache"],
        &["--user-auth", "token"],
    ] {
        homeless().words(words).run().ends_with(0);
    }
}

#[test]
fn the_folders_of_the_desktop_specification_are_used() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed);
    let (config, cache) = (program.path("xc"), program.path("xk"));

    let outcome = program
        .variable("XDG_CONFIG_HOME", &config)
        .variable("XDG_CACHE_HOME", &cache)
        .run()
        .ends_with(0);

    assert!(config.join("doorward/profiles/kubernetes.json").exists());
    assert!(cache.join("doorward/CACHEDIR.TAG").exists());
    assert_nothing_kept(&outcome);
    assert_eq!(entry(&outcome.read(".kube/config")).args.len(), 2);
}

#[test]
fn places_that_cannot_be_used_are_noticed_before_any_request() {
    let bed = Testbed::start().unwrap();
    let in_the_way = |words: &[&str]| {
        let program = Program::login(&bed).words(words);
        program.file("a-file", "");
        program.run().ends_with(22)
    };

    in_the_way(&["--profile-dir", "a-file/p"]);
    let outcome = in_the_way(&["--cache-dir", "a-file/c"]);
    for way in ["--cache-dir", "--no-cache"] {
        assert!(outcome.stderr.contains(way), "{}", outcome.stderr);
    }
    let program = Program::login(&bed);
    let cache = program.path(CACHE);
    fs::create_dir_all(&cache).unwrap();
    fs::set_permissions(&cache, Permissions::from_mode(0o755)).unwrap();
    let outcome = program.run().ends_with(22);
    assert!(outcome.stderr.contains("chmod 700"), "{}", outcome.stderr);
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn an_entry_takes_the_place_of_the_portals_own() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let login = |words: &[&str]| log_in(&home, &bed, words);
    login(&["--user-auth", "auth-provider"]);
    assert!(home.read(".kube/config").contains("refresh-token: "));

    login(&[]);

    let kubeconfig = home.read(".kube/config");
    assert_eq!(entry(&kubeconfig).profile(), Some("kubernetes"));
    assert!(!kubeconfig.contains("refresh-token"), "{kubeconfig}");
    assert_eq!(kubeconfig.matches("- name: ").count(), 3);
}

#[test]
fn a_second_login_leaves_the_entry_and_replaces_the_tokens() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let login = |words: &[&str]| log_in(&home, &bed, words);
    login(&[]);
    let (kubeconfig, files) = (home.read(".kube/config"), home.list(CACHE));
    let records = || {
        let records = files.iter().filter(|name| name.ends_with(".json"));
        let records = records.map(|name| home.read(&format!("{CACHE}/{name}")));
        records.collect::<Vec<_>>()
    };
    let before = records();

    login(&[]);

    assert_eq!(home.read(".kube/config"), kubeconfig);
    assert_eq!(home.list(CACHE), files);
    assert_eq!((before.len(), records().len()), (1, 1));
    assert_ne!(records(), before);
    assert_eq!(bed.logins(), 2);
}
