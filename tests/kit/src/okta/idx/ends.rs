//! The first page of a login, and the ones after its last proof.

use serde_json::{Map, Value, json};

use crate::okta::Okta;
use crate::okta::idx::document::LAUNCH;
use crate::okta::idx::forms::{CAPTCHA_ID, Forms};
use crate::okta::idx::switches::{Identify, PostAuth, Success};
use crate::random;
use crate::world::World;

impl Okta {
    pub(super) fn first_page(
        &self,
        forms: &Forms<'_>,
        found: &mut Vec<Value>,
        parts: &mut Map<String, Value>,
    ) {
        if self.switches.idx.decoys {
            found.extend(DECOYS.map(|(name, path)| forms.form(name, path, Vec::new())));
            found.push(json!({
                "name": "piv-idp", "type": "X509", "method": "GET",
                "href": format!("{}/sso/idps/mtls", forms.origin),
                "idp": {"id": "0oapiv00000000000004", "name": "Smart card"},
            }));
        }
        let identify = self.switches.idx.identify;
        match identify {
            Identify::UserName => found.push(forms.identify(false, false)),
            Identify::WithCredentials => found.push(forms.identify(true, false)),
            Identify::Captcha => {
                found.push(forms.identify(true, true));
                let captcha = json!({"type": "object", "value": {
                    "id": CAPTCHA_ID, "name": "reCAPTCHA", "siteKey": random::alphanumeric(40),
                    "type": "RECAPTCHA_V2",
                }});
                parts.insert("captcha".to_owned(), captcha);
            }
            Identify::OtherProvider => found.push(forms.redirect("Corporate login")),
        }
        if matches!(identify, Identify::WithCredentials | Identify::Captcha) {
            let mut password = json!({"type": "object", "value": {
                "type": "password", "key": "okta_password", "displayName": "Password",
                "methods": [{"type": "password"}],
            }});
            password["value"]["recover"] = forms.form("recover", "recover", Vec::new());
            parts.insert("currentAuthenticator".to_owned(), password);
        }
    }

    pub(super) fn page_of(
        &self,
        page: PostAuth,
        forms: &Forms<'_>,
        found: &mut Vec<Value>,
        parts: &mut Map<String, Value>,
    ) {
        let skip = || forms.form("skip", "skip", Vec::new());
        let new_password = || {
            json!({"name": "credentials", "type": "object", "required": true, "form": {"value": [
                {"name": "passcode", "label": "New password", "secret": true},
            ]}})
        };
        let form = |name: &str, path: &str, fields| forms.form(name, path, fields);
        match page {
            PostAuth::KeepMeSignedIn => {
                let field = json!({
                    "name": "keepMeSignedIn", "type": "boolean", "label": "Stay signed in",
                    "required": true, "value": false, "mutable": true,
                });
                found.push(form("keep-me-signed-in", "keep-me-signed-in", vec![field]));
            }
            PostAuth::PasswordExpiring => {
                let fields = vec![new_password()];
                let name = "reenroll-authenticator-warning";
                found.push(form(name, "challenge/answer", fields));
                found.push(skip());
            }
            PostAuth::Promotion => {
                let name = "enroll-authenticator-promotion";
                found.push(form(name, "credential/enroll", Vec::new()));
                found.push(skip());
                forms.lists(parts);
            }
            PostAuth::DeviceAssurance => {
                found.push(form("device-assurance-grace-period", "skip", Vec::new()));
            }
            PostAuth::Reenroll => {
                let fields = vec![new_password()];
                found.push(form("reenroll-authenticator", "challenge/answer", fields));
            }
            PostAuth::Enroll => {
                let options = json!({"name": "authenticator", "type": "object", "options": [{
                    "label": "Google Authenticator",
                    "value": {"form": {"value": [{
                        "name": "id", "required": true, "value": "aut4enroll00000000g4", "mutable": false,
                    }]}},
                    "relatesTo": "$.authenticators.value[0]",
                }]});
                let name = "select-authenticator-enroll";
                found.push(form(name, "credential/enroll", vec![options]));
            }
            PostAuth::Consent => {
                let field = json!({"name": "consent", "type": "boolean", "required": true});
                found.push(form("consent", "consent", vec![field]));
            }
        }
    }

    /// The way out
    pub(super) fn idx_end(
        &self,
        forms: &Forms<'_>,
        found: &mut Vec<Value>,
        parts: &mut Map<String, Value>,
        world: &World,
    ) {
        let href = format!(
            "{}/login/token/redirect?stateToken={}",
            forms.origin, forms.transaction.short
        );
        match self.switches.idx.success {
            Success::Object | Success::WithError => {
                let link = json!({"name": "success-redirect", "href": href});
                parts.insert("success".to_owned(), link);
            }
            Success::Failure => {
                let link = json!({"name": "failure-redirect", "href": href});
                parts.insert("failure".to_owned(), link);
            }
            Success::Remediation => {
                found.push(json!({"name": "success-redirect", "href": href, "method": "GET"}))
            }
            Success::FailureRemediation => {
                found.push(json!({"name": "failure-redirect", "href": href, "method": "GET"}))
            }
            Success::InteractionCode => {
                let code = world.secret(random::base64url(32));
                parts.insert(
                    "successWithInteractionCode".to_owned(),
                    json!({
                        "rel": ["create-form"], "name": "issue", "method": "POST",
                        "href": format!("{}/oauth2/v1/token", forms.origin),
                        "value": [
                            {"name": "grant_type", "required": true, "value": "interaction_code"},
                            {"name": "interaction_code", "required": true, "value": code},
                            {"name": "client_id", "required": true, "value": "0oa4portal8client5d7"},
                            {"name": "code_verifier", "required": true},
                        ],
                        "accepts": "application/x-www-form-urlencoded",
                    }),
                );
            }
            Success::Unsatisfiable => {}
        }
    }
}

/// What a first page may list before the thing that is wanted
const DECOYS: [(&str, &str); 5] = [
    ("unlock-account", "unlock-account"),
    ("select-enroll-profile", "enroll"),
    ("launch-authenticator", LAUNCH),
    (
        "challenge-webauthn-autofillui-authenticator",
        "challenge/answer/webauthn-autofillui",
    ),
    ("something-new", "something-new"),
];
