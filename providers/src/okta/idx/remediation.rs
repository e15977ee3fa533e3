//! Which of a document's remediations to answer. Pure.

use super::document::{Document, Remediation};

/// What a document wants
pub(super) enum Step<'a> {
    /// The login is done: follow the link
    Success(&'a str),
    /// The login is refused: the link tells the application
    Failure(&'a str),
    /// The user name, and the password if the form has a place for it
    Identify(&'a Remediation),
    Prove(Proof<'a>),
    /// To say that the session need not outlive this login
    KeepSignedIn(&'a Remediation),
    /// Something that may be put off
    Skip(&'a Remediation),
    /// To go on without an authenticator of this device
    CancelProbe(&'a Remediation),
    /// To sign in at another provider
    Federate(Vec<&'a Remediation>),
    /// Something that only a person can do, and the remediation's name
    Person(&'static str, &'a str),
    /// Nothing that is known
    Unknown,
}

/// The ways to prove who one is that a document has at the same time
#[derive(Default)]
pub(super) struct Proof<'a> {
    /// To answer the current authenticator
    pub(super) challenge: Option<&'a Remediation>,
    /// To wait for somebody who answers it elsewhere
    pub(super) poll: Option<&'a Remediation>,
    /// To have the current authenticator send something
    pub(super) begin: Option<&'a Remediation>,
    /// To take an authenticator
    pub(super) select: Option<&'a Remediation>,
}

impl<'a> Step<'a> {
    /// The step to take; remediations come in no order that could be relied on
    pub(super) fn of(document: &'a Document) -> Self {
        let find = |name: &str| document.remediation(name);
        let link = |name: &str| find(name).map(|found| found.href.as_str());
        if let Some(href) = link("success-redirect").or(document.success.as_deref()) {
            return Self::Success(href);
        }
        if let Some(href) = link("failure-redirect").or(document.failure.as_deref()) {
            return Self::Failure(href);
        }
        if let Some(form) = find("identify") {
            return Self::Identify(form);
        }
        let proof = Proof {
            challenge: find("challenge-authenticator"),
            poll: find("challenge-poll"),
            begin: find("authenticator-verification-data"),
            select: find("select-authenticator-authenticate"),
        };
        if !proof.is_empty() {
            return Self::Prove(proof);
        }
        // Beside a proof it is the way to another account.
        if let Some(form) = find("select-identify") {
            return Self::Identify(form);
        }
        if let Some(form) = find("keep-me-signed-in") {
            return Self::KeepSignedIn(form);
        }
        if let Some(form) = document.remediations.iter().find(|form| is_skip(form)) {
            return Self::Skip(form);
        }
        let probes = |form: &&Remediation| PROBES.contains(&form.name.as_str());
        if let Some(probe) = document.remediations.iter().find(probes) {
            let cancel = find("cancel-polling").or(document.cancel_probe.as_ref());
            return cancel.map_or(
                Self::Person("an authenticator of the device itself", &probe.name),
                Self::CancelProbe,
            );
        }
        let elsewhere = |form: &&Remediation| form.name == "redirect-idp";
        let idps: Vec<&Remediation> = document.remediations.iter().filter(elsewhere).collect();
        if !idps.is_empty() {
            return Self::Federate(idps);
        }
        let person = document
            .remediations
            .iter()
            .find_map(|form| Some(Self::Person(needs_person(&form.name)?, &form.name)));
        person.unwrap_or(Self::Unknown)
    }
}

impl Proof<'_> {
    fn is_empty(&self) -> bool {
        let all = [self.challenge, self.poll, self.begin, self.select];
        all.iter().all(Option::is_none)
    }
}

/// The notice of a grace time has a name of its own, but its link is that of a skip
fn is_skip(form: &Remediation) -> bool {
    let path = form.href.split(['?', '#']).next().unwrap_or_default();
    form.name == "skip" || path.ends_with("/idp/idx/skip")
}

fn needs_person(name: &str) -> Option<&'static str> {
    Some(match name {
        "reenroll-authenticator" => "the password has expired",
        "reset-authenticator" => "the password must be reset",
        "select-authenticator-enroll" | "select-enrollment-channel" => {
            "the account must enrol a second factor"
        }
        "profile-update" | "enroll-profile" | "select-enroll-profile" => {
            "the account's profile is not complete"
        }
        "consent" | "granular-consent" | "email-challenge-consent" => {
            "the application asks for consent"
        }
        "admin-consent" => "the application asks for an administrator's consent",
        "redirect-idverify" => "the account's holder must prove an identity",
        "user-code" => "a device must be activated",
        "unlock-account" | "select-authenticator-unlock-account" => "the account is locked",
        "piv-idp" => "the organisation asks for a smart card",
        "resend" => "the request on the phone ended without an approval",
        _ if name.starts_with("enroll-") => "the account must enrol a second factor",
        _ if name.starts_with("launch-") => "an authenticator of the device itself",
        _ => return None,
    })
}

/// The search for an authenticator of this device
const PROBES: &[&str] = &[
    "device-challenge-poll",
    "device-apple-sso-extension",
    "launch-authenticator",
];
