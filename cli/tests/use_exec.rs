//! `kubeconfig use-exec`: a pasted user becomes one that calls doorward, and loses no token on the way.

use std::fs;

use doorward::Kubeconfig;
use doorward::kubeconfig::{OidcUser, Section};
use doorward_testkit::{PASSWORD, PORTAL_HOST, PortalSwitches, Testbed, USER};
use serde_json::Value;

use crate::job::{CACHE, Job, PROFILES, exec_info, with_password};
use crate::program::{Home, Outcome, Program};

/// A job whose kubeconfig, `mine`, is as the portal's command makes it
fn pasted(switches: PortalSwitches) -> Job {
    let bed = Testbed::builder().portal(switches).start().unwrap();
    let home = Home::new();
    Program::login_in(&home, &bed)
        .words(&["--kubeconfig", "mine", "--user-auth", "auth-provider"])
        .run()
        .ends_with(0);
    assert_eq!(home.list(".config").len() + home.list(".cache").len(), 0);
    Job { bed, home }
}

fn use_exec(job: &Job) -> Program {
    job.run(&["kubeconfig", "use-exec", "--kubeconfig", "mine"])
        .network(&job.bed)
}

fn kubeconfig(job: &Job) -> Kubeconfig {
    Kubeconfig::parse(&job.home.read("mine")).unwrap()
}

fn user(kubeconfig: &Kubeconfig) -> &str {
    let context = kubeconfig.current_context().unwrap();
    let context = kubeconfig.entry(Section::Contexts, context).unwrap();
    context["user"].as_str().unwrap()
}

fn oidc(job: &Job) -> OidcUser {
    let kubeconfig = kubeconfig(job);
    kubeconfig.oidc_user(user(&kubeconfig)).unwrap()
}

fn profile(job: &Job, name: &str) -> Value {
    serde_json::from_str(&job.home.read(&format!("{PROFILES}/{name}.json"))).unwrap()
}

#[track_caller]
fn assert_untouched(job: &Job, before: &str, outcome: &Outcome) {
    assert_eq!(job.home.read("mine"), before);
    assert_eq!(outcome.stdout, "");
    assert!(job.home.list(PROFILES).is_empty());
    assert!(
        job.home
            .list(CACHE)
            .iter()
            .all(|name| name == "CACHEDIR.TAG")
    );
}

#[test]
fn the_tokens_are_moved_and_the_entry_calls_doorward() {
    let job = pasted(PortalSwitches::default());
    let before = oidc(&job);
    let asked = job.bed.seen().len();

    let outcome = use_exec(&job).run().ends_with(0);

    assert_eq!(outcome.stdout, "mine\n");
    let kubeconfig = kubeconfig(&job);
    let user = user(&kubeconfig).to_owned();
    let entry = kubeconfig.exec_user(&user).unwrap();
    assert_eq!(entry.args, ["credential", "--profile=kubernetes"]);
    assert!(entry.provide_cluster_info);
    assert!(
        outcome
            .stderr
            .contains(&format!("the user {user} now calls doorward")),
        "{}",
        outcome.stderr
    );
    let refresh_token = before.refresh_token.unwrap();
    for secret in [
        before.id_token.expose_secret(),
        refresh_token.expose_secret(),
    ] {
        assert!(!job.home.read("mine").contains(secret));
        assert!(!outcome.stderr.contains(secret));
    }
    let record = job.record();
    assert_eq!(record["token"]["id_token"], before.id_token.expose_secret());
    assert_eq!(record["refresh"]["token"], refresh_token.expose_secret());
    let profile = profile(&job, "kubernetes");
    assert_eq!(profile["server"][0], job.bed.api_url());
    assert_eq!(profile["issuer"], before.issuer);
    assert_eq!(profile.get("portal"), None);
    assert_eq!(job.bed.seen().len(), asked);
}

