//! The steps of a login besides the answers to challenges.

use serde_json::{Map, Value};

use crate::http::{Answer, Ask};
use crate::okta::Okta;
use crate::okta::account::Verdict;
use crate::okta::idx::document::Said;
use crate::okta::idx::refusals::{self, Message, bad_request};
use crate::okta::idx::rounds::choices;
use crate::okta::idx::switches::{DeviceProbe, Identify, MethodType, PostAuth, Round};
use crate::okta::idx::transaction::{Stage, Transaction};
use crate::okta::idx::{PASSWORD, forms, only};
use crate::person::Person;
use crate::world::World;

impl Okta {
    pub(super) fn introspect(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        world.record.idx(|counts| counts.introspects += 1);
        if let Err(refusal) = only(body, &["stateToken"], "introspect", world) {
            return refusal;
        }
        if matches!(transaction.stage, Stage::Identify) && transaction.person.is_some() {
            return self.next_round(transaction, ask, world);
        }
        let answer = self.idx_show(transaction, ask, world);
        let probed = self.switches.idx.device_probe == DeviceProbe::Unauthorized
            && matches!(transaction.stage, Stage::Identify);
        if probed {
            return Answer {
                status: 401,
                ..answer
            }
            .header("WWW-Authenticate", "Oktadevicejwt realm=\"Okta Device\"");
        }
        answer
    }

    pub(super) fn identify(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let mode = self.switches.idx.identify;
        if !matches!(transaction.stage, Stage::Identify) || mode == Identify::OtherProvider {
            return self.idx_wrong_step("IDENTIFY", transaction, world);
        }
        world.record.idx(|counts| counts.identifies += 1);
        if mode == Identify::UserName && body.contains_key("credentials") {
            return bad_request("Cannot use credentials with this request", world);
        }
        let mut known = vec!["identifier", "rememberMe"];
        if mode != Identify::UserName {
            known.push("credentials");
        }
        if mode == Identify::Captcha {
            known.push("captchaVerify");
        }
        if let Err(refusal) = only(body, &known, "identify", world) {
            return refusal;
        }
        let Some(login) = body.get("identifier").and_then(Value::as_str) else {
            return bad_request("identify needs an identifier", world);
        };
        if mode == Identify::Captcha {
            // No program can solve it, so whatever stands there is not good.
            return bad_request("The captcha was not solved", world);
        }
        if mode == Identify::UserName {
            let known = self.accounts.find(login);
            // Who is not known has no password, so the next step fails as for anybody.
            let hidden = self.switches.idx.hide_unknown_users;
            let person = known.or_else(|| hidden.then(|| Person::new(login, "")));
            let Some(person) = person else {
                return self.failed_identify(transaction, ask, world);
            };
            transaction.person = Some(person);
            return self.next_round(transaction, ask, world);
        }
        let password = body
            .get("credentials")
            .and_then(Value::as_object)
            .filter(|credentials| credentials.keys().all(|name| name == "passcode"))
            .and_then(|credentials| credentials.get("passcode"))
            .and_then(Value::as_str);
        let Some(password) = password else {
            return bad_request("identify needs credentials with a passcode alone", world);
        };
        match self.check_idx_password(login, password, transaction, world) {
            Ok(person) => {
                transaction.person = Some(person);
                transaction.used.push(PASSWORD);
                let met = |round: &Round| matches!(round, Round::Password | Round::Either);
                if let Some(place) = transaction.rounds.iter().position(met) {
                    transaction.rounds.remove(place);
                }
                self.next_round(transaction, ask, world)
            }
            Err(Some(plain)) => plain,
            Err(None) => self.failed_identify(transaction, ask, world),
        }
    }

