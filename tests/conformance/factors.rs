//! Factors that are not taken, or not the only ones.

use doorward::{ErrorKind, Factor};
use doorward_testkit::{OktaFactor, PushAnswer};

use crate::matrix::enrolled::{answer, passkey, push, question, totp};
use crate::matrix::{Asks, in_each, password};
use crate::requests::worlds;
use crate::world::{app, list, seed_of};

#[tokio::test(start_paused = true)]
async fn a_wrong_code_is_followed_by_one_more_and_no_third() {
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Factor, &[&totp()]);
        let wrong = list(&["no code", "nor this", "never asked for"]);

        let login = org.log_in(password().code(wrong)).await;

        let counts = org.counts();
        (login.end(), counts.tries, counts.refused)
    });
    found.await.is((Err(ErrorKind::Rejected), 3, 2));
}

#[tokio::test(start_paused = true)]
async fn a_code_that_another_job_used_is_followed_by_the_next_windows() {
    let found = in_each(worlds(), async |world| {
        let totp = totp();
        let org = world.org(Asks::Factor, &[&totp]);
        // A job on another machine, which shares nothing with us but the seed
        let elsewhere = app(&org.bed, &totp);
        let first = org.log_in(password().code(elsewhere)).await;

        let second = org.log_in(password().code(seed_of(&totp))).await;

        let counts = org.counts();
        (first.end(), second.end(), counts.tries, counts.refused)
    });
    found.await.is((Ok(()), Ok(()), 5, 1));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_answer_is_not_followed_by_another() {
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Factor, &[&question()]);

        let login = org.log_in(answer("Fido the 4th")).await;

        (login.end(), org.counts().tries, org.counts().refused)
    });
    found.await.is((Err(ErrorKind::Rejected), 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_push_is_not_sent_again() {
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Factor, &[&push(PushAnswer::Rejected)]);
        let walk = org.walk(password()).factor(Factor::Push(None));

        let login = org.log_in_by(walk).await;

        let (counts, number) = (org.counts(), login.told("number 0"));
        (login.end(), counts.pushes, counts.polls, number)
    });
    found.await.is((Err(ErrorKind::Rejected), 1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_push_that_nobody_named_is_not_sent() {
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Factor, &[&push(PushAnswer::Approved)]);

        let login = org.log_in(password()).await;

        (login.end(), org.counts().pushes)
    });
    found.await.is((Err(ErrorKind::Unsupported), 0));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_factor_beside_a_known_one_is_skipped() {
    let found = in_each(worlds(), async |world| {
        let (unknown, totp) = (OktaFactor::unknown("telepathy", "ACME"), totp());
        let org = world.org(Asks::Factor, &[&unknown, &totp]);

        let login = org.log_in(password().code(seed_of(&totp))).await;

        (login.end(), org.counts().tries)
    });
    found.await.is((Ok(()), 2));
}

#[tokio::test(start_paused = true)]
async fn a_passkey_of_another_host_signs_nothing() {
    let found = in_each(worlds(), async |world| {
        let (_, enrolled) = passkey(world.site());
        let (foreign, _) = passkey(world.other_site());
        let org = world.org(Asks::Factor, &[&enrolled]);

        let login = org.log_in(password().passkey(foreign)).await;

        (login.end().is_err(), org.counts().tries)
    });
    found.await.is((true, 1));
}

#[tokio::test(start_paused = true)]
async fn a_phone_answers_both_policies_when_it_is_asked_twice() {
    let found = in_each(worlds(), async |world| {
        let pushed = world.org(Asks::FactorTwice, &[&push(PushAnswer::Approved)]);
        let sent = world.org(Asks::FactorTwice, &[&OktaFactor::sms()]);
        let walk = pushed.walk(password()).factor(Factor::Push(None));

        let by_push = pushed.log_in_by(walk).await.end();
        let by_text = sent.log_in(password().code(sent.inbox())).await.end();

        (by_push, pushed.counts().pushes, by_text, sent.counts().sent)
    });
    found.await.is((Ok(()), 2, Ok(()), 2));
}