#[test]
fn keys_that_nobody_knows_are_kept() {
    let job = pasted(PortalSwitches::default());
    let text = job.home.read("mine");
    let user_name = user(&kubeconfig(&job)).to_owned();
    let text = text.replace(
        "users:\n",
        "users:\n- name: other\n  user:\n    token: stays\n    x-unknown: {a: [1, two]}\n",
    );
    let text = text.replacen(
        "  user:\n    auth-provider:",
        "  user:\n    as: somebody\n    x-own: 7\n    auth-provider:",
        1,
    );
    job.home.file(
        "mine",
        &format!("{text}x-top: {{deep: true}}\npreferences: {{colors: true}}\n"),
    );

    use_exec(&job).run().ends_with(0);

    let after = kubeconfig(&job);
    let other = after.entry(Section::Users, "other").unwrap();
    assert_eq!(other["x-unknown"]["a"][1], "two");
    assert_eq!(other["token"], "stays");
    let own = after.entry(Section::Users, &user_name).unwrap();
    assert_eq!(
        (&own["as"], own["x-own"].as_i64()),
        (&"somebody".into(), Some(7))
    );
    assert!(own.contains_key("exec") && !own.contains_key("auth-provider"));
    for part in [
        "x-top:",
        "deep: true",
        "colors: true",
        "current-context: kubernetes",
    ] {
        assert!(job.home.read("mine").contains(part), "{part}");
    }
}

