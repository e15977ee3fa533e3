//! Proving who one is: the choice of an authenticator, and its answer.

use std::time::Duration;

use doorward::{Error, ErrorKind, Event, Factor, Secret, Visit, one_line};

use super::answer::Answer;
use super::authenticator::{Asked, Authenticator, Offer, offers};
use super::document::{Document, Remediation};
use super::refusal::Sent;
use super::remediation::Proof;
use super::{Login, Next};
use crate::okta::factor::is_seedless;
use crate::okta::passkey::request;

/// A way to go on with the authenticator that is being asked for already
struct Current<'a> {
    form: &'a Remediation,
    key: String,
    method: Option<String>,
    asked: Asked,
}

/// A factor to answer at once, or one of the choice in a form
enum Way<'a, 'b> {
    Current(&'b Current<'a>),
    Offer(&'a Remediation, &'b Offer<'a>),
}

impl Login {
    pub(super) async fn prove(
        &mut self,
        proof: &Proof<'_>,
        document: &Document,
        visit: &mut Visit<'_>,
    ) -> Result<Next, Error> {
        let current = self.current(proof, document);
        // What we took ourselves is not chosen once more.
        if let Some(at) = current.iter().position(|way| self.has_taken(way))
            && let Some(way) = current.get(at)
        {
            return self.go_on(way, document, visit).await;
        }
        if let Some(way) = current.iter().find(|way| way.asked == Asked::Password) {
            return self.go_on(way, document, visit).await;
        }
        let select = proof.select;
        let offered = select.map_or_else(Vec::new, |form| offers(form, document, visit.passkey()));
        if let Some(form) = select
            && let Some(offer) = offered.iter().find(|offer| offer.asked == Asked::Password)
        {
            match visit.password().await {
                Ok(password) => {
                    self.password = Some(password);
                    return self.select(form, offer, visit);
                }
                // An earlier page of this login took it: it is another factor's turn.
                Err(error)
                    if error.kind() == ErrorKind::UnexpectedPage
                        && has_factor(&current, &offered) => {}
                Err(error) => return Err(error),
            }
        }
        let mut ways: Vec<(&Factor, Way<'_, '_>)> = Vec::new();
        ways.extend(
            current
                .iter()
                .filter_map(|way| Some((way.asked.factor()?, Way::Current(way)))),
        );
        for (form, offer) in select
            .iter()
            .flat_map(|form| offered.iter().map(move |offer| (*form, offer)))
        {
            ways.extend(
                offer
                    .asked
                    .factor()
                    .map(|factor| (factor, Way::Offer(form, offer))),
            );
        }
        ways.sort_by_key(|(factor, _)| is_seedless(factor));
        self.offered = ways.iter().map(|(factor, _)| (*factor).clone()).collect();
        let picked = visit.pick(&self.offered);
        let picked = picked.map_err(|error| with_others(error, &current, &offered))?;
        match ways.get(picked) {
            Some((_, Way::Current(way))) => self.go_on(way, document, visit).await,
            Some((_, Way::Offer(form, offer))) => self.select(form, offer, visit),
            None => {
                Err(Error::unexpected_page("Okta offers no authenticator")
                    .at("page", &self.home.path))
            }
        }
    }

