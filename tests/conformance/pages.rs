//! Pages, hosts and cookies: a login stays where its page is.

use doorward::ErrorKind;
use doorward_testkit::{IdxSwitches, LoginPage, OktaSwitches, Seen, TokenShape};

use crate::matrix::enrolled::totp;
use crate::matrix::{Asks, Org, in_each, password};
use crate::requests::{classic, identity, worlds};
use crate::world::seed_of;

/// Requests to both hosts of the organisation
fn at_org(org: &Org) -> Vec<Seen> {
    let hosts = [org.world.site(), org.world.other_site()];
    let seen = org.bed.seen().into_iter();
    seen.filter(|seen| hosts.contains(&seen.host.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_page_that_names_the_other_host_keeps_the_login_at_its_own() {
    let found = in_each(worlds(), async |world| {
        let totp = totp();
        let switches = OktaSwitches {
            state_token: TokenShape::ModelDataBag,
            foreign_base_url: true,
            decoy: true,
            ..world.switches(Asks::FactorTwice)
        };
        let org = world.org_with(switches, &[&totp]);

        let login = org.log_in(password().code(seed_of(&totp))).await;

        let elsewhere = at_org(&org).into_iter();
        let elsewhere = elsewhere.filter(|seen| seen.host == world.other_site());
        (login.end(), elsewhere.count())
    });
    found.await.is((Ok(()), 0));
}

#[tokio::test(start_paused = true)]
async fn a_classic_page_of_any_shape_may_name_the_other_host() {
    for login_page in [
        LoginPage::HiddenInput,
        LoginPage::Script,
        LoginPage::AtAppUrl,
    ] {
        let found = in_each(classic(), async |world| {
            let switches = OktaSwitches {
                login_page,
                state_token: TokenShape::ModelDataBag,
                foreign_base_url: true,
                ..world.switches(Asks::Password)
            };
            let org = world.org_with(switches, &[]);

            org.log_in(password()).await.end()
        });
        found.await.is(Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn requests_after_the_page_carry_its_cookies() {
    let found = in_each(worlds(), async |world| {
        let totp = totp();
        let org = world.org(Asks::FactorTwice, &[&totp]);

        let login = org.log_in(password().code(seed_of(&totp))).await;

        let seen = at_org(&org);
        let has = |seen: &Seen, name: &str| seen.cookies.iter().any(|known| known == name);
        let all = seen.iter().skip(1);
        let without = all.filter(|seen| !has(seen, "DT") || !has(seen, "JSESSIONID"));
        (login.end(), without.count())
    });
    found.await.is((Ok(()), 0));
}

#[tokio::test(start_paused = true)]
async fn a_cookie_that_the_page_takes_away_is_not_sent_back() {
    let found = in_each(classic(), async |world| {
        let org = world.org(Asks::Password, &[]);

        let login = org.log_in(password()).await;

        let seen = at_org(&org);
        let page = seen.iter().position(|seen| seen.path == "/login/login.htm");
        let around = [page.unwrap(), page.unwrap() + 1];
        let sent = around.map(|at| seen[at].cookies.iter().any(|name| name == "t"));
        (login.end(), sent)
    });
    found.await.is((Ok(()), [true, false]));
}

#[tokio::test(start_paused = true)]
async fn a_step_up_is_resumed_by_its_token_alone() {
    let found = in_each(classic(), async |world| {
        let totp = totp();
        let org = world.org(Asks::FactorTwice, &[&totp]);

        let login = org.log_in(password().code(seed_of(&totp))).await;

        let calls = at_org(&org).into_iter();
        let calls = calls.filter(|seen| seen.path == "/api/v1/authn");
        (login.end(), calls.map(|seen| seen.fields).next_back())
    });
    let fields = Some(vec!["stateToken".to_owned()]);
    found.await.is((Ok(()), fields));
}

#[tokio::test(start_paused = true)]
async fn an_identity_engine_is_not_asked_by_the_classic_api() {
    let found = in_each(identity(), async |world| {
        let totp = totp();
        let switches = world.switches(Asks::FactorTwice);
        let switches = OktaSwitches {
            idx: IdxSwitches {
                authn_refused: true,
                session_token_ignored: true,
                ..switches.idx.clone()
            },
            ..switches
        };
        let org = world.org_with(switches, &[&totp]);

        let login = org.log_in(password().code(seed_of(&totp))).await;

        let asked = at_org(&org).into_iter();
        let asked = asked.filter(|seen| seen.path.starts_with("/api/"));
        (login.end(), asked.count())
    });
    found.await.is((Ok(()), 0));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_ends_at_the_dashboard_says_that_the_portal_is_lost() {
    let found = in_each(worlds(), async |world| {
        let switches = OktaSwitches {
            dashboard: true,
            ..world.switches(Asks::Password)
        };
        let org = world.org_with(switches, &[]);

        let login = org.log_in(password()).await;

        let error = login.outcome.unwrap_err();
        (error.kind(), error.to_string().contains("dashboard"))
    });
    let lost = (ErrorKind::UnexpectedPage, true);
    found.await.is(lost);
}