#[test]
fn the_moved_tokens_go_on_to_work() {
    let job = pasted(PortalSwitches::default());
    use_exec(&job).run().ends_with(0);
    let asked = job.bed.seen().len();
    let info = exec_info("v1", &job.bed.api_url());
    let call = || job.credential().variable("KUBERNETES_EXEC_INFO", &info);

    call().run().ends_with(0);
    assert_eq!(job.bed.seen().len(), asked);
    // Where a refresh token goes is asked once.
    for (requests, refreshes) in [(2, 1), (3, 2), (4, 3)] {
        job.expire();
        call().run().ends_with(0);
        assert_eq!(
            (job.bed.seen().len(), job.refreshes()),
            (asked + requests, refreshes)
        );
    }
    let elsewhere = exec_info("v1", "https://elsewhere.test");
    job.credential()
        .variable("KUBERNETES_EXEC_INFO", elsewhere)
        .run()
        .ends_with(10);
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn an_ended_session_says_that_a_portal_would_help() {
    let job = pasted(PortalSwitches::default());
    use_exec(&job).run().ends_with(0);
    job.expire();
    job.bed.end_sessions(USER);

    let outcome = job.credential_with_password().run().ends_with(10);

    assert!(
        outcome.stderr.contains("the refresh token was refused"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("doorward login --profile"),
        "{}",
        outcome.stderr
    );
    assert_eq!(job.passwords(), 1);
}

#[test]
fn a_login_gives_the_profile_a_portal() {
    let job = pasted(PortalSwitches::default());
    use_exec(&job).run().ends_with(0);
    let before = job.record()["refresh"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let without = job
        .run(&["login", "--profile", "kubernetes"])
        .run()
        .ends_with(10);
    assert!(without.stderr.contains("no portal"), "{}", without.stderr);

    Program::login_in(&job.home, &job.bed)
        .words(&["--profile", "kubernetes", "--kubeconfig", "mine"])
        .run()
        .ends_with(0);

    assert!(
        profile(&job, "kubernetes")["portal"]
            .as_str()
            .unwrap()
            .starts_with(&job.bed.portal_url())
    );
    assert_eq!(kubeconfig(&job).names(Section::Users).count(), 1);
    // The tokens of before could not be found by any profile any more.
    assert!(
        !fs::read_to_string(job.cache_file())
            .unwrap()
            .contains(&before)
    );
    job.bed.end_sessions(USER);
    job.expire();
    job.credential_with_password().run().ends_with(0);
    assert_eq!(job.passwords(), 3);
}

#[test]
fn with_a_portal_a_new_login_follows_an_ended_session() {
    let job = pasted(PortalSwitches::default());
    let portal = job.bed.portal_url();
    let program = use_exec(&job).words(&["--portal", &portal]).user(&job.bed);
    program.run().ends_with(0);
    job.expire();
    job.bed.end_sessions(USER);

    with_password(job.credential(), PASSWORD).run().ends_with(0);

    assert_eq!((job.refreshes(), job.passwords()), (1, 2));
    job.expire();
    job.credential().run().ends_with(0);
    assert_eq!((job.refreshes(), job.passwords()), (2, 2));
}

#[test]
fn a_user_without_refresh_token_needs_a_portal() {
    let job = pasted(PortalSwitches {
        refresh_token: false,
        ..PortalSwitches::default()
    });
    let before = job.home.read("mine");

    let outcome = use_exec(&job).run().ends_with(10);
    assert!(outcome.stderr.contains("--portal"), "{}", outcome.stderr);
    assert_untouched(&job, &before, &outcome);

    let portal = job.bed.portal_url();
    use_exec(&job)
        .words(&["--portal", &portal])
        .user(&job.bed)
        .run()
        .ends_with(0);
    job.credential().run().ends_with(0);
    job.expire();
    job.credential_with_password().run().ends_with(0);
    assert_eq!((job.refreshes(), job.passwords()), (0, 2));
}

#[test]
fn without_a_cache_the_tokens_would_be_lost() {
    let job = pasted(PortalSwitches::default());
    let before = job.home.read("mine");

    let outcome = use_exec(&job).words(&["--no-cache"]).run().ends_with(10);

    assert!(outcome.stderr.contains("--no-cache"), "{}", outcome.stderr);
    assert_untouched(&job, &before, &outcome);
}

#[test]
fn a_second_run_says_that_it_is_done() {
    let job = pasted(PortalSwitches::default());
    use_exec(&job).run().ends_with(0);
    let (mine, record) = (job.home.read("mine"), job.record());

    let outcome = use_exec(&job).run().ends_with(10);

    assert!(
        outcome.stderr.contains("calls doorward already"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("profile kubernetes"),
        "{}",
        outcome.stderr
    );
    assert_eq!((job.home.read("mine"), job.record()), (mine, record));
}

#[test]
fn what_cannot_be_changed_is_named_and_left() {
    let job = pasted(PortalSwitches::default());
    let text = job.home.read("mine") + "";
    let text = text.replace(
        "users:\n",
        "users:\n- name: bare\n  user:\n    token: canary\n",
    );
    let text = text.replace(
        "contexts:\n",
        "contexts:\n- name: bare\n  context: {cluster: kubernetes, user: bare}\n",
    );
    job.home.file("mine", &text);
    for (words, told) in [
        (&["--context", "nowhere"][..], "nowhere"),
        (&["--context", "bare"], "auth-provider"),
        (&["--portal", "http://x.test"], "https"),
    ] {
        let outcome = use_exec(&job).words(words).run().ends_with(10);
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("canary"));
        assert_untouched(&job, &text, &outcome);
    }
    let text = text.replace("current-context: kubernetes", "current-context: ''");
    job.home.file("mine", &text);
    let outcome = use_exec(&job).run().ends_with(10);
    assert!(outcome.stderr.contains("--context"), "{}", outcome.stderr);
    assert_untouched(&job, &text, &outcome);
    let missing = job.run(&["kubeconfig", "use-exec", "--kubeconfig", "nowhere"]);
    missing.run().ends_with(10);
    assert!(!job.home.join("nowhere").exists());
}

#[test]
fn a_profile_of_another_login_stays_and_so_does_the_file() {
    let job = pasted(PortalSwitches::default());
    Program::in_home(
        &job.home,
        &["profile", "add", "kubernetes", "--username", "other"],
    )
    .portal(&job.bed, &job.bed.portal_url())
    .run()
    .ends_with(0);
    let (mine, before) = (job.home.read("mine"), profile(&job, "kubernetes"));

    let outcome = use_exec(&job).run().ends_with(10);

    assert!(
        outcome
            .stderr
            .contains("doorward profile remove kubernetes"),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        (job.home.read("mine"), profile(&job, "kubernetes")),
        (mine, before)
    );
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
    use_exec(&job)
        .words(&["--profile", "pasted"])
        .run()
        .ends_with(0);
    job.run(&["credential", "--profile=pasted"])
        .run()
        .ends_with(0);
}

#[test]
fn another_context_than_the_current_can_be_meant() {
    let job = pasted(PortalSwitches::default());
    let text = job
        .home
        .read("mine")
        .replace("current-context: kubernetes", "current-context: other");
    job.home.file("mine", &text);

    use_exec(&job)
        .words(&[
            "--context",
            "kubernetes",
            "--exec-command",
            "./dw",
            "--cache-dir",
            "c",
        ])
        .run()
        .ends_with(0);

    let after = kubeconfig(&job);
    assert_eq!(after.current_context(), Some("other"));
    let context = after.entry(Section::Contexts, "kubernetes").unwrap();
    let entry = after.exec_user(context["user"].as_str().unwrap()).unwrap();
    assert_eq!(entry.command, job.home.join("dw").to_str().unwrap());
    assert_eq!(
        entry.args[2],
        format!("--cache-dir={}", job.home.join("c").display())
    );
    assert_eq!(job.home.list("c").len(), 2);
    assert_eq!(job.bed.count(PORTAL_HOST, "/auth/idp/k8sIdp/token"), 0);
}
