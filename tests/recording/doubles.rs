//! Recordings of the doubles, for adapters whose provider nobody can install.

use std::fs;
use std::path::Path;

use doorward::recording::Recorder;
use doorward::{CodeSource, Credentials, FrontDoor, Portal, Secret, SecretSource, Walk};
use doorward_testkit::{
    Builder, OktaFactor, OktaSwitches, OrgFactor, PASSWORD, PortalIdp, Testbed, USER,
};

use crate::{form_walk, with_all};

/// What is recorded: the folder, what it shows, the world, whether somebody is asked for a factor, and the password
fn all() -> Vec<(&'static str, &'static str, Builder, bool, &'static str)> {
    let okta = |identity_engine, org_factor| {
        Testbed::builder().okta(OktaSwitches {
            identity_engine,
            org_factor,
            ..OktaSwitches::default()
        })
    };
    let (never, always) = (OrgFactor::Never, OrgFactor::Always);
    let saml = |builder: Builder| builder.idp(PortalIdp::OktaSaml);
    let form = || Testbed::builder().idp(PortalIdp::Form);
    vec![
        (
            "okta/password-ok",
            "A password at the Classic engine (OIDC)",
            okta(false, never),
            false,
            PASSWORD,
        ),
        (
            "okta/wrong-password",
            "A wrong password at the Classic engine",
            okta(false, never),
            false,
            WRONG,
        ),
        (
            "okta/saml-password",
            "A password at the Classic engine (SAML)",
            saml(okta(false, never)),
            false,
            PASSWORD,
        ),
        (
            "okta/totp-ok",
            "A password and a code at the Classic engine",
            okta(false, always),
            true,
            PASSWORD,
        ),
        (
            "okta/engine-password",
            "A password at the Identity Engine (OIDC)",
            okta(true, never),
            false,
            PASSWORD,
        ),
        (
            "okta/engine-wrong-password",
            "A wrong password at the Identity Engine",
            okta(true, never),
            false,
            WRONG,
        ),
        (
            "okta/engine-saml-password",
            "A password at the Identity Engine (SAML)",
            saml(okta(true, never)),
            false,
            PASSWORD,
        ),
        (
            "openunison/password-ok",
            "A password at the portal's own form",
            form(),
            false,
            PASSWORD,
        ),
        (
            "openunison/wrong-password",
            "A wrong password at the portal's own form",
            form(),
            false,
            WRONG,
        ),
    ]
}

#[tokio::test]
#[ignore = "writes into providers/fixtures, when a double has changed"]
async fn the_doubles_are_recorded_anew() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers/fixtures");
    for (name, docs, builder, asks_for_a_code, password) in all() {
        let factor = OktaFactor::totp("OKTA");
        let builder = match asks_for_a_code {
            true => builder.enroll(USER, &factor),
            false => builder,
        };
        let bed = builder.start().unwrap();
        let credentials = Credentials::new(USER, Secret::new(password)).unwrap();
        let credentials = match asks_for_a_code {
            true => credentials.code(CodeSource::totp(SecretSource::value(Secret::new(
                factor.seed().unwrap(),
            )))),
            false => credentials,
        };
        let recorder = Recorder::new();
        let walk: Walk = match name.starts_with("okta") {
            true => bed.walk().unwrap(),
            false => form_walk(&bed),
        };
        let walk = with_all(walk).credentials(credentials).record(&recorder);

        let outcome = Portal::new(&bed.portal_url(), walk).unwrap().open().await;

        let case = recorder
            .case(docs, SEEN_WITH, outcome.err().map(|error| error.kind()))
            .unwrap();
        let folder = fixtures.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        case.write(&folder).unwrap();
    }
}

const SEEN_WITH: &str = "the doubles of doorward-testkit 0.1.0";

const WRONG: &str = "not the password";
