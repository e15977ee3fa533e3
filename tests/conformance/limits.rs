//! Limits and troubles: waited out where the organisation says until when, and never a reason to try something twice.

use std::time::Duration;

use doorward::ErrorKind;
use doorward_testkit::{Fault, Trouble};

use crate::matrix::enrolled::{ANSWER, answer, question};
use crate::matrix::{Asks, Engine, World, in_each, password};
use crate::requests::{classic, worlds};

/// Meets the next answer to a factor, after the password
fn at_the_factor(world: World, trouble: Trouble) -> Fault {
    match world.engine {
        Engine::Classic => Fault::new(world.site(), "/api/v1/authn/factors", trouble),
        Engine::Identity => Fault::new(world.site(), world.password_path(), trouble).nth(2),
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_waited_out_until_its_reset() {
    let limits = [
        (Trouble::RateLimited(20), 20),
        (Trouble::TooManyAtOnce, 60),
        (Trouble::TooManyRequests, 60),
    ];
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Password, &[]);
        let mut logins = Vec::new();
        for (limit, seconds) in &limits {
            let (clock, before) = (org.bed.clock(), org.counts().tries);
            let limit = Fault::new(world.site(), world.password_path(), limit.clone());
            org.bed.add_fault(limit);
            let start = clock.seconds();

            let login = org.log_in(password()).await;

            let waited = clock.seconds() - start >= *seconds;
            let told = login.told("Okta asks to wait ");
            logins.push((login.end(), told, waited, org.counts().tries - before));
        }
        logins
    });
    let waited = vec![(Ok(()), 1, true, 2); limits.len()];
    found.await.is(waited);
}

#[tokio::test(start_paused = true)]
async fn a_limit_beyond_the_deadline_is_told_at_once() {
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Password, &[]);
        let limit = Trouble::RateLimited(600);
        let limit = Fault::new(world.site(), world.password_path(), limit);
        org.bed.add_fault(limit);
        let before = org.bed.clock().seconds();
        let walk = org.walk(password()).timeout(Duration::from_secs(20));

        let login = org.log_in_by(walk).await;

        let waited = org.bed.clock().seconds() - before;
        let wait = login.outcome.as_ref().unwrap_err().server_wait();
        let wait = wait.is_some_and(|wait| wait > Duration::from_secs(590));
        (login.end(), wait, waited < 20, org.counts().tries)
    });
    let told = (Err(ErrorKind::Unavailable), true, true, 1);
    found.await.is(told);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_every_try_is_told_after_the_second() {
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Password, &[]);
        let limit = Trouble::RateLimited(5);
        let limit = Fault::new(world.site(), world.password_path(), limit);
        org.bed.add_fault(limit.times(9));

        let login = org.log_in(password()).await;

        (login.end(), org.counts().tries)
    });
    let told = (Err(ErrorKind::Unavailable), 2);
    found.await.is(told);
}

#[tokio::test(start_paused = true)]
async fn a_fifth_login_within_a_second_waits_its_turn() {
    let found = in_each(classic(), async |world| {
        let org = world.org(Asks::Password, &[]);
        org.bed.clock().hold();
        for _ in 0..4 {
            assert_eq!(org.log_in(password()).await.end(), Ok(()), "{world}");
        }

        let login = org.log_in(password()).await;

        let told = login.told("Okta asks to wait 1 s");
        (login.end(), told, org.counts().tries)
    });
    found.await.is((Ok(()), 1, 6));
}

#[tokio::test(start_paused = true)]
async fn a_trouble_at_a_factor_has_its_kind_and_costs_no_second_try() {
    let troubles = [
        (Trouble::ReadOnly, ErrorKind::Unavailable),
        (Trouble::InternalError, ErrorKind::Unavailable),
        (Trouble::BadGateway, ErrorKind::Unavailable),
        (Trouble::EmptyBody, ErrorKind::UnexpectedPage),
        (Trouble::ErrorPage, ErrorKind::UnexpectedPage),
        (Trouble::HangUp, ErrorKind::Transport),
    ];
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Factor, &[&question()]);
        let mut ends = Vec::new();
        for (trouble, _) in &troubles {
            // Else the passwords meet the limit of one user.
            org.bed.clock().advance(Duration::from_secs(6));
            org.bed.add_fault(at_the_factor(world, trouble.clone()));
            let before = org.counts().tries;

            let login = org.log_in(answer(ANSWER)).await;

            ends.push((login.end(), org.counts().tries - before));
        }
        ends
    });
    let kinds = troubles.iter().map(|(_, kind)| (Err(*kind), 2));
    found.await.is(kinds.collect::<Vec<_>>());
}
