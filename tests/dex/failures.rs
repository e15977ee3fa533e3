//! Logins that fail at Dex without a refusal of the credentials: each has its kind, and costs one attempt at most.

use std::time::Duration;

use doorward::{Error, ErrorKind, Event};
use doorward_testkit::{Fault, Trouble};

use crate::double::{Kind, PASSWORD, SITE, Switches, Theme, UNASSIGNED, UPSTREAM, Version};
use crate::stage::{self, Stage, credentials};

fn is_by_dex(error: &Error) -> bool {
    error.context().any(|pair| pair == ("adapter", "dex"))
}

#[tokio::test]
async fn a_login_that_dex_does_not_know_any_more_is_no_wrong_password() {
    for (version, theme) in stage::versions_and_themes() {
        let stage = Stage::new(Switches {
            version,
            theme,
            ..Switches::default()
        });
        let clock = stage.bed.clock().clone();
        let form = stage::form_of(version);
        let late = move |event: &Event<'_>| {
            if let Event::Hop(hop) = event
                && (hop.path == form && hop.status == 200)
            {
                clock.advance(Duration::from_secs(25 * 3600));
            }
        };

        let error = stage.log_in(stage.walk().on_event(late)).await.unwrap_err();

        assert_eq!(
            error.kind(),
            ErrorKind::UnexpectedPage,
            "{version:?} {theme:?}: {error}"
        );
        assert!(error.message().contains("does not know this login") && is_by_dex(&error));
        assert_eq!(stage.posts(form), 1);
    }
}

#[tokio::test]
async fn a_login_that_is_lost_before_the_form_asks_for_no_password() {
    let stage = Stage::new(Switches::default());
    let clock = stage.bed.clock().clone();
    let late = move |event: &Event<'_>| {
        if let Event::Hop(hop) = event
            && hop.path == "/dex/auth/local"
        {
            clock.advance(Duration::from_secs(25 * 3600));
        }
    };

    let error = stage.log_in(stage.walk().on_event(late)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
    assert!(error.message().contains("does not know this login") && is_by_dex(&error));
    assert_eq!(stage.posts("/dex/auth/local/login"), 0);
}

#[tokio::test]
async fn a_connector_without_its_directory_is_unavailable() {
    for version in stage::VERSIONS {
        let stage = Stage::new(Switches {
            version,
            connectors: vec![("local", Kind::Broken)],
            ..Switches::default()
        });

        let error = stage.log_in(stage.walk()).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unavailable, "{version:?}: {error}");
        assert!(error.message().contains("connector") && is_by_dex(&error));
        assert_eq!(stage.posts(stage::form_of(version)), 1);
    }
}

#[tokio::test]
async fn a_connector_that_is_gone_is_told() {
    for (version, theme) in stage::versions_and_themes() {
        let stage = Stage::new(Switches {
            version,
            theme,
            connectors: vec![("local", Kind::Gone)],
            ..Switches::default()
        });

        let error = stage.log_in(stage.walk()).await.unwrap_err();

        assert!(is_by_dex(&error), "{version:?} {theme:?}: {error}");
        // Where an id was made before, Dex says the same of a login that it forgot.
        let told = match version {
            Version::V2_24 => ErrorKind::UnexpectedPage,
            _ => ErrorKind::Portal,
        };
        assert_eq!(error.kind(), told, "{version:?} {theme:?}: {error}");
    }
}

#[tokio::test]
async fn an_account_that_a_connector_refuses_is_told_where_dex_tells_it() {
    for (status, told) in [(403, ErrorKind::Denied), (500, ErrorKind::Unavailable)] {
        for kind in [Kind::Oidc, Kind::Saml, Kind::Mock] {
            let stage = Stage::new(Switches {
                connectors: vec![("partner", kind)],
                refuses_with: Some(status),
                ..Switches::default()
            });

            let error = stage.log_in(stage.walk()).await.unwrap_err();

            assert_eq!(error.kind(), told, "{kind:?}: {error}");
            assert!(is_by_dex(&error), "{error}");
            assert!(error.next_step().unwrap().contains("group"));
            assert!(stage.bed.count(UPSTREAM, "/login") <= 1);
        }
    }
}

#[tokio::test]
async fn an_account_that_the_provider_behind_refuses_is_denied() {
    let stage = Stage::new(Switches {
        connectors: vec![("partner", Kind::Oidc)],
        ..Switches::default()
    });
    let walk = stage.walk().credentials(credentials(UNASSIGNED, PASSWORD));

    let error = stage.log_in(walk).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let mut context = error.context();
    assert!(
        context.any(|pair| pair == ("provider_said", "access_denied")),
        "{error}"
    );
    assert!(is_by_dex(&error));
    assert_eq!(stage.bed.count(UPSTREAM, "/login"), 1);
}

#[tokio::test]
async fn a_page_that_merely_changed_is_never_a_rejection() {
    for (trouble, told) in [
        (Trouble::ErrorPage, ErrorKind::UnexpectedPage),
        (Trouble::EmptyBody, ErrorKind::UnexpectedPage),
        (Trouble::Status(404), ErrorKind::UnexpectedPage),
        (Trouble::Status(403), ErrorKind::UnexpectedPage),
        (Trouble::BadGateway, ErrorKind::Unavailable),
        (Trouble::Unavailable, ErrorKind::Unavailable),
        (Trouble::Status(429), ErrorKind::Unavailable),
        (Trouble::HangUp, ErrorKind::Transport),
        (Trouble::LostAnswer, ErrorKind::Transport),
    ] {
        let stage = Stage::new(Switches::default());
        let fault = Fault::new(SITE, "/dex/auth/local/login", trouble.clone());
        stage.bed.add_fault(fault.nth(2));

        let error = stage.log_in(stage.walk()).await.unwrap_err();

        assert_eq!(error.kind(), told, "{trouble:?}: {error}");
        assert_eq!(stage.posts("/dex/auth/local/login"), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn an_approval_whose_answer_changed_is_not_given_again() {
    for (trouble, told) in [
        (Trouble::ErrorPage, ErrorKind::UnexpectedPage),
        (Trouble::Status(401), ErrorKind::UnexpectedPage),
        (Trouble::BadGateway, ErrorKind::Unavailable),
    ] {
        let stage = Stage::new(Switches {
            skip_approval: false,
            ..Switches::default()
        });
        let fault = Fault::new(SITE, "/dex/approval", trouble.clone());
        stage.bed.add_fault(fault.nth(2));

        let error = stage
            .log_in(stage.walk().accept_consent())
            .await
            .unwrap_err();

        assert_eq!(error.kind(), told, "{trouble:?}: {error}");
        assert_eq!(stage.posts("/dex/approval"), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_failure_of_dex_without_its_mark_is_told_by_its_status() {
    let stage = Stage::new(Switches {
        theme: Theme::Own,
        ..Switches::default()
    });
    stage.bed.add_fault(Fault::new(
        SITE,
        "/dex/auth/local/login",
        Trouble::Status(500),
    ));

    let error = stage.log_in(stage.walk()).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(!is_by_dex(&error));
}