    /// The person of a good password; else the answer, if it is not the usual one
    pub(super) fn check_idx_password(
        &mut self,
        login: &str,
        password: &str,
        transaction: &mut Transaction,
        world: &World,
    ) -> Result<Person, Option<Answer>> {
        world.secret(password);
        match self.accounts.check_without_limit(login, password) {
            Verdict::Status(person, status) => {
                let page = match status {
                    "PASSWORD_WARN" => Some(PostAuth::PasswordExpiring),
                    "PASSWORD_EXPIRED" | "PASSWORD_RESET" => Some(PostAuth::Reenroll),
                    "MFA_ENROLL" => Some(PostAuth::Enroll),
                    "CONSENT_REQUIRED" => Some(PostAuth::Consent),
                    _ => None,
                };
                transaction.pages.extend(page);
                Ok(person)
            }
            Verdict::Locked if self.switches.show_lockouts => {
                transaction.stage = Stage::Over;
                let text = "Your account is locked. Please contact your administrator.";
                let message = Message::error("errors.E0000119", text);
                let document = serde_json::json!({
                    "version": "1.0.0", "messages": Message::list(&[message]),
                });
                Err(Some(refusals::ion(403, &document, world)))
            }
            Verdict::Error(code, status, summary) => Err(Some(crate::okta::errors::error(
                status, code, summary, world,
            ))),
            Verdict::Trouble(trouble) => Err(trouble.answer(world)),
            Verdict::Wrong | Verdict::Locked | Verdict::TooFast(_) => Err(None),
        }
    }

    fn failed_identify(&self, transaction: &mut Transaction, ask: &Ask, world: &World) -> Answer {
        world.record.idx(|counts| counts.refusals += 1);
        let status = refusals::status(400, self.switches.idx.error_status);
        let message = Message::error("errors.E0000004", "Authentication failed");
        self.idx_document(transaction, &Said::global(status, message), ask, world)
    }

    /// Chooses an authenticator, or starts the one that waits
    pub(super) fn idx_choose(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let confirmed = match &transaction.stage {
            Stage::Confirm(place) | Stage::Rejected(place) => Some(*place),
            Stage::Select(_) | Stage::Challenge(_) => None,
            _ => return self.idx_wrong_step("AUTHENTICATE", transaction, world),
        };
        world.record.idx(|counts| counts.challenges += 1);
        if let Err(refusal) = only(body, &["authenticator"], "challenge", world) {
            return refusal;
        }
        let Some(wanted) = body.get("authenticator").and_then(Value::as_object) else {
            return bad_request("challenge needs an authenticator", world);
        };
        let text = |name: &str| wanted.get(name).and_then(Value::as_str);
        let enrolled = self.authenticators(transaction);
        let mut choices = choices(&enrolled, transaction);
        choices.extend(confirmed.filter(|place| !choices.contains(place)));
        let place = choices.into_iter().find(|&place| {
            let needs_enrollment_id = forms::needs_enrollment_id(&enrolled, place);
            enrolled.get(place).is_some_and(|one| {
                let enrollment_id = needs_enrollment_id.then(|| one.enrollment_id());
                text("id") == Some(&one.id) && text("enrollmentId") == enrollment_id.as_deref()
            })
        });
        let Some((place, one)) = place.and_then(|place| Some((place, enrolled.get(place)?))) else {
            return bad_request(
                "no such authenticator, or not the ids that its form has",
                world,
            );
        };
        let shape = self.switches.idx.method_type;
        let lists_method = forms::lists_method(one, shape) || confirmed == Some(place);
        for name in wanted.keys() {
            let known = match name.as_str() {
                "id" | "enrollmentId" => true,
                "methodType" => lists_method,
                "autoChallenge" => confirmed == Some(place),
                _ => false,
            };
            if !known {
                return bad_request(&format!("the authenticator has no field {name}"), world);
            }
        }
        let method = match (text("methodType"), one.methods().as_slice()) {
            (Some(method), methods) => methods.iter().copied().find(|known| *known == method),
            (None, [method]) if shape == MethodType::Mixed || confirmed.is_some() => Some(*method),
            // A phone may be chosen without saying how it is to be used.
            (None, _)
                if one.key == "phone_number"
                    && confirmed.is_none()
                    && shape == MethodType::Mixed =>
            {
                transaction.stage = Stage::Confirm(place);
                return self.idx_show(transaction, ask, world);
            }
            (None, _) => None,
        };
        let Some(method) = method else {
            return bad_request("the authenticator needs one of its methods", world);
        };
        if method == "signed_nonce" {
            world.complain("a method was chosen that only the device can answer");
        }
        match self.idx_begin(transaction, place, method, world) {
            Ok(()) => self.idx_show(transaction, ask, world),
            Err(too_soon) => too_soon,
        }
    }
}
