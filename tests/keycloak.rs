//! Whole logins at a Keycloak realm: every version, theme and way back, and what each refusal looks like.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "keycloak/double.rs"]
mod double;
#[path = "keycloak/factors.rs"]
mod factors;
#[path = "keycloak/pages.rs"]
mod pages;
#[path = "keycloak/realm.rs"]
mod realm;
#[path = "keycloak/signature.rs"]
mod signature;

use doorward::{Credentials, Error, ErrorKind, FrontDoor, Grant, Portal, Secret, Walk};
use doorward_providers::Keycloak;
use doorward_testkit::{Fault, PORTAL_HOST, Testbed, Trouble as FaultTrouble};

use crate::double::{PASSWORD, SITE, UPSTREAM};
use crate::realm::{Back, Realm, Refusal, Trouble, Version};

fn start(realm: Realm) -> Testbed {
    let double = Box::new(double::Keycloak::new(realm));
    Testbed::builder().idp_double(double).start().unwrap()
}

fn walk(bed: &Testbed, user: &str, password: &str) -> Walk {
    Walk::new()
        .network(bed.network().unwrap())
        .credentials(Credentials::new(user, Secret::new(password)).unwrap())
        .idp_url(&bed.url(SITE))
        .unwrap()
        .adapter(Keycloak::default())
}

async fn log_in(bed: &Testbed, walk: Walk) -> Result<Grant, Error> {
    Portal::new(&bed.portal_url(), walk).unwrap().open().await
}

async fn success(bed: &Testbed, walk: Walk) -> Grant {
    let grant = log_in(bed, walk).await;
    assert_eq!(bed.complaints(), Vec::<String>::new());
    grant.unwrap_or_else(|error| panic!("{error}\n{}", error.trail()))
}

async fn refusal(bed: &Testbed, walk: Walk) -> Error {
    let error = log_in(bed, walk).await.unwrap_err();
    assert_eq!(bed.complaints(), Vec::<String>::new(), "{error}");
    error
}

/// Method, path behind the realm, and status of what the realm was asked
fn asked(bed: &Testbed) -> Vec<String> {
    let seen = bed.seen().into_iter().filter(|seen| seen.host == SITE);
    let lines = seen.map(|seen| {
        let inside = seen
            .path
            .split_once("/realms/corp/")
            .map_or("?", |(_, inside)| inside);
        format!("{} {inside} {}", seen.method, seen.status)
    });
    lines.collect()
}

/// How many posts had that field
fn sent(bed: &Testbed, field: &str) -> usize {
    let posts = bed.seen().into_iter().filter(|seen| seen.method == "POST");
    posts
        .filter(|seen| seen.host == SITE && seen.fields.iter().any(|name| name == field))
        .count()
}

fn context<'a>(error: &'a Error, name: &str) -> Option<&'a str> {
    let mut context = error.context();
    context
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Every version in its own theme and in one of somebody else's, by every way back
fn worlds() -> impl Iterator<Item = Realm> {
    let versions = [Version::V15, Version::V17, Version::V26];
    let backs = [Back::Query, Back::FormPost, Back::Saml];
    versions.into_iter().flat_map(move |version| {
        backs.into_iter().flat_map(move |back| {
            [false, true].into_iter().map(move |is_foreign| Realm {
                version,
                back,
                is_foreign,
                ..Realm::default()
            })
        })
    })
}

