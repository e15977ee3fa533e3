//! Two policies in one login: the organisation's and the application's.

use doorward::{CodeSource, ErrorKind, Factor, Secret, SecretSource};
use doorward_testkit::{
    OktaFactor, OktaSwitches, OrgFactor, PortalIdp, PushAnswer, StepUp, Testbed,
};

use crate::world::{
    app, asked, asking, bed_with, context, list, passwords, refusal, seed_of, start, success, walk,
    walk_with,
};

fn stepping_up() -> OktaSwitches {
    OktaSwitches {
        step_up: StepUp::Factor,
        ..asking()
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_totp_of_a_login_waits_for_its_own_window() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed_with(stepping_up(), &[&totp]);
    let before = bed.clock().seconds();

    let told = success(&bed, walk_with(&bed, seed_of(&totp))).await;

    assert_eq!(
        asked(&bed, &[(&totp, "TOTP")]),
        [
            "GET /oauth2/v1/authorize 302",
            "GET /login/login.htm 200",
            "GET /.well-known/okta-organization 200",
            "POST /api/v1/authn 200",
            "POST /api/v1/authn/factors/TOTP/verify 200",
            "GET /login/sessionCookieRedirect 302",
            "GET /oauth2/v1/authorize/redirect 200",
            "POST /api/v1/authn 200",
            "POST /api/v1/authn/factors/TOTP/verify 200",
            "GET /login/step-up/redirect 302",
            "GET /oauth2/v1/authorize/redirect 302",
        ]
    );
    let counts = bed.factor_counts();
    assert_eq!((counts.replayed, counts.wrong, counts.skewed), (0, 0, 0));
    assert!(
        told.iter().any(|told| told.starts_with("waits ")),
        "{told:?}"
    );
    // The window began ten seconds before the first request.
    assert!(bed.clock().seconds() >= before + 20);
}

#[tokio::test(start_paused = true)]
async fn an_app_may_ask_where_the_org_does_not() {
    for (idp, step_up_by_redirect) in [
        (PortalIdp::OktaOidc, false),
        (PortalIdp::OktaOidc, true),
        (PortalIdp::OktaSaml, false),
    ] {
        let totp = OktaFactor::totp("GOOGLE");
        let switches = OktaSwitches {
            org_factor: OrgFactor::Never,
            step_up_by_redirect,
            ..stepping_up()
        };
        let bed = start(Testbed::builder().idp(idp).okta(switches), &[&totp]);

        success(&bed, walk_with(&bed, seed_of(&totp))).await;

        assert_eq!((bed.factor_counts().verifies, passwords(&bed)), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn codes_that_are_the_same_for_both_policies_are_given_once() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed_with(stepping_up(), &[&totp]);
    let code = totp.code_at(bed.clock().seconds()).unwrap();

    let error = refusal(&bed, walk_with(&bed, CodeSource::fixed(Secret::new(code)))).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(context(&error, "factor"), Some("totp:google"));
    assert_eq!(
        (bed.factor_counts().verifies, bed.factor_counts().replayed),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_factor_may_answer_both_policies() {
    let question = OktaFactor::question("Food?", "okra");
    let bed = bed_with(stepping_up(), &[&question]);
    let answer = SecretSource::value(Secret::new("okra"));
    success(&bed, walk(&bed, |credentials| credentials.answer(answer))).await;
    assert_eq!(bed.factor_counts().verifies, 2);

    let push = OktaFactor::push(PushAnswer::Approved, 1);
    let bed = bed_with(stepping_up(), &[&push]);
    let walk = walk(&bed, |credentials| credentials).factor(Factor::Push(None));
    success(&bed, walk).await;
    assert_eq!(bed.factor_counts().pushes, 2);
}

#[tokio::test(start_paused = true)]
async fn the_second_text_message_waits_for_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox");
    let switches = OktaSwitches {
        outbox_file: Some(file.clone()),
        ..stepping_up()
    };
    let bed = bed_with(switches, &[&OktaFactor::sms()]);
    let source = CodeSource::command(format!("cat {}", file.display()));

    let told = success(&bed, walk_with(&bed, source)).await;

    assert_eq!(bed.factor_counts().sent, 2);
    assert!(
        told.iter()
            .any(|told| told.starts_with("Okta asks to wait")),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_step_up_that_is_refused_leaves_the_password_alone() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed_with(stepping_up(), &[&totp]);
    let good = totp.code_at(bed.clock().seconds()).unwrap();

    let error = refusal(
        &bed,
        walk_with(&bed, list(&[&good, "000000", "111111", "222222"])),
    )
    .await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(
        (
            bed.factor_counts().verifies,
            bed.factor_counts().wrong,
            passwords(&bed)
        ),
        (3, 2, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_that_shows_one_code_for_both_policies_is_told_apart_from_a_wrong_one() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed_with(stepping_up(), &[&totp]);

    let error = refusal(&bed, walk_with(&bed, app(&bed, &totp))).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
