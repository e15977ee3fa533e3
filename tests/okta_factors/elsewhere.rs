//! A factor that is a login at another provider: another adapter signs in there.

use doorward::ErrorKind;
use doorward_providers::OpenUnison;
use doorward_testkit::{OktaFactor, OktaSwitches, PARTNER_HOST, StepUp};

use crate::world::{asking, bed, bed_with, passwords, refusal, success, walk};

#[tokio::test(start_paused = true)]
async fn another_adapter_signs_in_there_and_the_walk_comes_back() {
    for step_up in [StepUp::None, StepUp::Met] {
        let switches = OktaSwitches {
            step_up,
            ..asking()
        };
        let bed = bed_with(switches, &[&OktaFactor::claims_provider()]);
        let walk = walk(&bed, |credentials| credentials)
            .adapter(OpenUnison::default())
            .idp_url(&bed.url(PARTNER_HOST))
            .unwrap();

        let told = success(&bed, walk).await;

        assert_eq!(
            told,
            ["Okta leaves the second factor to another provider: Partner IdP"]
        );
        let posts = bed.count(PARTNER_HOST, "/auth/formlogin");
        assert_eq!((posts, passwords(&bed)), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_nobody_named_gets_nothing() {
    let bed = bed(&[&OktaFactor::claims_provider()]);
    let walk = walk(&bed, |credentials| credentials).adapter(OpenUnison::default());

    let error = refusal(&bed, walk).await;

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(error.next_step().unwrap().contains(PARTNER_HOST));
    let posts = bed.seen().into_iter();
    assert_eq!(
        posts
            .filter(|seen| seen.host == PARTNER_HOST && seen.method == "POST")
            .count(),
        0
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
}