#[tokio::test]
async fn a_password_logs_in_whatever_version_theme_and_way_back() {
    for realm in worlds() {
        let (shown, back) = (format!("{realm:?}"), realm.back);
        let bed = start(realm);

        let grant = success(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

        assert_eq!(grant.idp(), Some(&*bed.url(SITE)));
        let (first, last) = match back {
            Back::Query => (
                "GET protocol/openid-connect/auth 200",
                "POST login-actions/authenticate 302",
            ),
            Back::FormPost => (
                "GET protocol/openid-connect/auth 200",
                "POST login-actions/authenticate 200",
            ),
            Back::Saml => (
                "GET protocol/saml 200",
                "POST login-actions/authenticate 200",
            ),
        };
        assert_eq!(asked(&bed), [first, last], "{shown}");
    }
}

#[tokio::test]
async fn all_adapters_together_leave_a_realm_to_its_own() {
    let bed = start(Realm {
        is_username_first: true,
        ..Realm::default()
    });
    let others = doorward_providers::all().into_iter();
    let walk = others
        .filter(|adapter| adapter.name() != "keycloak")
        .fold(walk(&bed, "ci-bot", PASSWORD), Walk::shared_adapter);

    success(&bed, walk).await;
}

#[tokio::test]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    for realm in worlds() {
        let shown = format!("{realm:?}");
        let bed = start(realm);

        let error = refusal(&bed, walk(&bed, "ci-bot", "wrong password")).await;

        assert_eq!(error.kind(), ErrorKind::Rejected, "{shown}: {error}");
        assert_eq!(
            (sent(&bed, "password"), asked(&bed).len()),
            (1, 2),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn every_shape_of_a_refusal_is_one() {
    for (refusal_, requests) in [
        (Refusal::Status(200), 2),
        (Refusal::Status(401), 2),
        (Refusal::Redirect { with_code: true }, 3),
        (Refusal::Redirect { with_code: false }, 3),
    ] {
        let bed = start(Realm {
            refusal: refusal_,
            ..Realm::default()
        });

        let error = refusal(&bed, walk(&bed, "ci-bot", "wrong password")).await;

        assert_eq!(error.kind(), ErrorKind::Rejected, "{refusal_:?}: {error}");
        assert_eq!(
            (sent(&bed, "password"), asked(&bed).len()),
            (1, requests),
            "{refusal_:?}"
        );
    }
}

#[tokio::test]
async fn a_locked_or_disabled_account_is_told_as_it_looks() {
    for (user, password) in [
        ("locked", PASSWORD),
        ("off", PASSWORD),
        ("off", "wrong password"),
        ("nobody", PASSWORD),
    ] {
        for is_foreign in [false, true] {
            let bed = start(Realm {
                is_foreign,
                ..Realm::default()
            });

            let error = refusal(&bed, walk(&bed, user, password)).await;

            assert_eq!(error.kind(), ErrorKind::Rejected, "{user}: {error}");
            let hint = error.next_step().unwrap();
            assert!(
                hint.contains("locked") && hint.contains("disabled"),
                "{hint}"
            );
            assert_eq!(sent(&bed, "password"), 1);
        }
    }
}

#[tokio::test]
async fn the_user_name_may_come_first() {
    for version in [Version::V15, Version::V17, Version::V26] {
        let realm = Realm {
            version,
            is_username_first: true,
            ..Realm::default()
        };
        let bed = start(realm.clone());
        success(&bed, walk(&bed, "ci-bot", PASSWORD)).await;
        assert_eq!(
            (
                asked(&bed).len(),
                sent(&bed, "username"),
                sent(&bed, "password")
            ),
            (3, 1, 1)
        );

        for (user, password, requests) in [("ci-bot", "wrong password", 3), ("nobody", PASSWORD, 2)]
        {
            let bed = start(realm.clone());
            let error = refusal(&bed, walk(&bed, user, password)).await;
            assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
            assert_eq!(asked(&bed).len(), requests, "{user}");
        }
    }
}

#[tokio::test]
async fn a_login_that_began_anew_is_gone_through_once_more() {
    for (trouble, version, requests) in [
        (Trouble::Stale, Version::V26, 4),
        (Trouble::Stale, Version::V15, 4),
        (Trouble::TimedOut, Version::V17, 4),
        (Trouble::TimedOut, Version::V26, 4),
        (Trouble::CookieLost, Version::V26, 4),
        (Trouble::PageExpired, Version::V26, 5),
    ] {
        let bed = start(Realm {
            version,
            trouble: Some((trouble, 1)),
            ..Realm::default()
        });

        success(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

        assert_eq!(
            (sent(&bed, "password"), asked(&bed).len()),
            (2, requests),
            "{trouble:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_after_a_new_beginning_is_rejected_after_one_attempt() {
    for trouble in [Trouble::Stale, Trouble::TimedOut, Trouble::PageExpired] {
        let bed = start(Realm {
            trouble: Some((trouble, 1)),
            ..Realm::default()
        });

        let error = refusal(&bed, walk(&bed, "ci-bot", "wrong password")).await;

        assert_eq!(error.kind(), ErrorKind::Rejected, "{trouble:?}: {error}");
        // The first one was not looked at.
        assert_eq!(sent(&bed, "password"), 2, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_login_that_begins_anew_again_and_again_is_unexpected() {
    for trouble in [
        Trouble::Stale,
        Trouble::TimedOut,
        Trouble::CookieLost,
        Trouble::PageExpired,
    ] {
        let bed = start(Realm {
            trouble: Some((trouble, u32::MAX)),
            ..Realm::default()
        });

        let error = refusal(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

        assert_eq!(
            error.kind(),
            ErrorKind::UnexpectedPage,
            "{trouble:?}: {error}"
        );
        assert_eq!(sent(&bed, "password"), 2, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_user_name_that_was_not_looked_at_is_sent_once_more() {
    for trouble in [Trouble::Stale, Trouble::TimedOut] {
        let bed = start(Realm {
            is_username_first: true,
            trouble: Some((trouble, 1)),
            ..Realm::default()
        });

        success(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

        assert_eq!((sent(&bed, "username"), sent(&bed, "password")), (2, 1));
    }
}

#[tokio::test]
async fn a_login_whose_cookies_are_lost_is_unexpected() {
    let bed = start(Realm {
        trouble: Some((Trouble::AllCookiesLost, 1)),
        ..Realm::default()
    });

    let error = refusal(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
    assert!(error.next_step().unwrap().contains("cookies"), "{error}");
    assert_eq!(sent(&bed, "password"), 1);
}

#[tokio::test]
async fn required_actions_are_told_in_words_and_not_answered() {
    for (user, action, word) in [
        ("new-password", "UPDATE_PASSWORD", "new password"),
        ("new-otp", "CONFIGURE_TOTP", "authenticator app"),
        ("no-profile", "VERIFY_PROFILE", "profile"),
        ("no-mail", "VERIFY_EMAIL", "mail address"),
        ("terms", "TERMS_AND_CONDITIONS", "terms"),
    ] {
        for (version, is_foreign) in [(Version::V15, false), (Version::V26, true)] {
            let bed = start(Realm {
                version,
                is_foreign,
                ..Realm::default()
            });

            let error = refusal(&bed, walk(&bed, user, PASSWORD)).await;

            assert_eq!(error.kind(), ErrorKind::AccountState, "{user}: {error}");
            assert!(error.message().contains(word), "{error}");
            assert_eq!(context(&error, "action"), Some(action));
            assert_eq!(
                (asked(&bed).len(), sent(&bed, "password")),
                (3, 1),
                "{user}"
            );
        }
    }
}

#[tokio::test]
async fn terms_are_accepted_if_the_caller_said_so() {
    let bed = start(Realm::default());

    success(&bed, walk(&bed, "terms", PASSWORD).accept_terms()).await;

    assert_eq!((asked(&bed).len(), sent(&bed, "accept")), (4, 1));
}

#[tokio::test]
async fn consent_is_given_only_if_the_caller_said_so() {
    for version in [Version::V15, Version::V17, Version::V26] {
        let realm = Realm {
            version,
            asks_consent: true,
            is_foreign: true,
            ..Realm::default()
        };
        let bed = start(realm.clone());
        let error = refusal(&bed, walk(&bed, "ci-bot", PASSWORD)).await;
        assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
        assert!(error.next_step().unwrap().contains("--accept-consent"));
        assert_eq!(sent(&bed, "code"), 0);

        let bed = start(realm);
        success(&bed, walk(&bed, "ci-bot", PASSWORD).accept_consent()).await;
        assert_eq!((sent(&bed, "accept"), sent(&bed, "cancel")), (1, 0));
    }
}

#[tokio::test]
async fn a_session_that_is_there_needs_no_password() {
    for back in [Back::Query, Back::FormPost, Back::Saml] {
        let bed = start(Realm {
            has_session: true,
            back,
            ..Realm::default()
        });

        success(&bed, walk(&bed, "ci-bot", "not asked for")).await;

        assert_eq!((asked(&bed).len(), sent(&bed, "password")), (1, 0));
    }
}

#[tokio::test]
async fn a_browser_without_a_ticket_goes_on_to_the_form() {
    let bed = start(Realm {
        negotiates: true,
        ..Realm::default()
    });

    success(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

    assert_eq!((asked(&bed).len(), sent(&bed, "password")), (3, 1));
}

fn brokered(realm: Realm) -> Testbed {
    let upstream = Realm {
        version: Version::V17,
        is_foreign: true,
        ..Realm::default()
    };
    let double = Box::new(double::Keycloak::brokered(realm, upstream));
    Testbed::builder().idp_double(double).start().unwrap()
}

/// A realm with two links to other providers, with a form or without
fn with_links(has_no_form: bool) -> Realm {
    let brokers = vec![("saml", "Partners"), ("upstream", "Head office")];
    Realm {
        brokers,
        has_no_form,
        ..Realm::default()
    }
}

#[tokio::test]
async fn another_provider_is_chosen_by_label_or_alias() {
    for (name, has_no_form) in [
        ("Head office", true),
        ("upstream", true),
        ("Head office", false),
        ("upstream", false),
    ] {
        let bed = brokered(with_links(has_no_form));
        let walk = walk(&bed, "ci-bot", PASSWORD)
            .idp_url(&bed.url(UPSTREAM))
            .unwrap();

        let grant = success(&bed, walk.login_option(name)).await;

        assert_eq!(grant.idp(), Some(&*bed.url(UPSTREAM)));
        let own = [
            "GET protocol/openid-connect/auth 200",
            "GET broker/upstream/login 303",
            "GET broker/upstream/endpoint 302",
        ];
        assert_eq!(asked(&bed), own);
        assert_eq!(
            bed.count(UPSTREAM, "/realms/upstream/login-actions/authenticate"),
            1
        );
    }
}

#[tokio::test]
async fn an_organisations_link_may_follow_the_user_name() {
    let realm = Realm {
        is_username_first: true,
        links_follow_the_name: true,
        ..with_links(false)
    };
    let bed = brokered(realm.clone());
    let chosen = walk(&bed, "ci-bot", PASSWORD)
        .idp_url(&bed.url(UPSTREAM))
        .unwrap()
        .login_option("upstream");
    success(&bed, chosen).await;
    assert_eq!((sent(&bed, "username"), sent(&bed, "password")), (1, 0));

    let bed = brokered(realm);
    let error = refusal(&bed, walk(&bed, "ci-bot", PASSWORD)).await;
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!((sent(&bed, "username"), sent(&bed, "password")), (1, 0));
}

#[tokio::test]
async fn without_a_choice_the_realms_own_form_is_taken() {
    let bed = brokered(with_links(false));

    success(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

    assert_eq!(asked(&bed).len(), 2);
}

#[tokio::test]
async fn several_links_alone_need_a_choice() {
    for (options, count) in [(&[][..], 0), (&["Partners", "Head office"][..], 0)] {
        let bed = brokered(with_links(true));
        let walk = options
            .iter()
            .fold(walk(&bed, "ci-bot", PASSWORD), |walk, option| {
                walk.login_option(option)
            });

        let error = refusal(&bed, walk).await;

        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert_eq!(
            context(&error, "labels"),
            Some(r#""Partners", "Head office""#)
        );
        assert_eq!(bed.count(SITE, "/realms/corp/broker/upstream/login"), count);
    }
}

#[tokio::test]
async fn the_only_link_is_followed_where_there_is_no_form() {
    let brokers = vec![("upstream", "Head office")];
    let bed = brokered(Realm {
        brokers,
        has_no_form: true,
        ..Realm::default()
    });
    let walk = walk(&bed, "ci-bot", PASSWORD)
        .idp_url(&bed.url(UPSTREAM))
        .unwrap();

    success(&bed, walk).await;

    assert_eq!(
        bed.count(UPSTREAM, "/realms/upstream/login-actions/authenticate"),
        1
    );
}

#[tokio::test]
async fn another_provider_that_nobody_named_gets_no_password() {
    let bed = brokered(with_links(true));

    let error = refusal(
        &bed,
        walk(&bed, "ci-bot", PASSWORD).login_option("upstream"),
    )
    .await;

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    assert_eq!(
        bed.count(UPSTREAM, "/realms/upstream/login-actions/authenticate"),
        0
    );
}

#[tokio::test]
async fn a_changed_page_is_no_rejection() {
    // The server answers the post with something that nobody knows.
    let bed = start(Realm::default());
    let path = "/realms/corp/login-actions/authenticate";
    bed.add_fault(Fault::new(SITE, path, FaultTrouble::ErrorPage));

    let error = refusal(&bed, walk(&bed, "ci-bot", PASSWORD)).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
    assert_eq!(bed.count(PORTAL_HOST, "/auth/oidc"), 0);
}
