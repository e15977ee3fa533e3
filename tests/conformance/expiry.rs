//! Logins that take too long: told so, and not begun anew with the same password.

use std::time::Duration;

use doorward::{CodeSource, ErrorKind, Event, FrontDoor, Portal, Secret};

use crate::matrix::enrolled::totp;
use crate::matrix::{Asks, in_each, password};
use crate::requests::{classic, worlds};

#[tokio::test(start_paused = true)]
async fn a_code_that_comes_after_the_end_of_the_login_says_so() {
    let found = in_each(worlds(), async |world| {
        let totp = totp();
        let org = world.org(Asks::Factor, &[&totp]);
        let (clock, ours) = (org.bed.clock().clone(), totp.clone());
        let late = CodeSource::callback(move |_| {
            clock.advance(Duration::from_secs(3 * 3600));
            Ok(Secret::new(ours.code_at(clock.seconds()).unwrap()))
        });

        let login = org.log_in(password().code(late)).await;

        (login.end(), org.counts().tries)
    });
    let told = (Err(ErrorKind::UnexpectedPage), 2);
    found.await.is(told);
}

#[tokio::test]
async fn a_session_token_that_lay_too_long_is_no_wrong_password() {
    let found = in_each(classic(), async |world| {
        let org = world.org(Asks::Password, &[]);
        let clock = org.bed.clock().clone();
        let walk = org.walk(password()).on_event(move |event| {
            if let Event::Hop(hop) = event
                && hop.path == "/api/v1/authn"
            {
                clock.advance(Duration::from_secs(301));
            }
        });

        let portal = Portal::new(&org.bed.portal_url(), walk).unwrap();
        let error = portal.open().await.unwrap_err();

        let spent = org.bed.complaints();
        assert_eq!(spent.len(), 1, "{world}: {spent:?}");
        (error.kind(), org.counts().tries)
    });
    let told = (ErrorKind::UnexpectedPage, 1);
    found.await.is(told);
}
