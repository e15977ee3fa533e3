//! Passwords that are not taken: tried once, whatever the reason.

use doorward::{Credentials, ErrorKind, Secret};
use doorward_testkit::{ErrorStatus, IdxSwitches, OktaSwitches, Person, Testbed, USER};

use crate::matrix::{Asks, in_each, password, wrong_password};
use crate::requests::{identity, worlds};

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    let found = in_each(worlds(), async |world| {
        let org = world.org(Asks::Password, &[]);

        let login = org.log_in(wrong_password()).await;

        (login.end(), org.counts().tries)
    });
    found.await.is((Err(ErrorKind::Rejected), 1));
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_met_with_one_password_for_each_login() {
    for (show_lockouts, kind) in [
        (false, ErrorKind::Rejected),
        (true, ErrorKind::AccountState),
    ] {
        let found = in_each(worlds(), async |world| {
            let org = world.org_with(
                OktaSwitches {
                    lock_after: 1,
                    show_lockouts,
                    ..world.switches(Asks::Password)
                },
                &[],
            );
            let locking = org.log_in(wrong_password()).await;
            let tries = org.counts().tries;

            let locked = org.log_in(password()).await;

            (locking.end(), tries, locked.end(), org.counts().tries)
        });
        found.await.is((Err(kind), 1, Err(kind), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_unknown_is_rejected_whatever_the_engine_makes_of_it() {
    let nobody = || Credentials::new("nobody@acme.test", Secret::new("whatever")).unwrap();
    for error_status in [ErrorStatus::Usual, ErrorStatus::Ok, ErrorStatus::BadRequest] {
        for hide_unknown_users in [false, true] {
            let found = in_each(identity(), async |world| {
                let switches = world.switches(Asks::Password);
                let org = world.org_with(
                    OktaSwitches {
                        idx: IdxSwitches {
                            error_status,
                            hide_unknown_users,
                            ..switches.idx.clone()
                        },
                        ..switches
                    },
                    &[],
                );

                let login = org.log_in(nobody()).await;

                (login.end(), org.counts().tries)
            });
            let tries = usize::from(hide_unknown_users);
            found.await.is((Err(ErrorKind::Rejected), tries));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_people_in_a_row_get_tokens_of_their_own() {
    let found = in_each(worlds(), async |world| {
        let anna = Person::new("anna@acme.test", "an0ther passw0rd");
        let org = world.build(
            Testbed::builder().person(anna),
            world.switches(Asks::Password),
            &[],
        );
        let other = Credentials::new("anna@acme.test", Secret::new("an0ther passw0rd"));

        let logins = [
            org.log_in(password()).await,
            org.log_in(other.unwrap()).await,
        ];

        logins.map(|login| login.outcome.unwrap().subject().to_owned())
    });
    let subjects = [USER, "anna@acme.test"].map(str::to_owned);
    found.await.is(subjects);
}
