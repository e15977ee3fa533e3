//! Canaries of second factors: seeds, codes, answers, keys, state tokens, handles and devices, at both engines.

use std::fmt;
use std::time::Duration;

use doorward::{CodeSource, Credentials, Devices, Factor, Passkey, Secret, Walk};
use doorward_testkit::PortalIdp::{OktaOidc, OktaSaml};
use doorward_testkit::{OktaFactor, PushAnswer};

use crate::matrix::Engine::{Classic, Identity};
use crate::matrix::Host::{Custom, Own};
use crate::matrix::enrolled::{ANSWER, answer, passkey, push, question, totp};
use crate::matrix::{Asks, Org, World, password};
use crate::stage::log_in;
use crate::world::{list, seed_of};
use crate::{LOG, all_of};

const WORLDS: [World; 4] = [
    World::new(Classic, OktaOidc, Own),
    World::new(Classic, OktaSaml, Custom),
    World::new(Identity, OktaOidc, Custom),
    World::new(Identity, OktaSaml, Own),
];

/// One login, and what must be seen of it nowhere
struct Case {
    org: Org,
    credentials: Credentials,
    wish: Option<Factor>,
    ends_well: bool,
    /// Whose codes are given
    totp: Option<OktaFactor>,
    canaries: Vec<String>,
}

impl Case {
    fn new(org: Org, credentials: Credentials) -> Self {
        Self {
            org,
            credentials,
            wish: None,
            ends_well: true,
            totp: None,
            canaries: Vec::new(),
        }
    }

    fn hiding(mut self, canaries: impl IntoIterator<Item = String>) -> Self {
        self.canaries.extend(canaries);
        self
    }

    /// With the codes of a seed, which are none of the provider's secrets
    fn by_seed(org: Org, totp: &OktaFactor) -> Self {
        let case = Self::new(org, password().code(seed_of(totp))).hiding([totp.seed().unwrap()]);
        Self {
            totp: Some(totp.clone()),
            ..case
        }
    }

    fn wishing(mut self, factor: Factor) -> Self {
        self.wish = Some(factor);
        self
    }

    fn failing(mut self) -> Self {
        self.ends_well = false;
        self
    }
}

fn cases(world: World) -> Vec<Case> {
    let org = |asks, factor: &OktaFactor| world.org(asks, &[factor]);
    let (totp, other) = (totp(), totp());
    let [text, mail] =
        [OktaFactor::sms(), OktaFactor::email()].map(|sent| org(Asks::Factor, &sent));
    let (foreign, _) = passkey(world.site());
    let (passkey, key) = passkey(world.site());
    let wrong = ["canary-code-1", "canary-code-2"];
    vec![
        Case::by_seed(org(Asks::FactorTwice, &totp), &totp),
        // Of another account.
        Case::by_seed(org(Asks::Factor, &totp), &other).failing(),
        Case::new(org(Asks::Factor, &totp), password().code(list(&wrong)))
            .hiding(wrong.map(str::to_owned))
            .failing(),
        Case::new(text.clone(), password().code(text.inbox())),
        Case::new(mail.clone(), password().code(mail.inbox())),
        Case::new(org(Asks::Factor, &question()), answer(ANSWER)).hiding([ANSWER.to_owned()]),
        Case::new(org(Asks::Factor, &question()), answer("canary-answer"))
            .hiding(["canary-answer".to_owned()])
            .failing(),
        Case::new(org(Asks::Factor, &key), password().passkey(passkey.clone()))
            .hiding(private_key(&passkey)),
        Case::new(org(Asks::Factor, &key), password().passkey(foreign.clone()))
            .hiding(private_key(&foreign))
            .failing(),
        Case::new(org(Asks::Factor, &push(PushAnswer::Approved)), password())
            .wishing(Factor::Push(None)),
        Case::new(org(Asks::Factor, &push(PushAnswer::Rejected)), password())
            .wishing(Factor::Push(None))
            .failing(),
        // Nobody can answer, or the login has ended before somebody does.
        Case::new(org(Asks::Factor, &totp), password()).failing(),
        late(org(Asks::Factor, &totp)),
    ]
}

