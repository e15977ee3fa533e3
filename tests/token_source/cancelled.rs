//! Whoever stops waiting loses nothing: no one-time refresh token, and no claim stays held.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use doorward::store::{FileStore, MemoryStore, TokenStore};
use doorward::{Rung, TokenSource};
use doorward_testkit::Testbed;

use crate::world::{KEY, age, aged_login, kept, portal, somebody_renews, source};

#[tokio::test]
async fn a_caller_may_go_away_after_any_step() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    for polls in 0..6 {
        let source = source(&bed, &store);

        let seen = polled(source.token(), polls).await;

        assert!(seen.is_none() || polls > 1);
        let next = source.token().await.unwrap();
        assert!(next.rung() < Rung::Login);
        is_settled(&bed, &store, polls + 1).await;
        age(&store).await;
    }
}

#[tokio::test]
async fn a_caller_may_go_away_at_any_time_and_nobody_needs_to_come_back() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    for millis in 0..10 {
        let before = kept(&store).await["refresh"]["token"].clone();
        let source = source(&bed, &store);
        let caller = tokio::spawn(async move { source.token().await });
        // So that the renewal begins; then it goes on without its caller.
        somebody_renews(&store).await;
        tokio::time::sleep(Duration::from_millis(millis)).await;

        caller.abort();

        let end = Instant::now() + Duration::from_secs(10);
        while kept(&store).await["refresh"]["token"] == before {
            assert!(Instant::now() < end, "the rotated token is not kept");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        is_settled(&bed, &store, usize::try_from(millis).unwrap() + 1).await;
        age(&store).await;
    }
}

#[tokio::test]
async fn a_login_goes_on_without_its_caller_too() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let first = source(&bed, &store);

    assert!(polled(first.log_in(), 1).await.is_none());

    let token = source(&bed, &store).token().await.unwrap();
    assert_eq!(token.rung(), Rung::Cache);
    assert_eq!(bed.logins(), 1);
}

#[test]
fn a_program_that_ends_under_way_leaves_no_claim() {
    let bed = Testbed::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path().join("cache"));
    let source = || TokenSource::new(portal(&bed)).store(store.clone(), KEY);
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    runtime().block_on(source().token()).unwrap();
    for millis in [0, 1, 2, 4, 8] {
        runtime().block_on(age(&store));
        let ends = runtime();
        ends.block_on(async {
            let wait = Duration::from_millis(millis);
            let _ = tokio::time::timeout(wait, source().token()).await;
        });
        drop(ends);

        let claim = runtime().block_on(store.claim(KEY)).unwrap();
        assert!(claim.is_some(), "after {millis} ms");
        drop(claim);
        runtime().block_on(source().token()).unwrap();
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

/// One login, that many refreshes, the last of which is kept, and nobody at work
async fn is_settled(bed: &Testbed, store: &MemoryStore, refreshes: usize) {
    let end = Instant::now() + Duration::from_secs(10);
    while store.claim(KEY).await.unwrap().is_none() {
        assert!(Instant::now() < end, "the claim is held");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(bed.logins(), 1);
    assert_eq!(bed.refreshes().granted, refreshes);
    assert_eq!(bed.refreshes().refused, 0);
    let token = source(bed, store).token().await.unwrap();
    assert_eq!(token.rung(), Rung::Cache);
}

/// Polls `future` when it can go on, so many times at most, and drops it
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
