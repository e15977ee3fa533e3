//! However many ask at once, tasks or processes: one renewal, and its outcome for all.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use doorward::store::{FileStore, FreshToken, MemoryStore};
use doorward::{Error, ErrorKind, FrontDoor, Rung, TokenSource};
use doorward_testkit::{Fault, OKTA_HOST, Testbed, Trouble, USER};
use tokio::task::JoinSet;

use crate::world::{
    KEY, NoPassword, age, aged_login, passwords, portal, portal_as, refresh_only, refreshes_asked,
    somebody_renews, source,
};

#[tokio::test]
async fn many_tasks_make_one_refresh_and_get_one_token() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;

    let tokens = ask_at_once(&source(&bed, &store)).await;

    let texts: BTreeSet<String> = tokens.into_iter().map(text).collect();
    assert_eq!(texts.len(), 1);
    assert_eq!(
        (bed.logins(), bed.refreshes().granted, refreshes_asked(&bed)),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn many_tasks_make_one_login() {
    let bed = Testbed::start().unwrap();

    let tokens = ask_at_once(&TokenSource::new(portal(&bed))).await;

    let texts: BTreeSet<String> = tokens.into_iter().map(text).collect();
    assert_eq!((texts.len(), bed.logins()), (1, 1));
}

#[tokio::test]
async fn many_tasks_with_a_dead_session_make_one_attempt_and_get_one_error() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    bed.end_sessions(USER);

    let errors = ask_at_once(&refresh_only(&bed, &store)).await;

    assert_eq!(only(errors).0, ErrorKind::Config);
    assert_eq!(refreshes_asked(&bed), 1);
}

#[tokio::test]
async fn many_tasks_show_a_wrong_password_once() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    bed.end_sessions(USER);
    let source = TokenSource::new(portal_as(&bed, USER, "wrong")).store(store, KEY);

    let errors = ask_at_once(&source).await;

    let (kind, text) = only(errors);
    assert_eq!(kind, ErrorKind::Rejected);
    assert!(
        text.starts_with("the refresh token was refused (status 401); "),
        "{text}"
    );
    assert_eq!((refreshes_asked(&bed), passwords(&bed)), (1, 2));
}

#[test]
fn many_processes_make_one_refresh() {
    let bed = Testbed::start().unwrap();
    let (_folder, store) = aged_files(&bed);

    let outcomes = in_processes(|| TokenSource::new(portal(&bed)).store(store.clone(), KEY));

    let tokens: Vec<FreshToken> = outcomes.into_iter().map(Result::unwrap).collect();
    let refreshed = tokens.iter().filter(|token| token.rung() == Rung::Refresh);
    assert_eq!(refreshed.count(), 1);
    let texts: BTreeSet<&str> = tokens
        .iter()
        .map(|token| token.id_token().expose_secret())
        .collect();
    assert_eq!(texts.len(), 1);
    assert_eq!(
        (bed.logins(), bed.refreshes().granted, refreshes_asked(&bed)),
        (1, 1, 1)
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn many_processes_with_a_dead_session_ask_once() {
    let bed = Testbed::start().unwrap();
    let (_folder, store) = aged_files(&bed);
    bed.end_sessions(USER);

    let errors =
        in_processes(|| TokenSource::new(NoPassword(portal(&bed))).store(store.clone(), KEY));

    assert_eq!(only(errors).0, ErrorKind::Config);
    assert_eq!(refreshes_asked(&bed), 1);
}

#[test]
fn many_processes_show_a_wrong_password_once() {
    let bed = Testbed::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path().join("cache"));

    let errors =
        in_processes(|| TokenSource::new(portal_as(&bed, USER, "wrong")).store(store.clone(), KEY));

    assert_eq!(only(errors).0, ErrorKind::Rejected);
    assert_eq!(passwords(&bed), 1);
}

#[tokio::test]
async fn a_failure_is_not_that_of_who_waited_with_another_password() {
    let mut logins = 0;
    // Of 4096 passwords one is taken for the same.
    for _ in 0..3 {
        let bed = Testbed::start().unwrap();
        let store = MemoryStore::new();
        let wrong = portal_as(&bed, USER, "wrong");
        let wrong = TokenSource::new(wrong).store(store.clone(), KEY);
        let right = source(&bed, &store);
        let missing = refresh_only(&bed, &store);
        let slow = Trouble::Slow(Duration::from_millis(200));
        bed.add_fault(Fault::new(OKTA_HOST, "/api/v1/authn", slow));

        let failing = tokio::spawn(async move { wrong.token().await });
        somebody_renews(&store).await;
        let (right, missing) = tokio::join!(right.token(), missing.token());

        let failed = failing.await.unwrap().unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Rejected);
        // It may have waited for the login of the one with the right password.
        if let Err(error) = missing {
            assert_eq!(error.kind(), ErrorKind::Config);
        }
        if let Ok(token) = right {
            assert_eq!(token.rung(), Rung::Login);
            assert_eq!((passwords(&bed), bed.logins()), (2, 1));
            logins += 1;
        }
    }
    assert!(logins >= 2, "{logins}");
}

#[tokio::test]
async fn other_settings_are_another_flight_over_the_same_store() {
    let bed = Testbed::start().unwrap();
    let source = TokenSource::new(portal(&bed)).store(MemoryStore::new(), KEY);
    let forced = source.clone().force();

    let (one, other) = tokio::join!(source.token(), forced.token());

    assert_eq!(text(one), text(other));
    assert_eq!(bed.logins(), 1);
}

async fn ask_at_once(source: &TokenSource) -> Vec<Result<FreshToken, Error>> {
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let source = source.clone();
        tasks.spawn(async move { source.token().await });
    }
    tasks.join_all().await
}

/// Each in a thread and a runtime of its own, with nothing in common but the files
fn in_processes(source: impl Fn() -> TokenSource) -> Vec<Result<FreshToken, Error>> {
    let start = Arc::new(Barrier::new(PROCESSES));
    let threads: Vec<_> = (0..PROCESSES)
        .map(|_| (source(), Arc::clone(&start)))
        .map(|(source, start)| {
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                start.wait();
                runtime.unwrap().block_on(source.token())
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

fn aged_files(bed: &Testbed) -> (tempfile::TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path().join("cache"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let source = TokenSource::new(portal(bed)).store(store.clone(), KEY);
        source.token().await.unwrap();
        age(&store).await;
    });
    (folder, store)
}

fn text(token: Result<FreshToken, Error>) -> String {
    token.unwrap().id_token().expose_secret().to_owned()
}

/// What all errors are, if they are one
fn only(errors: Vec<Result<FreshToken, Error>>) -> (ErrorKind, String) {
    let mut all: Vec<_> = errors
        .into_iter()
        .map(|outcome| {
            let error = outcome.unwrap_err();
            (error.kind(), error.to_string())
        })
        .collect();
    all.dedup();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

const PROCESSES: usize = 8;

#[allow(dead_code, reason = "a source may be moved to any thread")]
fn is_send_and_sync(door: impl FrontDoor + 'static) -> impl Send + Sync {
    TokenSource::new(door)
}
