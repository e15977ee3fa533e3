//! The pages of a realm, short, with what each version and theme changes about them.

use crate::realm::{Realm, Step, Version};

/// What a page is made from
pub(crate) struct View<'a> {
    pub(crate) realm: &'a Realm,
    /// The action, with its query
    pub(crate) action: &'a str,
    /// What was typed as the user name
    pub(crate) username: &'a str,
    pub(crate) challenge: &'a str,
    /// The message, and whether it stands at a field
    pub(crate) error: Option<(&'a str, bool)>,
    pub(crate) devices: &'a [&'a str],
    pub(crate) base: &'a str,
}

impl View<'_> {
    pub(crate) fn of(&self, step: &Step) -> String {
        let content = match step {
            Step::Both => {
                self.login(&[self.username_field(), PASSWORD.into(), REMEMBER.into()].concat())
            }
            Step::Name => self.login(&[self.username_field(), REMEMBER.into()].concat()),
            Step::Password => self.login(PASSWORD) + &self.another_way(),
            Step::Code => self.code() + &self.another_way(),
            Step::Key => self.key() + &self.another_way(),
            Step::List(_) => self.list(),
            Step::Action("OAUTH_GRANT") => self.consent(),
            Step::Action(name) => self.required(name),
            Step::Brokers => self.brokers(),
        };
        let error = match self.error {
            None => String::new(),
            Some((text, true)) if self.is_new() => {
                format!(
                    r#"<span id="input-error-username" class="pf-v5-c-helper-text">{text}</span>"#
                )
            }
            Some((text, true)) => {
                format!(r#"<span id="input-error" class="kc-feedback-text">{text}</span>"#)
            }
            Some((text, false)) => format!(r#"<span class="kc-feedback-text">{text}</span>"#),
        };
        match self.realm.is_foreign {
            true => format!(
                "<!DOCTYPE html><html lang=\"de\"><title>Willkommen</title><body class=\"acme\">\
                 <select onchange=\"x()\"><option>Deutsch<option>English</select>{}{content}</body></html>",
                error.replace("id=", "data-acme=").replace("kc-", "acme-")
            ),
            false => format!(
                "<!DOCTYPE html><html class=\"login-pf\"><title>Sign in to corp</title><body>\
                 <h1 id=\"kc-page-title\">Sign in</h1>{error}{content}</body></html>"
            ),
        }
    }

    fn is_new(&self) -> bool {
        self.realm.version == Version::V26
    }

    fn id(&self, id: &str) -> String {
        match self.realm.is_foreign {
            true => format!("acme-{}", id.len()),
            false => id.to_owned(),
        }
    }

    fn word<'a>(&self, english: &'a str, german: &'a str) -> &'a str {
        if self.realm.is_foreign {
            german
        } else {
            english
        }
    }

    fn form(&self, id: &str, content: &str) -> String {
        let action = self.action.replace('&', "&amp;");
        let id = self.id(id);
        format!(r#"<form id="{id}" action="{action}" method="post">{content}</form>"#)
    }

    fn submit(&self) -> String {
        let text = self.word("Sign In", "Anmelden");
        match self.is_new() {
            true => format!(r#"<button name="login" type="submit">{text}</button>"#),
            false => format!(r#"<input name="login" type="submit" value="{text}">"#),
        }
    }

    fn username_field(&self) -> String {
        let (label, value) = (self.word("Username", "Benutzername"), self.username);
        format!(
            r#"<label for="u">{label}</label><input id="u" name="username" value="{value}" type="text">"#
        )
    }

    fn login(&self, fields: &str) -> String {
        let eye = r#"<button type="button" aria-label="Show"></button><input type="hidden" name="credentialId">"#;
        let form = self.form("kc-form-login", &format!("{fields}{eye}{}", self.submit()));
        let reset = format!(
            r#"<a href="{}/login-actions/reset-credentials?client_id=portal">Forgot?</a>"#,
            self.base
        );
        format!("{form}{reset}{}", self.brokers())
    }

    fn brokers(&self) -> String {
        if self.realm.links_follow_the_name && self.username.is_empty() {
            return String::new();
        }
        let links = self.realm.brokers.iter().map(|(alias, label)| {
            format!(
                r#"<li><a id="social-{alias}" href="{}/broker/{alias}/login?client_id=portal&amp;session_code=c1"><span>{label}</span></a></li>"#,
                self.base
            )
        });
        links.collect()
    }

    fn code(&self) -> String {
        let mut fields = String::new();
        for (number, label) in self
            .devices
            .iter()
            .enumerate()
            .filter(|_| self.devices.len() > 1)
        {
            fields += &match self.is_new() {
                true => format!(
                    r#"<div id="kc-otp-credential-{number}" onclick="toggleOTP({number}, '{label}-id')"><span>{label}</span></div>"#
                ),
                false => format!(
                    r#"<input id="kc-otp-credential-{number}" type="radio" name="selectedCredentialId" value="{label}-id"{}>
                    <label for="kc-otp-credential-{number}">{label}</label>"#,
                    if number == 0 { " checked" } else { "" }
                ),
            };
        }
        if self.is_new() && self.devices.len() > 1 {
            let first = self.devices.first().copied().unwrap_or_default();
            fields +=
                &format!(r#"<input type="hidden" name="selectedCredentialId" value="{first}-id">"#);
        }
        fields += r#"<input name="otp" autocomplete="one-time-code" type="text">"#;
        self.form("kc-otp-login-form", &(fields + &self.submit()))
    }

    fn another_way(&self) -> String {
        match self.realm.has_another_way {
            true => self.form(
                "kc-select-try-another-way-form",
                r##"<input type="hidden" name="tryAnotherWay" value="on"><a href="#" onclick="x()">Try another way</a>"##,
            ),
            false => String::new(),
        }
    }

    fn key(&self) -> String {
        let names = [
            "clientDataJSON",
            "authenticatorData",
            "signature",
            "credentialId",
            "userHandle",
            "error",
        ];
        let fields: String = names
            .iter()
            .map(|name| format!(r#"<input type="hidden" name="{name}">"#))
            .collect();
        let keys =
            self.realm.keys.iter().map(|(id, _)| {
                format!(r#"<input type="hidden" name="authn_use_chk" value="{id}">"#)
            });
        let keys: String = keys.collect();
        let challenge = self.challenge;
        let script = match self.is_new() {
            true => format!(
                r#"<script type="module">import {{ authenticateByWebAuthn }} from "/resources/x/webauthnAuthenticate.js";
                const input = {{ isUserIdentified : true, challenge : "{challenge}", userVerification : "not specified",
                rpId : "", createTimeout : 0, errmsg : "no" }};</script>"#
            ),
            false => format!(
                r#"<script>let challenge = "{challenge}"; let userVerification = "preferred"; let rpId = "";</script>"#
            ),
        };
        format!(
            r#"{}<form id="authn_select">{keys}</form>{script}"#,
            self.form("webauth", &fields)
        )
    }

    fn list(&self) -> String {
        let methods = [
            ("key-execution", "Passkey"),
            (
                "code-execution",
                self.word("Authenticator Application", "Authenticator-App"),
            ),
        ];
        if self.is_new() {
            let items = methods.iter().map(|(id, label)| {
                let value =
                    format!(r#"<input type="hidden" name="authenticationExecution" value="{id}">"#);
                format!(
                    "<li>{}<div><i></i><h2>{label}</h2><p>…</p></div></li>",
                    self.form("kc-select-credential-form", &value)
                )
            });
            return format!("<ul>{}</ul>", items.collect::<String>());
        }
        let items = methods.iter().map(|(id, label)| {
            format!(r#"<div onclick="fillAndSubmit('{id}')"><div>{label}</div></div>"#)
        });
        let hidden =
            r#"<input type="hidden" id="authexec-hidden-input" name="authenticationExecution">"#;
        self.form(
            "kc-select-credential-form",
            &(items.collect::<String>() + hidden),
        )
    }

    fn consent(&self) -> String {
        let action = self
            .action
            .split_once("/realms/")
            .map_or("", |(_, rest)| rest);
        let path = self
            .base
            .split_once("/realms/")
            .map_or("", |(before, _)| before);
        let path = path
            .splitn(4, '/')
            .nth(3)
            .map(|prefix| format!("/{prefix}"))
            .unwrap_or_default();
        let (yes, no) = match self.is_new() {
            true => (String::new(), String::new()),
            false => (
                self.word("Yes", "Ja").to_owned(),
                self.word("No", "Nein").to_owned(),
            ),
        };
        format!(
            r#"<form action="{path}/realms/{}" method="POST"><input type="hidden" name="code" value="consent-1">
            <input name="accept" id="kc-login" type="submit" value="{yes}"><input name="cancel" id="kc-cancel" type="submit" value="{no}"></form>"#,
            action.replace('&', "&amp;")
        )
    }

    fn required(&self, name: &str) -> String {
        match name {
            "UPDATE_PASSWORD" => {
                let old = match self.is_new() {
                    true => "",
                    false => r#"<input name="username" value="ci"><input name="password" type="password">"#,
                };
                self.form(
                    "kc-passwd-update-form",
                    &format!(
                        r#"{old}<input name="password-new" type="password"><input name="password-confirm" type="password">
                        <input type="checkbox" name="logout-sessions" checked><input type="submit">"#
                    ),
                )
            }
            "CONFIGURE_TOTP" => self.form(
                "kc-totp-settings-form",
                r#"<input name="totp"><input type="hidden" name="totpSecret" value="s"><input name="userLabel"><input type="submit">"#,
            ),
            "TERMS_AND_CONDITIONS" => {
                self.form("", r#"<input name="accept" type="submit" value="Accept"><input name="cancel" type="submit" value="Decline">"#)
            }
            "VERIFY_PROFILE" => self.form(
                "kc-update-profile-form",
                r#"<input name="username" value="ci"><input name="email"><input name="firstName"><input type="submit">"#,
            ),
            _ => format!(r#"<p>An email was sent.</p><a href="{}">Again</a>"#, self.action.replace('&', "&amp;")),
        }
    }
}

pub(crate) fn expired(restart: &str, go_on: &str) -> String {
    let (restart, go_on) = (restart.replace('&', "&amp;"), go_on.replace('&', "&amp;"));
    format!(
        r#"<h1>Page has expired</h1><p><a id="loginRestartLink" href="{restart}">here</a> <a id="loginContinueLink" href="{go_on}">here</a></p>"#
    )
}

pub(crate) fn failure(text: &str) -> String {
    format!(r#"<h1>We are sorry...</h1><p id="kc-error-message">{text}</p>"#)
}

pub(crate) fn auto_post(action: &str, fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| {
        let value = value.replace('&', "&amp;").replace('"', "&quot;");
        format!(r#"<INPUT TYPE="HIDDEN" NAME="{name}" VALUE="{value}"/>"#)
    });
    format!(
        r#"<HTML><HEAD><TITLE>OIDC Form_Post Response</TITLE></HEAD><BODY Onload="document.forms[0].submit()">
        <FORM METHOD="POST" ACTION="{action}">{}<NOSCRIPT><INPUT name="continue" TYPE="SUBMIT" VALUE="CONTINUE"/></NOSCRIPT></FORM></BODY></HTML>"#,
        fields.collect::<String>()
    )
}

const PASSWORD: &str = r#"<label for="p">…</label><input id="p" name="password" type="password" autocomplete="current-password">"#;

const REMEMBER: &str = r#"<input id="rememberMe" name="rememberMe" type="checkbox">"#;
