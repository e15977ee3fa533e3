//! `credential`: what kubectl's plug-in answers from a kept token, and what it refuses.

use std::fs::File;

use doorward_testkit::{PASSWORD, Testbed, USER};
use serde_json::Value;

use crate::job::{CACHE, Job, PROFILES, exec_info, with_password};
use crate::program::{Home, Outcome, Program, addresses};

fn credential(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The seconds since 1970 of `2026-11-24T12:00:00Z`, which must have exactly this form
fn seconds(time: &str) -> u64 {
    let digits: Vec<u64> = time
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse().unwrap_or_default())
        .collect();
    let [year, month, day, hour, minute, second, _] = digits[..] else {
        panic!("{time}")
    };
    assert_eq!(
        time,
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    );
    // The days before a month, in years that begin with March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    (days - 719_469) * 86_400 + hour * 3600 + minute * 60 + second
}

#[track_caller]
fn refused(outcome: Outcome, code: i32) -> Outcome {
    let outcome = outcome.ends_with(code);
    assert_eq!(outcome.stdout, "");
    assert!(!outcome.stderr.is_empty());
    outcome
}

#[test]
fn the_answer_has_the_version_that_was_asked_for() {
    let job = Job::start();
    for version in ["v1", "v1beta1"] {
        let mut answers = Vec::new();
        for program in [job.credential(), job.spelled_otherwise()] {
            let info = exec_info(version, &job.bed.api_url());
            let outcome = program
                .variable("KUBERNETES_EXEC_INFO", info)
                .run()
                .ends_with(0);

            let json = credential(&outcome);
            assert_eq!(
                json["apiVersion"],
                format!("client.authentication.k8s.io/{version}")
            );
            assert_eq!(json["kind"], "ExecCredential");
            assert_eq!(json["status"]["token"], job.record()["token"]["id_token"]);
            assert_eq!(outcome.stderr, "");
            answers.push(outcome.stdout);
        }
        assert_eq!(answers[0], answers[1]);
    }
    let by_hand = job.credential().run().ends_with(0);
    assert_eq!(
        credential(&by_hand)["apiVersion"],
        "client.authentication.k8s.io/v1"
    );
}

#[test]
fn the_end_is_that_of_the_token_in_whole_seconds() {
    let bed = Testbed::start().unwrap();
    bed.clock().hold();
    let job = Job::at(bed);

    let outcome = job.credential().run().ends_with(0);

    let end = credential(&outcome)["status"]["expirationTimestamp"].clone();
    assert_eq!(
        seconds(end.as_str().unwrap()),
        job.bed.clock().seconds() + 60
    );
    assert_eq!(seconds("1970-01-01T00:00:00Z"), 0);
    assert_eq!(seconds("2000-02-29T12:34:56Z"), 951_827_696);
}

#[test]
fn a_kept_token_costs_no_request_and_no_write() {
    let job = Job::start();
    let (asked, files) = (job.bed.seen().len(), job.files());

    let hot = job.credential().run().ends_with(0);
    let full = job.spelled_otherwise().run().ends_with(0);
    let verbose = job.credential().words(&["-v"]).run().ends_with(0);
    let forced = job.credential().words(&["--force"]).run().ends_with(0);

    for other in [&full, &verbose, &forced] {
        assert_eq!(other.stdout, hot.stdout);
    }
    assert_eq!((hot.stderr.as_str(), full.stderr.as_str()), ("", ""));
    assert_eq!(job.bed.seen().len(), asked);
    assert_eq!(job.files(), files);
}

