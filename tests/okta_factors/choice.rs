//! Which of several factors is answered.

use doorward::{CodeSource, ErrorKind, Factor, Secret, SecretSource, Walk};
use doorward_testkit::{OktaFactor, OktaSwitches, PushAnswer, Testbed};

use crate::world::{
    asked, asking, bed, bed_with, context, list, refusal, seed_of, success, walk, walk_with,
};

/// An account with nearly everything
struct Account {
    push: OktaFactor,
    okta: OktaFactor,
    sms: OktaFactor,
    google: OktaFactor,
    question: OktaFactor,
    bed: Testbed,
}

fn account(switches: OktaSwitches) -> Account {
    let push = OktaFactor::push(PushAnswer::Approved, 0);
    let (okta, google) = (OktaFactor::totp("OKTA"), OktaFactor::totp("GOOGLE"));
    let (sms, question) = (OktaFactor::sms(), OktaFactor::question("Food?", "okra"));
    let odd = OktaFactor::unknown("telepathy", "ACME");
    let bed = bed_with(
        switches,
        &[
            &odd,
            &push,
            &okta,
            &sms,
            &OktaFactor::duo(),
            &google,
            &question,
        ],
    );
    Account {
        push,
        okta,
        sms,
        google,
        question,
        bed,
    }
}

fn wished(bed: &Testbed, source: CodeSource, wishes: &[&str]) -> Walk {
    let walk = walk(bed, |credentials| {
        credentials
            .code(source)
            .answer(SecretSource::value(Secret::new("okra")))
    });
    wishes
        .iter()
        .fold(walk, |walk, wish| walk.factor(Factor::parse(wish).unwrap()))
}

fn was_verified(account: &Account, factor: &OktaFactor) -> bool {
    let lines = asked(&account.bed, &[(factor, "THIS")]);
    lines.iter().any(|line| line.contains("/THIS/verify"))
}

#[tokio::test(start_paused = true)]
async fn without_a_wish_the_first_that_needs_nobody_is_answered() {
    for factors_under_factor in [false, true] {
        let account = account(OktaSwitches {
            factors_under_factor,
            ..asking()
        });

        success(
            &account.bed,
            walk_with(&account.bed, seed_of(&account.google)),
        )
        .await;

        assert!(was_verified(&account, &account.google));
        assert_eq!(
            (
                account.bed.factor_counts().pushes,
                account.bed.factor_counts().sent
            ),
            (0, 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_wish_decides_and_names_the_provider_where_there_are_two() {
    let one = account(asking());
    success(
        &one.bed,
        wished(&one.bed, seed_of(&one.okta), &["totp:okta"]),
    )
    .await;
    assert!(was_verified(&one, &one.okta) && !was_verified(&one, &one.google));

    let one = account(asking());
    success(&one.bed, wished(&one.bed, list(&[]), &["question", "totp"])).await;
    assert!(was_verified(&one, &one.question));

    let one = account(asking());
    success(&one.bed, wished(&one.bed, list(&[]), &["webauthn", "push"])).await;
    assert!(was_verified(&one, &one.push));
    assert!(!was_verified(&one, &one.sms));
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_nothing_fits_ends_the_login_before_any_factor() {
    let account = account(asking());

    let error = refusal(
        &account.bed,
        wished(
            &account.bed,
            seed_of(&account.google),
            &["webauthn", "call"],
        ),
    )
    .await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(context(&error, "wanted"), Some("webauthn, call"));
    assert_eq!(account.bed.factor_counts().verifies, 0);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_answer_is_listed_the_unknown_too() {
    let account = account(asking());

    let error = refusal(&account.bed, walk(&account.bed, |credentials| credentials)).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        context(&error, "offered"),
        Some("push:okta, sms:okta, totp:google, question:okta, totp:okta")
    );
    assert_eq!(
        context(&error, "unknown"),
        Some("telepathy (ACME), web (DUO)")
    );
    assert!(error.next_step().unwrap().contains("DOORWARD_TOTP_SEED"));
    assert_eq!(account.bed.factor_counts().verifies, 0);
}

#[tokio::test(start_paused = true)]
async fn an_account_with_unknown_factors_only_is_told_so() {
    let bed = bed(&[
        &OktaFactor::unknown("telepathy", "ACME"),
        &OktaFactor::duo(),
    ]);

    let error = refusal(&bed, walk_with(&bed, list(&["123456"]))).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(context(&error, "offered"), Some("none that doorward knows"));
    assert_eq!(
        context(&error, "unknown"),
        Some("telepathy (ACME), web (DUO)")
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_code_of_the_wrong_app_says_which_others_there_are() {
    let account = account(asking());

    let error = refusal(
        &account.bed,
        walk_with(&account.bed, seed_of(&account.okta)),
    )
    .await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    let next = error.next_step().unwrap();
    assert!(next.contains("--factor totp:okta"), "{next}");
}