fn late(org: Org) -> Case {
    let clock = org.bed.clock().clone();
    let code = CodeSource::callback(move |_| {
        clock.advance(Duration::from_secs(3 * 3600));
        Ok(Secret::new("canary-late"))
    });
    Case::new(org, password().code(code))
        .hiding(["canary-late".to_owned()])
        .failing()
}

/// The lines of the key within the secret's text
fn private_key(passkey: &Passkey) -> Vec<String> {
    let text = passkey.to_secret().unwrap();
    let lines = text.expose_secret().lines().map(str::to_owned);
    let mut lines = lines.skip_while(|line| !line.starts_with("-----BEGIN"));
    lines.next();
    lines
        .take_while(|line| !line.starts_with("-----END"))
        .collect()
}

/// What a program could print of a value
fn all_forms(value: impl fmt::Debug) -> String {
    format!("{value:?}{value:#?}")
}

/// A login twice, the second time from the device that the first one made known; gives what could be printed meanwhile
async fn shown_of(case: &Case, devices: &Devices) -> String {
    let mut shown = all_forms(&case.credentials);
    for _ in 0..2 {
        let walk = case.org.walk(case.credentials.clone());
        let walk = walk.devices(devices.clone());
        let walk = case.wish.iter().cloned().fold(walk, Walk::factor);
        shown.push_str(&all_forms(&walk));
        // So that the second login is none too many, and no message too soon.
        let pause = Duration::from_secs(60);
        case.org.bed.clock().advance(pause);

        let (outcome, told) = log_in(&case.org.bed, walk).await;

        shown.push_str(&all_forms(told));
        assert_eq!(
            outcome.is_ok(),
            case.ends_well,
            "{}: {outcome:?}",
            case.org.world
        );
        match &outcome {
            Ok(grant) => shown.push_str(&format!("{}{}", all_forms(grant), grant.trail())),
            Err(error) => shown.push_str(&all_of(error)),
        }
    }
    shown.push_str(&all_forms(devices));
    shown
}

/// Whether `text` has `canary`; a short one only where no letter or digit goes on with it
fn occurs(canary: &str, text: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let mut found = text.match_indices(canary);
    found.any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + canary.len()..].chars().next();
        canary.len() >= 8 || !(goes_on(before) || goes_on(after))
    })
}

/// All that must not be seen of a case that began then
fn canaries(case: &Case, from: u64) -> Vec<String> {
    let mut canaries = case.org.bed.secrets();
    canaries.extend(case.canaries.iter().cloned());
    canaries.extend(case.org.codes_sent());
    if let Some(totp) = &case.totp {
        let to = case.org.bed.clock().seconds() + 60;
        canaries.extend((from..to).step_by(10).filter_map(|at| totp.code_at(at)));
    }
    canaries.retain(|canary| canary.len() >= 6);
    canaries.sort();
    canaries.dedup();
    canaries
}

#[tokio::test(start_paused = true)]
async fn no_secret_of_a_factor_or_a_device_occurs_where_people_look() {
    for world in WORLDS {
        for case in cases(world) {
            let (length, from) = (LOG.length(), case.org.bed.clock().seconds());
            let devices = Devices::new();

            let mut shown = shown_of(&case, &devices).await;

            shown.push_str(&LOG.since(length));
            assert!(
                shown.contains("/k8stoken/token/user"),
                "the hops are logged"
            );
            let canaries = canaries(&case, from);
            let begins = |start: &str| canaries.iter().any(|canary| canary.starts_with(start));
            let state_token = match world.engine {
                Classic => "00",
                Identity => "02.id.",
            };
            assert!(begins(state_token), "{world}");
            let device = devices.values();
            assert!(
                device.len() == 1 && begins(device[0].expose_secret()),
                "{world}"
            );
            for canary in &canaries {
                let encoded: String =
                    url::form_urlencoded::byte_serialize(canary.as_bytes()).collect();
                for form in [canary, &encoded] {
                    assert!(!occurs(form, &shown), "{world}: {form}\nin\n{shown}");
                }
            }
        }
    }
}
