//! `logout`: the tokens are gone here, and at the issuer where it takes that.

use std::fs;

use doorward_testkit::{Discovery, Fault, PASSWORD, PORTAL_HOST, PortalSwitches, Testbed, Trouble};

use crate::job::{CACHE, Job, PROFILES, with_password};
use crate::program::Program;

fn job(switches: PortalSwitches) -> Job {
    Job::at(Testbed::builder().portal(switches).start().unwrap())
}

fn logout(job: &Job) -> Program {
    job.run(&["logout", "--profile", "kubernetes"])
}

fn revocations(job: &Job) -> usize {
    job.bed.count(PORTAL_HOST, "/auth/idp/k8sIdp/revoke")
}

#[test]
fn the_tokens_are_forgotten_and_revoked() {
    let job = job(PortalSwitches {
        revokes: true,
        ..PortalSwitches::default()
    });
    let record = job.record();
    let file = job.cache_file();

    let outcome = logout(&job).run().ends_with(0);

    assert_eq!(outcome.stdout, "");
    assert!(
        outcome
            .stderr
            .contains("the tokens of kubernetes are forgotten"),
        "{}",
        outcome.stderr
    );
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
    assert_eq!(revocations(&job), 1);
    assert_eq!(job.bed.count(PORTAL_HOST, "/logout"), 0);
    assert!(job.home.join(PROFILES).join("kubernetes.json").exists());
    job.credential().run().ends_with(10);

    // Whoever kept a copy cannot go on with it.
    job.home.file(file.to_str().unwrap(), &record.to_string());
    job.expire();
    let outcome = job.credential().run().ends_with(10);
    assert!(
        outcome.stderr.contains("the refresh token was refused"),
        "{}",
        outcome.stderr
    );
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn an_issuer_without_revocation_is_not_asked() {
    let job = job(PortalSwitches {
        discovery: Discovery::WithoutRevocation,
        ..PortalSwitches::default()
    });

    logout(&job).run().ends_with(0);

    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
    assert_eq!(revocations(&job), 0);
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn an_issuer_that_cannot_be_told_is_warned_of_and_the_tokens_are_gone() {
    let job = job(PortalSwitches::default());
    let trouble = Fault::new(PORTAL_HOST, "/auth/idp/k8sIdp/revoke", Trouble::BadGateway);
    job.bed.add_fault(trouble.times(9));

    let outcome = logout(&job).run().ends_with(0);

    assert!(
        outcome.stderr.contains("doorward: warning: "),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("forgotten here"),
        "{}",
        outcome.stderr
    );
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
}

#[test]
fn a_second_logout_says_that_nothing_was_kept() {
    let job = Job::start();
    logout(&job).run().ends_with(0);

    let outcome = logout(&job).run().ends_with(0);

    assert!(
        outcome.stderr.contains("no token of kubernetes was kept"),
        "{}",
        outcome.stderr
    );
    assert_eq!(revocations(&job), 1);
}

#[test]
fn tokens_are_forgotten_also_by_a_job_that_keeps_none() {
    let job = Job::start();

    logout(&job)
        .variable("DOORWARD_NO_CACHE", "1")
        .run()
        .ends_with(0);

    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
}

#[test]
fn a_login_after_a_logout_is_a_new_one() {
    let job = Job::start();
    logout(&job).run().ends_with(0);

    job.credential_with_password().run().ends_with(0);

    assert_eq!((job.refreshes(), job.passwords()), (0, 2));
}

#[test]
fn everywhere_ends_every_session_of_the_account() {
    let job = Job::start();
    // Another job of the same account.
    let other = Program::login(&job.bed).run().ends_with(0);
    assert_eq!(job.bed.logins(), 2);

    let outcome = with_password(logout(&job), PASSWORD)
        .words(&["--everywhere"])
        .run()
        .ends_with(0);

    assert!(
        outcome
            .stderr
            .contains("ended every session of the account"),
        "{}",
        outcome.stderr
    );
    assert_eq!(job.bed.count(PORTAL_HOST, "/logout"), 1);
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
    assert_eq!(job.bed.end_sessions(doorward_testkit::USER), 0);
    assert!(other.home().join(CACHE).exists());
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn everywhere_without_a_password_is_a_wrong_setting() {
    let job = Job::start();

    let outcome = logout(&job).words(&["--everywhere"]).run().ends_with(10);

    assert!(
        outcome.stderr.contains("DOORWARD_PASSWORD"),
        "{}",
        outcome.stderr
    );
    assert_eq!(job.bed.count(PORTAL_HOST, "/logout"), 0);
}

#[test]
fn a_profile_must_be_named_and_be_there() {
    let job = Job::start();
    let outcome = job.run(&["logout"]).run().ends_with(2);
    assert!(outcome.stderr.contains("--profile"), "{}", outcome.stderr);
    job.run(&["logout", "--profile", "nobody"])
        .run()
        .ends_with(10);
    assert_eq!(job.home.list(CACHE).len(), 2);
}

#[test]
fn tokens_are_forgotten_though_the_settings_are_not_sound_any_more() {
    let job = Job::start();
    fs::remove_file(job.home.join("ca.pem")).unwrap();

    let outcome = logout(&job).run().ends_with(0);

    assert!(
        outcome.stderr.contains("doorward: warning: "),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("ca.pem"), "{}", outcome.stderr);
    assert_eq!(job.home.list(CACHE), ["CACHEDIR.TAG"]);
    assert_eq!(revocations(&job), 0);
}