#[test]
fn the_rung_is_named_in_one_line_on_request() {
    let job = Job::start();
    let told = || {
        let program = with_password(job.credential(), PASSWORD).words(&["-v"]);
        let stderr = program.run().ends_with(0).stderr;
        let lines = stderr.lines().filter(|line| line.contains(" s left"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };

    let kept = told();
    assert_eq!(kept.len(), 1);
    assert!(
        kept[0].starts_with("doorward: the kept token, "),
        "{kept:?}"
    );
    job.expire();
    let refreshed = told();
    assert_eq!(refreshed.len(), 1);
    assert!(
        refreshed[0].starts_with("doorward: a refreshed token, "),
        "{refreshed:?}"
    );
    job.expire();
    job.forget_refresh_token();
    let new = told();
    assert_eq!(new.len(), 1);
    assert!(
        new[0].starts_with("doorward: the token of a new login, "),
        "{new:?}"
    );
}

#[test]
fn what_is_said_is_json_on_request() {
    let job = Job::start();
    let call = |words: &[&str]| {
        job.credential()
            .words(&["--log-format", "json"])
            .words(words)
    };

    let told = call(&["-v"]).run().ends_with(0).messages();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["level"], "info");
    job.expire();
    job.bed.end_sessions(USER);
    let failed = call(&[]).run().ends_with(10).messages();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["kind"], &failed[0]["exit_code"]),
        (&"Config".into(), &10.into())
    );
}

#[test]
fn a_renewal_says_nothing_unless_asked() {
    let job = Job::start();
    job.expire();
    assert_eq!(job.credential().run().ends_with(0).stderr, "");

    job.expire();
    job.forget_refresh_token();
    let login = with_password(job.credential(), PASSWORD).run().ends_with(0);
    assert_eq!(login.stderr, "");
    assert_eq!((job.refreshes(), job.passwords()), (1, 2));
}

