//! What is kept between two calls when something is wrong with it: files that others can read, newer ones, broken ones.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use serde_json::json;

use crate::job::{CACHE, Job, PROFILES};

#[test]
fn a_file_that_others_can_read_is_not_used_and_is_replaced() {
    let job = Job::start();
    let file = job.cache_file();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let old = job.record();

    // Without the file there is no refresh token, either.
    let without = job.credential().run().ends_with(10);
    let warning = "doorward: warning: others could get at a cached token";
    assert_eq!(
        without.stderr.matches(warning).count(),
        1,
        "{}",
        without.stderr
    );
    assert_eq!(without.stdout, "");

    let outcome = job.credential_with_password().run().ends_with(0);
    assert!(!outcome.stderr.contains("eyJ"));
    assert_eq!(job.cache_file(), file);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(job.record()["token"], old["token"]);
    assert_eq!(job.refreshes(), 0);
    assert_eq!(job.credential().run().ends_with(0).stderr, "");
}

#[test]
fn a_file_of_another_user_is_not_used_and_is_replaced() {
    let job = Job::start();
    let file = job.cache_file();
    if chown(&file, Some(12345), Some(12345)).is_err() {
        eprintln!("skipped: only root may give files away");
        return;
    }

    let outcome = job.credential_with_password().run().ends_with(0);

    assert!(
        outcome.stderr.contains("owner user 12345"),
        "{}",
        outcome.stderr
    );
    let owner = |path| std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).unwrap());
    assert_eq!(owner(file), owner(job.home.path().to_owned()));
    assert_eq!(job.refreshes(), 0);
}

#[test]
fn a_folder_that_others_can_get_at_is_an_error() {
    let job = Job::start();
    let folder = job.home.join(CACHE);
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();

    for program in [job.credential(), job.spelled_otherwise()] {
        let outcome = program.run().ends_with(22);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.contains("chmod 700"), "{}", outcome.stderr);
    }
}

#[test]
fn a_newer_doorwards_file_is_left_as_it_is() {
    let job = Job::start();
    job.change(|record| record["format"] = json!(2));
    let before = fs::read(job.cache_file()).unwrap();

    job.credential_with_password().run().ends_with(0);
    job.credential().run().ends_with(10);

    assert_eq!(fs::read(job.cache_file()).unwrap(), before);
    assert_eq!((job.passwords(), job.refreshes()), (2, 0));
}

#[test]
fn what_no_doorward_wrote_is_replaced() {
    let job = Job::start();
    for text in ["", "canary", r#"{"format":1,"token":3}"#, "\u{0}\u{0}"] {
        fs::write(job.cache_file(), text).unwrap();

        let outcome = job.credential_with_password().run().ends_with(0);

        assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
        assert_eq!(job.record()["format"], 1);
    }
    fs::write(job.cache_file(), [0xff, 0xfe]).unwrap();
    job.credential_with_password().run().ends_with(0);
    assert_eq!(job.credential().run().ends_with(0).stderr, "");
}

#[test]
fn a_link_in_the_cache_is_not_followed() {
    let job = Job::start();
    let file = job.cache_file();
    let elsewhere = job.home.join("elsewhere.json");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    let before = fs::read(&elsewhere).unwrap();

    job.credential_with_password().run().ends_with(0);

    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    assert!(!file.is_symlink());
}

#[test]
fn a_profile_that_others_can_write_is_refused() {
    let job = Job::start();
    let file = job.home.join(PROFILES).join("kubernetes.json");
    fs::set_permissions(file, Permissions::from_mode(0o666)).unwrap();

    for program in [job.credential(), job.spelled_otherwise()] {
        let outcome = program.run().ends_with(10);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.contains("chmod go-w"), "{}", outcome.stderr);
    }
}

#[test]
fn the_cache_may_be_gone_at_any_time() {
    let job = Job::start();
    fs::remove_dir_all(job.home.join(CACHE)).unwrap();

    job.credential_with_password().run().ends_with(0);

    assert_eq!(job.home.list(CACHE).len(), 2);
    assert!(job.home.list(CACHE).contains(&"CACHEDIR.TAG".to_owned()));
}
