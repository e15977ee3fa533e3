//! Whole logins at Dex: every version and theme, its connectors, its approval, and its refusals.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "dex/double.rs"]
mod double;
#[path = "dex/failures.rs"]
mod failures;
#[path = "dex/pages.rs"]
mod pages;
#[path = "dex/stage.rs"]
mod stage;

use doorward::ErrorKind;

use crate::double::{
    Kind, PASSWORD, SITE, Switches, Theme, UPSTREAM, UPSTREAM_USER, USER, Version,
};
use crate::stage::{Stage, credentials};

#[tokio::test]
async fn a_password_signs_in_at_every_version_and_theme() {
    for (version, theme) in stage::versions_and_themes() {
        let stage = Stage::new(Switches {
            version,
            theme,
            ..Switches::default()
        });

        let grant = stage.log_in(stage.walk()).await.unwrap();

        assert_eq!(grant.subject(), USER, "{version:?} {theme:?}");
        assert_eq!(grant.idp(), Some(&*stage.bed.url(SITE)));
        let mut told = stage::way_to_the_form(version);
        told.push(format!("POST {} 303", stage::form_of(version)));
        match version {
            Version::V2_45 => {}
            Version::Next => told.push("GET /dex/auth 303".to_owned()),
            _ => told.push("GET /dex/approval 303".to_owned()),
        }
        assert_eq!(stage.requests(), told, "{version:?} {theme:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    for (version, theme) in stage::versions_and_themes() {
        for (user, password) in [(USER, "wrong"), ("nobody@acme.test", PASSWORD)] {
            let stage = Stage::new(Switches {
                version,
                theme,
                ..Switches::default()
            });
            let walk = stage.walk().credentials(credentials(user, password));

            let error = stage.log_in(walk).await.unwrap_err();

            assert_eq!(
                error.kind(),
                ErrorKind::Rejected,
                "{version:?} {theme:?}: {error}"
            );
            let mut told = stage::way_to_the_form(version);
            let status = if version < Version::V2_45 { 200 } else { 401 };
            told.push(format!("POST {} {status}", stage::form_of(version)));
            assert_eq!(stage.requests(), told, "{version:?} {theme:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_says_that_it_may_be_a_lock_and_shows_no_secret() {
    let stage = Stage::new(Switches::default());
    let walk = stage.walk().credentials(credentials(USER, "wrong canary"));

    let error = stage.log_in(walk).await.unwrap_err();

    assert!(error.message().contains("locked or disabled"), "{error}");
    let shown = format!(
        "{error} {error:?} {:?} {:?}",
        error.trail(),
        error.next_step()
    );
    for secret in stage
        .bed
        .secrets()
        .iter()
        .map(String::as_str)
        .chain(["canary"])
    {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn approval_is_not_given_unless_the_caller_allows_it() {
    for (version, theme) in stage::versions_and_themes() {
        let stage = Stage::new(Switches {
            version,
            theme,
            skip_approval: false,
            ..Switches::default()
        });

        let error = stage.log_in(stage.walk()).await.unwrap_err();

        assert_eq!(
            error.kind(),
            ErrorKind::AccountState,
            "{version:?} {theme:?}: {error}"
        );
        assert!(error.next_step().unwrap().contains("--accept-consent"));
        assert_eq!(stage.posts("/dex/approval"), 0);
    }
}

#[tokio::test]
async fn approval_that_the_caller_allows_is_given_once() {
    for (version, theme) in stage::versions_and_themes() {
        let stage = Stage::new(Switches {
            version,
            theme,
            skip_approval: false,
            ..Switches::default()
        });

        let grant = stage.log_in(stage.walk().accept_consent()).await.unwrap();

        assert_eq!(grant.subject(), USER, "{version:?} {theme:?}");
        let mut told = stage::way_to_the_form(version);
        told.push(format!("POST {} 303", stage::form_of(version)));
        if version == Version::Next {
            told.push("GET /dex/auth 303".to_owned());
        }
        told.push("GET /dex/approval 200".to_owned());
        told.push("POST /dex/approval 303".to_owned());
        assert_eq!(stage.requests(), told, "{version:?} {theme:?}");
    }
}

#[tokio::test]
async fn of_several_connectors_none_is_taken_unless_the_caller_chooses() {
    for (version, theme) in stage::versions_and_themes() {
        let stage = Stage::new(several(version, theme));

        let error = stage.log_in(stage.walk()).await.unwrap_err();

        assert_eq!(
            error.kind(),
            ErrorKind::Config,
            "{version:?} {theme:?}: {error}"
        );
        assert!(error.next_step().unwrap().contains("--login-option"));
        let context = |key| error.context().find(|(known, _)| *known == key).unwrap().1;
        let labels = match theme {
            Theme::Stock => r#""Log in with ldap", "Log in with partner", "Log in with mock""#,
            Theme::Own => r#""Weiter mit ldap", "Weiter mit partner", "Weiter mit mock""#,
        };
        assert_eq!(
            (context("labels"), context("ids")),
            (labels, "ldap, partner, mock")
        );
        assert_eq!(stage.requests(), ["GET /dex/auth 200"]);
    }
}

#[tokio::test]
async fn a_connector_is_chosen_by_its_label_or_its_id() {
    for (version, theme) in stage::versions_and_themes() {
        let label = match theme {
            Theme::Stock => "Log in with ldap",
            Theme::Own => "Weiter mit ldap",
        };
        for option in [label, "ldap"] {
            let stage = Stage::new(several(version, theme));

            let grant = stage
                .log_in(stage.walk().login_option(option))
                .await
                .unwrap();

            assert_eq!(grant.subject(), USER, "{version:?} {theme:?}");
            assert_eq!(
                stage.posts(&stage::form_of(version).replace("local", "ldap")),
                1
            );
        }
    }
}

#[tokio::test]
async fn a_connector_that_is_shown_alone_is_followed() {
    for (version, theme) in stage::versions_and_themes() {
        let stage = Stage::new(Switches {
            version,
            theme,
            always_choose: true,
            ..Switches::default()
        });

        let grant = stage.log_in(stage.walk()).await.unwrap();

        assert_eq!(grant.subject(), USER, "{version:?} {theme:?}");
    }
}

#[tokio::test]
async fn a_connectors_own_provider_is_another_adapters() {
    for kind in [Kind::Oidc, Kind::Saml] {
        for version in stage::VERSIONS {
            let stage = Stage::new(Switches {
                version,
                connectors: vec![("ldap", Kind::Password), ("partner", kind)],
                skip_approval: false,
                ..Switches::default()
            });
            let walk = stage.walk().login_option("partner").accept_consent();

            let grant = stage.log_in(walk).await.unwrap();

            assert_eq!(grant.subject(), UPSTREAM_USER, "{version:?} {kind:?}");
            assert_eq!(stage.bed.count(UPSTREAM, "/login"), 1);
            assert_eq!(
                stage.posts(&stage::form_of(version).replace("local", "ldap")),
                0
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_of_a_connectors_own_provider_is_told_as_its_own() {
    let stage = Stage::new(Switches {
        connectors: vec![("partner", Kind::Oidc)],
        ..Switches::default()
    });
    let walk = stage.walk().credentials(credentials(USER, "wrong"));

    let error = stage.log_in(walk).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert!(
        error.context().any(|pair| pair == ("adapter", "upstream")),
        "{error}"
    );
    assert_eq!(stage.bed.count(UPSTREAM, "/login"), 1);
}

#[tokio::test]
async fn a_connectors_own_provider_gets_nothing_unless_it_is_named() {
    let stage = Stage::new(Switches {
        connectors: vec![("partner", Kind::Oidc)],
        ..Switches::default()
    });

    let error = stage.log_in(stage.walk_to(&[SITE])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    assert_eq!(stage.bed.count(UPSTREAM, "/login"), 0);
}

#[tokio::test]
async fn dex_gets_nothing_unless_it_is_named() {
    let stage = Stage::new(Switches::default());

    let error = stage.log_in(stage.walk_to(&[UPSTREAM])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    assert_eq!(stage.posts("/dex/auth/local/login"), 0);
}

#[tokio::test]
async fn a_connector_that_asks_nothing_needs_no_adapter() {
    let stage = Stage::new(Switches {
        connectors: vec![("mock", Kind::Mock)],
        ..Switches::default()
    });

    let grant = stage.log_in(stage.walk()).await.unwrap();

    assert_eq!(grant.subject(), UPSTREAM_USER);
    assert_eq!(grant.idp(), None);
}

/// The coming version keeps a session in a cookie, and every login has cookies of its own
#[tokio::test]
async fn a_session_of_one_login_is_none_of_the_next() {
    let stage = Stage::new(Switches {
        version: Version::Next,
        ..Switches::default()
    });

    for logins in 1..=2 {
        stage.log_in(stage.walk()).await.unwrap();

        assert_eq!(stage.posts("/dex/auth/local/login"), logins);
    }
}

fn several(version: Version, theme: Theme) -> Switches {
    Switches {
        version,
        theme,
        connectors: vec![
            ("ldap", Kind::Password),
            ("partner", Kind::Oidc),
            ("mock", Kind::Mock),
        ],
        ..Switches::default()
    }
}
