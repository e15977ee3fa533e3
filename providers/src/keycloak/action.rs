//! Required actions: what Keycloak wants done before it lets somebody in, and no machine may do.

use doorward::{Decision, Error, Page, Visit};

/// Accepts terms of use if the caller said so; for all else it takes a person
pub(super) async fn answer(page: &Page, name: &str, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let is_terms = name.eq_ignore_ascii_case(TERMS);
    if is_terms && visit.allows(Decision::Terms) {
        let mut form = page.expect_form_with("accept")?;
        if form.press("accept") {
            return visit.submit(form).await;
        }
    }
    Err(Error::account_state(words(name))
        .at("action", name)
        .at("page", page.path())
        .hint(match is_terms {
            true => "--accept-terms accepts them",
            false => "log in with a browser once, and do what the page asks for",
        }))
}

/// Source: <https://www.keycloak.org/docs/latest/server_admin/#con-required-actions_server_administration_guide>
fn words(name: &str) -> &'static str {
    // 15 wrote some of them in small letters.
    match name.to_ascii_uppercase().replace('-', "_").as_str() {
        "UPDATE_PASSWORD" => {
            "Keycloak wants a new password: the old one has expired, or was set by an administrator"
        }
        "CONFIGURE_TOTP" => "Keycloak wants an authenticator app to be enrolled",
        "WEBAUTHN_REGISTER" | "WEBAUTHN_REGISTER_PASSWORDLESS" => {
            "Keycloak wants a passkey to be enrolled"
        }
        "CONFIGURE_RECOVERY_AUTHN_CODES" => "Keycloak wants recovery codes to be written down",
        "UPDATE_PROFILE" | "VERIFY_PROFILE" | "VERIFY_USER_PROFILE" => {
            "Keycloak wants the account's profile to be completed"
        }
        "VERIFY_EMAIL" | "UPDATE_EMAIL" => {
            "Keycloak wants the account's mail address to be confirmed"
        }
        "UPDATE_USER_LOCALE" => "Keycloak wants the account's language to be chosen",
        "DELETE_ACCOUNT" | "DELETE_CREDENTIAL" => "Keycloak asks whether to delete something",
        TERMS => "Keycloak wants its terms of use to be accepted",
        "OAUTH_GRANT" => "Keycloak asks for consent in a way that is not known",
        "FIRST_BROKER_LOGIN" => {
            "Keycloak wants the account of the other provider to be linked to one of its own"
        }
        _ => "Keycloak wants something done that only the account's owner can do",
    }
}

const TERMS: &str = "TERMS_AND_CONDITIONS";

#[cfg(test)]
mod tests {
    use super::words;
    use crate::keycloak::screen::FIRST_BROKER_LOGIN;

    #[test]
    fn every_version_has_the_same_words() {
        for (name, part) in [
            ("UPDATE_PASSWORD", "new password"),
            ("terms_and_conditions", "terms of use"),
            ("webauthn-register", "passkey"),
            ("webauthn-register-passwordless", "passkey"),
            (FIRST_BROKER_LOGIN, "linked"),
            ("acme-survey", "only the account's owner"),
            ("", "only the account's owner"),
        ] {
            assert!(words(name).contains(part), "{name}");
        }
    }
}
