//! An organisation with the Identity Engine, an account with everything, and one login.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorward::passkey::{Binary, Passkey};
use doorward::{CodeSource, Credentials, Error, Event, Factor, FrontDoor, Grant, Portal, Walk};
use doorward::{Secret, SecretSource};
use doorward_providers::{Okta, OpenUnison};
use doorward_testkit::{
    IdxSwitches, OktaFactor, OktaSwitches, PASSWORD, PORTAL_HOST, PortalIdp, PushAnswer, Testbed,
    USER,
};

/// One organisation, and what its tests have seen of it
pub(crate) struct Org {
    pub(crate) bed: Testbed,
    pub(crate) told: Arc<Mutex<Vec<String>>>,
}

impl Org {
    pub(crate) fn new(idx: IdxSwitches) -> Self {
        Self::with(PortalIdp::OktaOidc, engine(idx))
    }

    /// One where [`USER`] has these factors
    pub(crate) fn having<'a>(
        idx: IdxSwitches,
        factors: impl IntoIterator<Item = &'a OktaFactor>,
    ) -> Self {
        Self::enrolled(PortalIdp::OktaOidc, engine(idx), factors)
    }

    pub(crate) fn with(idp: PortalIdp, switches: OktaSwitches) -> Self {
        Self::enrolled(idp, switches, &[])
    }

    pub(crate) fn enrolled<'a>(
        idp: PortalIdp,
        switches: OktaSwitches,
        factors: impl IntoIterator<Item = &'a OktaFactor>,
    ) -> Self {
        let builder = Testbed::builder().idp(idp).okta(switches);
        let builder = factors
            .into_iter()
            .fold(builder, |builder, factor| builder.enroll(USER, factor));
        let bed = builder.start().unwrap();
        // Ten seconds after a window began, so that no test waits for the next one by chance.
        let in_window = bed.clock().seconds() % 30;
        bed.clock().advance(Duration::from_secs(40 - in_window));
        Self {
            bed,
            told: Arc::default(),
        }
    }

    /// A walk with these credentials, which notes what is told on the way
    pub(crate) fn walk(&self, credentials: Credentials) -> Walk {
        let told = Arc::clone(&self.told);
        self.bed
            .walk()
            .unwrap()
            .credentials(credentials)
            .adapter(Okta::default())
            .adapter(OpenUnison::default())
            .on_event(move |event| {
                let text = match event {
                    Event::Note(text) => format!("note {text}"),
                    Event::Number(number) => format!("number {number}"),
                    Event::Push(name) => format!("push {name}"),
                    _ => return,
                };
                told.lock().unwrap().push(text);
            })
    }

    pub(crate) async fn open(&self, walk: Walk) -> Result<Grant, Error> {
        Portal::new(&self.bed.portal_url(), walk)?.open().await
    }

    /// A login that works, and at which the servers have nothing to complain of
    pub(crate) async fn log_in(&self, walk: Walk) -> Grant {
        let outcome = self.open(walk).await;
        let complaints = self.bed.complaints();
        let grant = outcome.unwrap_or_else(|error| {
            panic!(
                "{error} {:?}\n{complaints:#?}\n{}",
                error.next_step(),
                error.trail()
            )
        });
        assert_eq!(complaints, Vec::<String>::new());
        grant
    }

    /// The requests at the organisation
    pub(crate) fn requests(&self) -> Vec<String> {
        let seen = self.bed.seen().into_iter();
        seen.filter(|seen| seen.host != PORTAL_HOST)
            .map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
            .collect()
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

/// What an error says under this name
pub(crate) fn context<'a>(error: &'a Error, name: &str) -> Option<&'a str> {
    let mut context = error.context();
    context
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// An organisation with the Identity Engine
pub(crate) fn engine(idx: IdxSwitches) -> OktaSwitches {
    OktaSwitches {
        identity_engine: true,
        idx,
        ..OktaSwitches::default()
    }
}

/// One that asks for the password and a factor
pub(crate) fn two_factors() -> IdxSwitches {
    IdxSwitches {
        policy: PASSWORD_AND_FACTOR.to_vec(),
        ..IdxSwitches::default()
    }
}

/// Codes of an app of anybody's, whose seed no other test has: a window of a seed is good for one login only
pub(crate) fn google() -> OktaFactor {
    OktaFactor::totp("GOOGLE")
}

/// The vendor's own app with all its methods, whose push is answered after so many polls
pub(crate) fn okta_verify(answer: PushAnswer, after: usize) -> Vec<OktaFactor> {
    vec![
        OktaFactor::fastpass(),
        OktaFactor::push(answer, after),
        OktaFactor::totp("OKTA"),
    ]
}

pub(crate) fn question() -> OktaFactor {
    OktaFactor::question("Who was it?", "Rex III")
}

pub(crate) fn password_only() -> Credentials {
    Credentials::new(USER, Secret::new(PASSWORD)).unwrap()
}

/// The password, and the seed of a factor
pub(crate) fn with_seed(factor: &OktaFactor) -> Credentials {
    let seed = SecretSource::value(Secret::new(factor.seed().unwrap()));
    password_only().code(CodeSource::totp(seed))
}

/// The answer to a question
pub(crate) fn with_answer(answer: &str) -> SecretSource {
    SecretSource::value(Secret::new(answer))
}

/// Codes as the double's phone and mailbox get them
pub(crate) fn with_outbox(bed: Arc<Testbed>) -> Credentials {
    password_only().code(CodeSource::callback(move |wanted| {
        let channel = match wanted {
            Factor::Sms(_) => "sms",
            Factor::Call(_) => "call",
            Factor::Email(_) => "email",
            _ => return Err(Error::unsupported("no such inbox")),
        };
        let sent = bed.outbox();
        let mut sent = sent.iter().rev().filter(|sent| sent.channel == channel);
        let code = sent.next().map(|sent| sent.code.clone());
        code.map(Secret::new)
            .ok_or_else(|| Error::unsupported("nothing was sent"))
    }))
}

/// A passkey for a host, and how an organisation has it
pub(crate) fn passkey(host: &str) -> (Passkey, OktaFactor) {
    let passkey = Passkey::generate(host, &Binary::new("ci-bot")).unwrap();
    let page = doorward::Url::parse(&format!("https://{host}/")).unwrap();
    let options = serde_json::json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw", "rp": { "name": "Acme" },
        "user": { "id": "Y2ktYm90", "name": "ci-bot", "displayName": "CI" },
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
    });
    let request =
        doorward::passkey::RegistrationRequest::parse(&page, options.to_string().as_bytes());
    let registration = passkey.register(&request.unwrap()).unwrap();
    let enrolled = OktaFactor::webauthn(
        passkey.credential_id().as_bytes(),
        registration.public_key().as_bytes(),
    );
    (passkey, enrolled)
}

pub(crate) const PASSWORD_AND_FACTOR: [doorward_testkit::Round; 2] = [
    doorward_testkit::Round::Password,
    doorward_testkit::Round::Factor,
];
