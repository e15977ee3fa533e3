//! Each way to a token, and the requests that it takes.

use doorward::{Credentials, Factor};
use doorward_testkit::PortalIdp::{OktaOidc, OktaSaml};
use doorward_testkit::{OktaFactor, PushAnswer};

use crate::matrix::Engine::{Classic, Identity};
use crate::matrix::Host::{Custom, Own};
use crate::matrix::enrolled::{ANSWER, answer, passkey, push, question, totp};
use crate::matrix::org::Counts;
use crate::matrix::{Asks, Org, World, in_each, password};
use crate::world::seed_of;

/// What stands for the login after the password
#[derive(Clone, Copy, Debug)]
enum Way {
    Password,
    Totp,
    StepUp,
    Push,
    Text,
    Mail,
    Question,
    Passkey,
}

/// One world: the requests to the organisation by the way, and those to the portal by any way
struct Row(World, [usize; 8], usize);

#[rustfmt::skip]
const REQUESTS: [Row; 8] = [
    //                                        password totp step-up push text mail question passkey  portal
    Row(World::new(Classic,  OktaOidc, Own),    [6,     7,   11,     9,   8,   8,   7,       8],     5),
    Row(World::new(Classic,  OktaOidc, Custom), [6,     7,   11,     9,   8,   8,   7,       8],     5),
    Row(World::new(Classic,  OktaSaml, Own),    [6,     7,   11,     9,   8,   8,   7,       8],     5),
    Row(World::new(Classic,  OktaSaml, Custom), [6,     7,   11,     9,   8,   8,   7,       8],     5),
    Row(World::new(Identity, OktaOidc, Own),    [5,     6,   7,      8,   7,   7,   6,       6],     5),
    Row(World::new(Identity, OktaOidc, Custom), [5,     6,   7,      8,   7,   7,   6,       6],     5),
    Row(World::new(Identity, OktaSaml, Own),    [5,     6,   7,      8,   7,   7,   6,       6],     5),
    Row(World::new(Identity, OktaSaml, Custom), [5,     6,   7,      8,   7,   7,   6,       6],     5),
];

/// All worlds
pub(crate) fn worlds() -> impl Iterator<Item = World> {
    REQUESTS.iter().map(|Row(world, ..)| *world)
}

/// Those of one engine
pub(crate) fn classic() -> impl Iterator<Item = World> {
    worlds().filter(|world| world.engine == Classic)
}

pub(crate) fn identity() -> impl Iterator<Item = World> {
    worlds().filter(|world| world.engine == Identity)
}

/// An organisation that asks for this, and what answers it
fn prepared(world: World, way: Way) -> (Org, Credentials) {
    let org = |asks, factor: &OktaFactor| world.org(asks, &[factor]);
    match way {
        Way::Password => (world.org(Asks::Password, &[]), password()),
        Way::Totp | Way::StepUp => {
            let totp = totp();
            let asks = match way {
                Way::Totp => Asks::Factor,
                _ => Asks::FactorTwice,
            };
            (org(asks, &totp), password().code(seed_of(&totp)))
        }
        Way::Push => (org(Asks::Factor, &push(PushAnswer::Approved)), password()),
        Way::Text | Way::Mail => {
            let enrolled = match way {
                Way::Text => OktaFactor::sms(),
                _ => OktaFactor::email(),
            };
            let org = org(Asks::Factor, &enrolled);
            let credentials = password().code(org.inbox());
            (org, credentials)
        }
        Way::Question => (org(Asks::Factor, &question()), answer(ANSWER)),
        Way::Passkey => {
            let (passkey, enrolled) = passkey(world.site());
            (org(Asks::Factor, &enrolled), password().passkey(passkey))
        }
    }
}

/// What comes of a login by that way, in each world, and what is said to come of it
async fn check(way: Way, all: Counts) {
    let found = in_each(worlds(), async |world| {
        let (org, credentials) = prepared(world, way);
        let before = org.bed.clock().seconds();
        let walk = org.walk(credentials);
        let walk = match way {
            Way::Push => walk.factor(Factor::Push(None)),
            _ => walk,
        };

        let login = org.log_in_by(walk).await;

        let waited = org.bed.clock().seconds() - before;
        if matches!(way, Way::StepUp) {
            // The window of the first code began ten seconds before the login.
            assert!((20..60).contains(&waited), "{world}: {waited} s");
        }
        let pushes = (login.told("push to"), login.told("number 0"));
        assert_eq!(pushes, (all.pushes, all.pushes), "{world}");
        (login.end(), org.counts())
    });
    found.await.is_as(|world| {
        let mut rows = REQUESTS.iter();
        let Row(_, org, portal) = rows.find(|Row(one, ..)| *one == world).unwrap();
        let counts = Counts {
            org: org[way as usize],
            portal: *portal,
            ..all
        };
        (Ok(()), counts)
    });
}

/// Passwords, codes, answers and signatures
fn tries(tries: usize) -> Counts {
    Counts {
        tries,
        ..Counts::default()
    }
}

#[test]
fn the_table_has_every_world_once() {
    for engine in [Classic, Identity] {
        for portal in [OktaOidc, OktaSaml] {
            for host in [Own, Custom] {
                let one = World::new(engine, portal, host);
                assert_eq!(worlds().filter(|world| *world == one).count(), 1, "{one}");
            }
        }
    }
    assert_eq!(worlds().count(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_password_login_takes_these_requests() {
    check(Way::Password, tries(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_login_with_a_totp_takes_these_requests() {
    check(Way::Totp, tries(2)).await;
}

#[tokio::test(start_paused = true)]
async fn the_applications_own_question_is_answered_by_the_next_windows_code() {
    check(Way::StepUp, tries(3)).await;
}

#[tokio::test(start_paused = true)]
async fn an_approved_push_is_sent_once_and_its_number_told_once() {
    let push = Counts {
        pushes: 1,
        polls: 2,
        ..tries(1)
    };
    check(Way::Push, push).await;
}

#[tokio::test(start_paused = true)]
async fn a_code_by_message_or_mail_is_sent_once() {
    let sent = Counts {
        sent: 1,
        ..tries(2)
    };
    check(Way::Text, sent).await;
    check(Way::Mail, sent).await;
}

#[tokio::test(start_paused = true)]
async fn a_security_question_takes_these_requests() {
    check(Way::Question, tries(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_login_with_a_passkey_takes_these_requests() {
    check(Way::Passkey, tries(2)).await;
}