#[test]
fn a_version_that_is_not_known_is_named() {
    let job = Job::start();
    for info in [
        exec_info("v7", &job.bed.api_url()),
        "nonsense canary".into(),
    ] {
        for program in [job.credential(), job.spelled_otherwise()] {
            let outcome = refused(program.variable("KUBERNETES_EXEC_INFO", &info).run(), 10);

            assert!(!outcome.stderr.contains("canary"));
            assert_eq!(
                outcome.stderr.contains("io/v7"),
                info.contains("v7"),
                "{}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn a_cluster_that_the_profile_does_not_name_gets_no_token() {
    let job = Job::start();
    let asked = job.bed.seen().len();
    let info = exec_info("v1", "https://ci:canary@elsewhere.test:6443/x");
    for program in [job.credential(), job.spelled_otherwise()] {
        let outcome = refused(program.variable("KUBERNETES_EXEC_INFO", &info).run(), 10);

        assert!(
            outcome.stderr.contains("https://elsewhere.test:6443"),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains(&job.bed.api_url()),
            "{}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("canary"));
    }
    assert_eq!(job.bed.seen().len(), asked);
}

#[test]
fn a_cluster_that_only_the_token_does_not_name_gets_none_either() {
    let job = Job::start();
    let path = format!("{PROFILES}/kubernetes.json");
    let mut profile: Value = serde_json::from_str(&job.home.read(&path)).unwrap();
    profile.as_object_mut().unwrap().remove("server");
    job.home.file(&path, &profile.to_string());

    let server = |server: &str| exec_info("v1", server);
    for program in [job.credential(), job.spelled_otherwise()] {
        let elsewhere = program.variable("KUBERNETES_EXEC_INFO", server("https://elsewhere.test"));
        refused(elsewhere.run(), 10);
    }
    for program in [job.credential(), job.spelled_otherwise()] {
        let own = program.variable("KUBERNETES_EXEC_INFO", server(&job.bed.api_url()));
        own.run().ends_with(0);
    }
}

#[test]
fn a_renewed_token_is_not_given_to_another_cluster() {
    let job = Job::start();
    job.expire();
    let info = exec_info("v1", "https://elsewhere.test");

    refused(
        job.credential()
            .variable("KUBERNETES_EXEC_INFO", info)
            .run(),
        10,
    );

    assert_eq!(job.refreshes(), 0);
}

#[test]
fn the_same_server_may_be_spelled_otherwise() {
    let job = Job::start();
    let server = format!("{}/", job.bed.api_url().replace("k8sapi", "K8SAPI"));
    for program in [job.credential(), job.spelled_otherwise()] {
        let info = exec_info("v1", &server);
        program
            .variable("KUBERNETES_EXEC_INFO", info)
            .run()
            .ends_with(0);
    }
}

#[test]
fn a_client_that_names_no_cluster_gets_the_token() {
    let job = Job::start();
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"#;
    for program in [job.credential(), job.spelled_otherwise()] {
        program
            .variable("KUBERNETES_EXEC_INFO", info)
            .run()
            .ends_with(0);
    }
}

#[test]
fn a_profile_allows_no_other_option_of_a_login() {
    let job = Job::start();
    for words in [
        &["--portal", "x.test"][..],
        &["--username", "other"],
        &["--idp-url", "https://x.test"],
        &["--timeout", "9"],
        &["--password-file", "pw"],
        &["--password-command", "pw"],
        &["--ca-only"],
        &["--allow-http"],
    ] {
        let outcome = refused(job.credential().words(words).run(), 2);

        assert!(outcome.stderr.contains(words[0]), "{}", outcome.stderr);
    }
}

#[test]
fn variables_of_a_login_do_not_count_beside_a_profile() {
    let job = Job::start();
    let with_variables = |program: Program| {
        program
            .variable("DOORWARD_PORTAL", "elsewhere.test")
            .variable("DOORWARD_USERNAME", "other")
            .variable("DOORWARD_IDP_URL", "https://elsewhere.test")
            .variable("DOORWARD_VIA", "no url at all")
            .variable("DOORWARD_CA_FILE", "nowhere.pem")
    };
    let hot = with_variables(job.credential()).run().ends_with(0);
    let full = with_variables(job.spelled_otherwise()).run().ends_with(0);
    assert_eq!(hot.stdout, full.stdout);

    job.expire();
    with_variables(job.credential()).run().ends_with(0);
    job.expire();
    job.forget_refresh_token();
    with_password(with_variables(job.credential()), PASSWORD)
        .run()
        .ends_with(0);
    assert_eq!(job.passwords(), 2);
}

#[test]
fn variables_that_would_be_wrong_for_a_login_do_not_count_either() {
    let job = Job::start();
    for program in [job.credential(), job.spelled_otherwise()] {
        program
            .variable("DOORWARD_TIMEOUT", "soon")
            .variable("DOORWARD_IDP", "acme")
            .variable("DOORWARD_PASSWORD", PASSWORD)
            .variable("DOORWARD_PASSWORD_FILE", "pw")
            .run()
            .ends_with(0);
    }
}

#[test]
fn a_profile_may_be_named_by_a_variable() {
    let job = Job::start();
    let by_variable = || {
        job.run(&["credential"])
            .variable("DOORWARD_PROFILE", "kubernetes")
    };

    by_variable()
        .variable("DOORWARD_PORTAL", "elsewhere.test")
        .run()
        .ends_with(0);
    job.credential()
        .variable("DOORWARD_PROFILE", "nobody")
        .run()
        .ends_with(0);
    // An option of a login says that the variable is not meant.
    let other = by_variable().words(&["--portal", "portal.invalid"]).run();
    let other = refused(other, 10);
    assert!(other.stderr.contains("user name"), "{}", other.stderr);
}

#[test]
fn without_a_profile_options_alone_will_do() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let program = || {
        let program = Program::in_home(&home, &["credential"]).portal(&bed, &bed.portal_url());
        with_password(program.user(&bed), PASSWORD)
    };
    let info = exec_info("v1", &bed.api_url());

    let first = program()
        .variable("KUBERNETES_EXEC_INFO", &info)
        .run()
        .ends_with(0);
    let second = program().run().ends_with(0);

    assert_eq!(first.stdout, second.stdout);
    assert_eq!(bed.logins(), 1);
    assert!(!home.join(".config").exists());
    assert_eq!(home.list(CACHE).len(), 2);
    let elsewhere = exec_info("v1", "https://elsewhere.test");
    refused(
        program().variable("KUBERNETES_EXEC_INFO", &elsewhere).run(),
        10,
    );
}

#[test]
fn without_a_profile_variables_alone_will_do() {
    let bed = Testbed::start().unwrap();
    let program = Program::new(&["credential"]);
    let ca = program.file("ca.pem", bed.ca_pem());

    let outcome = program
        .variable("DOORWARD_PORTAL", bed.portal_url())
        .variable("DOORWARD_IDP_URL", bed.okta_url())
        .variable("DOORWARD_USERNAME", USER)
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .variable("DOORWARD_CA_FILE", ca)
        .variable("DOORWARD_CA_ONLY", "yes")
        .variable("DOORWARD_RESOLVE", addresses(&bed).join("\n"))
        .variable("DOORWARD_NO_CACHE", "1")
        .run()
        .ends_with(0);

    assert_eq!(credential(&outcome)["kind"], "ExecCredential");
    assert!(!outcome.home().join(".cache").exists());
}

#[test]
fn neither_profile_nor_portal_is_a_usage_error() {
    let outcome = refused(Program::new(&["credential"]).run(), 2);

    for way in ["--profile", "--portal"] {
        assert!(outcome.stderr.contains(way), "{}", outcome.stderr);
    }
}

#[test]
fn a_missing_profile_names_the_command_that_makes_one() {
    let outcome = refused(Program::new(&["credential", "--profile=prod"]).run(), 10);

    assert!(
        outcome
            .stderr
            .contains("doorward profile add prod --portal URL"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("doorward login --profile prod"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_profile_that_is_none_is_a_wrong_setting() {
    let home = Home::new();
    home.file(
        &format!("{PROFILES}/prod.json"),
        r#"{"password": {"value": "canary"}}"#,
    );

    let outcome = refused(
        Program::in_home(&home, &["credential", "--profile=prod"]).run(),
        10,
    );

    assert!(outcome.stderr.contains("prod.json"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("canary"));
}

#[test]
fn without_a_cache_each_call_logs_in() {
    let job = Job::start();
    let files = job.files();
    let program = || with_password(job.credential().words(&["--no-cache"]), PASSWORD);

    let first = program().run().ends_with(0);
    let second = program().run().ends_with(0);

    assert_ne!(first.stdout, second.stdout);
    assert_eq!(job.passwords(), 3);
    assert_eq!(job.files(), files);
}

#[test]
fn a_token_printed_by_hand_is_masked_and_one_for_kubectl_is_not() {
    let job = Job::start();
    for program in [job.credential(), job.spelled_otherwise()] {
        let outcome = program
            .variable("GITHUB_ACTIONS", "true")
            .run()
            .ends_with(0);
        let token = credential(&outcome)["status"]["token"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(outcome.stderr, format!("::add-mask::{token}\n"));
    }
    for program in [job.credential(), job.spelled_otherwise()] {
        let info = exec_info("v1", &job.bed.api_url());
        let program = program.variable("KUBERNETES_EXEC_INFO", info);
        let outcome = program.variable("TF_BUILD", "True").run().ends_with(0);
        assert_eq!(outcome.stderr, "");
    }
}

#[test]
fn a_stdout_that_takes_nothing_is_told() {
    let job = Job::start();
    for program in [job.credential(), job.spelled_otherwise()] {
        let full = File::create("/dev/full").unwrap();
        let outcome = program.stdout(full.into()).run_as_set().ends_with(22);

        let told = "doorward: the result cannot be written to stdout";
        assert!(outcome.stderr.starts_with(told), "{}", outcome.stderr);
    }
    let full = File::create("/dev/full").unwrap();
    let json = job.credential().variable("DOORWARD_LOG_FORMAT", "json");
    let outcome = json.stdout(full.into()).run_as_set().ends_with(22);
    assert_eq!(outcome.messages()[0]["kind"], "Storage");
}

#[test]
fn folders_of_its_own_are_found_by_the_entrys_words() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let folders = ["--profile-dir=p", "--cache-dir=c"];
    Program::login_in(&home, &bed)
        .words(&folders)
        .run()
        .ends_with(0);
    let asked = bed.seen().len();

    let hot = Program::in_home(&home, &["credential", "--profile=kubernetes"]).words(&folders);
    let hot = hot.run().ends_with(0);
    let full = Program::in_home(&home, &["credential", "--profile=kubernetes"])
        .variable("DOORWARD_PROFILE_DIR", home.join("p"))
        .variable("DOORWARD_CACHE_DIR", home.join("c"))
        .run()
        .ends_with(0);

    assert_eq!(hot.stdout, full.stdout);
    assert_eq!(bed.seen().len(), asked);
}