    /// The ways to go on with the current authenticator; to begin with it may leave several methods open
    fn current<'a>(&self, proof: &Proof<'a>, document: &Document) -> Vec<Current<'a>> {
        let Some(current) = &document.current else {
            return Vec::new();
        };
        let way = |form: &'a Remediation, method: Option<String>| Current {
            form,
            key: current.key.clone(),
            asked: Asked::of(&current.key, method.as_deref()),
            method,
        };
        let answered = proof.challenge.or(proof.poll);
        if let Some(form) = answered {
            return vec![way(form, self.method(form, current))];
        }
        let Some(form) = proof.begin else {
            return Vec::new();
        };
        let field = form.field(&["authenticator", "methodType"]);
        let mut methods: Vec<Option<String>> = match field {
            Some(field) if field.preset_text().is_some() => {
                vec![field.preset_text().map(str::to_owned)]
            }
            Some(field) => field.options.iter().map(|one| one.value.clone()).collect(),
            None => Vec::new(),
        };
        if methods.is_empty() {
            methods = current.methods.iter().cloned().map(Some).collect();
        }
        methods
            .into_iter()
            .map(|method| way(form, method))
            .collect()
    }

    /// The method that a form is for; where it can be for several, it is the one that we took
    fn method(&self, form: &Remediation, current: &Authenticator) -> Option<String> {
        match &self.taken {
            Some((key, Some(method)))
                if *key == current.key && current.methods.contains(method) =>
            {
                Some(method.clone())
            }
            _ => current.method_of(form),
        }
    }

    fn has_taken(&self, way: &Current<'_>) -> bool {
        self.taken.as_ref().is_some_and(|(key, method)| {
            *key == way.key && (method.is_none() || *method == way.method)
        })
    }

    fn select(
        &mut self,
        form: &Remediation,
        offer: &Offer<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<Next, Error> {
        if self.is_pushed && matches!(offer.asked, Asked::Factor(Factor::Push(_))) {
            return Err(unapproved());
        }
        self.taken = Some((offer.key.clone(), offer.method.clone()));
        let mut answer = Answer::to(form);
        answer.take(offer.choice, offer.method.as_deref());
        self.post(form, answer, visit)
    }

    async fn go_on(
        &mut self,
        way: &Current<'_>,
        document: &Document,
        visit: &mut Visit<'_>,
    ) -> Result<Next, Error> {
        self.taken = Some((way.key.clone(), way.method.clone()));
        let form = way.form;
        let mut answer = Answer::to(form);
        match &way.asked {
            _ if form.name == "authenticator-verification-data" => {
                let method = form.field(&["authenticator", "methodType"]);
                if let (Some(_), Some(method)) = (method, &way.method) {
                    answer.put(&["authenticator", "methodType"], method.as_str().into());
                }
            }
            Asked::Factor(Factor::Push(_)) => {
                return self.wait(form, answer, document, visit).await;
            }
            Asked::Password => {
                let password = match self.password.take() {
                    Some(password) => password,
                    None => visit.password().await?,
                };
                answer.put_secret(&["credentials", code_field(form)?], &password);
                self.sent = Sent::Password;
            }
            Asked::Factor(Factor::Question(_)) => {
                answer.put_secret(&["credentials", "answer"], &visit.answer().await?);
                self.sent = Sent::Answer;
            }
            Asked::Factor(Factor::Webauthn(_)) => {
                self.sign(form, &mut answer, document, visit)?;
                self.sent = Sent::Signature;
            }
            Asked::Factor(factor) => {
                let field = code_field(form)?;
                let code = visit.code(factor).await;
                let code = code.map_err(|missing| match self.refused.take() {
                    Some(refused) => refused.without_another(missing),
                    None => missing,
                })?;
                answer.put_secret(&["credentials", field], &code);
                self.sent = Sent::Code;
            }
            Asked::Other(name) => return Err(unanswerable(name)),
        }
        self.post(form, answer, visit)
    }

    /// Waits for somebody at a phone; the request was sent when the authenticator was taken
    async fn wait(
        &mut self,
        form: &Remediation,
        answer: Answer,
        document: &Document,
        visit: &mut Visit<'_>,
    ) -> Result<Next, Error> {
        let current = document.current.as_ref();
        if !std::mem::replace(&mut self.is_pushed, true) {
            let name = current.map_or("", |current| &current.name);
            visit.tell(&Event::Push(&one_line(name)));
        }
        let number = current.and_then(|current| current.number.clone());
        if let Some(number) = number.filter(|number| self.number.as_ref() != Some(number)) {
            visit.tell(&Event::Number(&one_line(&number)));
            self.number = Some(number);
        }
        let pause = form.refresh.unwrap_or(UNTOLD_PAUSE);
        let paused = visit
            .pause(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
            .await;
        paused.map_err(|error| unapproved().because(error))?;
        self.sent = Sent::Poll;
        self.post(form, answer, visit)
    }

    fn sign(
        &self,
        form: &Remediation,
        answer: &mut Answer,
        document: &Document,
        visit: &Visit<'_>,
    ) -> Result<(), Error> {
        let passkey = visit.passkey().ok_or_else(|| unanswerable("webauthn"))?;
        let current = document.current.as_ref();
        let challenge = current.and_then(|current| current.challenge.as_ref());
        let known = current.into_iter().chain(&document.authenticators);
        let request = request(
            &self.home.url,
            challenge,
            known.filter_map(Authenticator::credential),
        )?;
        let assertion = passkey.assert(&request)?;
        let values = [
            ("clientData", assertion.client_data_json()),
            ("authenticatorData", assertion.authenticator_data()),
        ];
        for (name, value) in values {
            let value = Secret::new(value.to_base64());
            answer.put_secret(&["credentials", name], &value);
        }
        answer.put_secret(
            &["credentials", "signatureData"],
            assertion.signature_base64(),
        );
        if form.field(&["credentials", "userHandle"]).is_some()
            && let Some(handle) = assertion.user_handle()
        {
            answer.put(&["credentials", "userHandle"], handle.to_base64().into());
        }
        Ok(())
    }
}

/// Whether anything but the password is asked for
fn has_factor(current: &[Current<'_>], offered: &[Offer<'_>]) -> bool {
    let mut asked = current.iter().map(|way| &way.asked);
    let mut more = offered.iter().map(|offer| &offer.asked);
    asked.any(|asked| asked.factor().is_some()) || more.any(|asked| asked.factor().is_some())
}

/// Adds what is offered and can be answered by nobody without a browser
fn with_others(error: Error, current: &[Current<'_>], offered: &[Offer<'_>]) -> Error {
    let asked = current.iter().map(|way| &way.asked);
    let asked = asked.chain(offered.iter().map(|offer| &offer.asked));
    let mut others: Vec<&str> = asked
        .filter_map(|asked| match asked {
            Asked::Other(name) => Some(name.as_str()),
            Asked::Password | Asked::Factor(_) => None,
        })
        .take(20)
        .collect();
    others.dedup();
    match others.is_empty() {
        true => error,
        false => error.at("only_in_browsers", others.join(", ")),
    }
}

/// Where a form takes what is typed in: `totp` for some codes, `passcode` for all else
fn code_field(form: &Remediation) -> Result<&str, Error> {
    let fields = form.fields_of("credentials");
    let named = |name: &str| fields.iter().find(|field| field.name == name);
    let field = named("totp").or_else(|| named("passcode")).or_else(|| {
        let mut open = fields
            .iter()
            .filter(|field| field.preset.is_none() && field.is_required);
        open.next().filter(|_| open.next().is_none())
    });
    field.map(|field| field.name.as_str()).ok_or_else(|| {
        Error::unexpected_page("Okta's form has no field for the code")
            .at("remediation", &form.name)
    })
}

fn unapproved() -> Error {
    Error::account_state("nobody approved the request on the phone in time")
}

fn unanswerable(name: &str) -> Error {
    Error::unsupported("Okta asks for an authenticator that only a browser or a device can answer")
        .at("authenticator", name)
}

/// As the vendor's own widget waits
const UNTOLD_PAUSE: Duration = Duration::from_secs(4);

const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
