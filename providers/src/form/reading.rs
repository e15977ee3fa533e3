//! What a page asks for, read from the names and kinds of its fields.

use doorward::page::Field;
use doorward::{Form, Page};

use crate::form::names::{self, has_a_riddle, is_user, names_a_new_one, serves_another_end};
use crate::form::press::gives_consent;
use crate::form::rules::Rules;

/// What a page asks for
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading<'a> {
    /// The password, the user name where the page does not know it yet, and a code where there is room for one
    Password {
        form: &'a Form,
        user: Option<&'a str>,
        password: &'a str,
        code: Option<&'a str>,
    },
    /// A new password: nothing that a program should answer
    NewPassword,
    /// A picture or a riddle beside the password
    Captcha,
    /// A one-time code, on a page without a password
    Code { form: &'a Form, field: &'a str },
    /// The user name alone
    UserName { form: &'a Form, field: &'a str },
    /// Whether an application may have the account's data
    Consent { form: &'a Form },
}

impl<'a> Reading<'a> {
    /// The first of the page's forms that asks for something known, the password before all others
    pub(crate) fn of(page: &'a Page, rules: &Rules) -> Option<Self> {
        let forms = page.forms();
        let one_time = page.attribute("input[autocomplete~=one-time-code]", "name");
        let is_code =
            |field: &Field<'_>| one_time.as_deref() == Some(field.name) || names::is_code(field);
        let is_password = |field: &Field<'_>| {
            (field.kind == "password" && !is_code(field)) || rules.open_password == Some(field.name)
        };
        let password = |form: &'a Form| {
            let found: Vec<Field<'a>> = form.fields().filter(|field| is_password(field)).collect();
            match found.as_slice() {
                [] => None,
                [only] if !names_a_new_one(form) => only.shown.then_some(Self::Password {
                    form,
                    user: user(form, &|field| is_password(field) || is_code(field)),
                    password: only.name,
                    code: form
                        .fields()
                        .find(|field| field.shown && is_code(field))
                        .map(|field| field.name),
                }),
                _ => Some(Self::NewPassword),
            }
        };
        let found = || forms.iter().filter_map(password);
        let plain = found().find(|reading| matches!(reading, Self::Password { .. }));
        if let Some(reading) = plain {
            let riddle = matches!(reading, Self::Password { form, .. } if has_a_riddle(form));
            return Some(if riddle { Self::Captcha } else { reading });
        }
        if let Some(reading) = found().next() {
            return Some(reading);
        }
        let single = |form: &'a Form| single_text(form).map(|field| (form, field));
        let singles = forms.iter().filter_map(single);
        if let Some((form, field)) = singles.clone().find(|(_, field)| is_code(field)) {
            let field = field.name;
            return Some(Self::Code { form, field });
        }
        let mut asking = singles.filter(|(form, _)| !serves_another_end(form));
        if let Some((form, field)) = asking.find(|(_, field)| is_user(field)) {
            let field = field.name;
            return Some(Self::UserName { form, field });
        }
        let mut forms = forms.iter();
        let form = forms.find(|form| asks_for_consent(form, rules))?;
        Some(Self::Consent { form })
    }
}

/// Where the user name goes beside a password
fn user<'a>(form: &'a Form, is_other: &dyn Fn(&Field<'_>) -> bool) -> Option<&'a str> {
    let texts = || {
        form.fields()
            .filter(|field| is_text(field) && !is_other(field))
    };
    let named = texts().find(is_user);
    let only = || texts().next().filter(|_| texts().count() == 1);
    named.or_else(only).map(|field| field.name)
}

/// The one field that a person types into, if the form has no second one
fn single_text(form: &Form) -> Option<Field<'_>> {
    let typed = |field: &Field<'_>| {
        field.shown && matches!(field.kind, "password" | "textarea" | "select" | "file")
            || is_text(field)
    };
    let mut fields = form.fields().filter(typed);
    let only = fields.next().filter(|_| fields.next().is_none())?;
    (is_text(&only) || only.kind == "password").then_some(only)
}

fn is_text(field: &Field<'_>) -> bool {
    field.shown && matches!(field.kind, "text" | "email" | "tel" | "number")
}

/// A form without anything to type, whose button or hidden value says what it is about
fn asks_for_consent(form: &Form, rules: &Rules) -> bool {
    let is_silent = |field: Field<'_>| {
        !field.shown || matches!(field.kind, "checkbox" | "radio" | "submit" | "image")
    };
    let speaks = |(name, value): (&str, &str)| form.value(name) == Some(value);
    let button = || form.buttons().any(|button| gives_consent(&button));
    let known = || rules.consent.is_some_and(|field| form.has(field));
    let is_about = CONSENTS.iter().copied().any(speaks) || button() || known();
    is_about && form.fields().all(is_silent)
}

/// What hidden fields say where no button has a name: oidc-provider, dex
const CONSENTS: [(&str, &str); 2] = [("prompt", "consent"), ("approval", "approve")];

#[cfg(test)]
mod tests {
    use doorward::Page;

    use super::Reading;
    use crate::form::rules::Rules;

    fn page(html: &str) -> Page {
        Page::html("https://idp.test/login", html).unwrap()
    }

    fn reading(html: &str) -> String {
        match Reading::of(&page(html), &Rules::GENERIC) {
            None => "nothing".to_owned(),
            Some(Reading::Password {
                user,
                password,
                code,
                ..
            }) => match code {
                Some(code) => format!("{user:?} {password} {code}"),
                None => format!("{user:?} {password}"),
            },
            Some(Reading::NewPassword) => "new password".to_owned(),
            Some(Reading::Captcha) => "captcha".to_owned(),
            Some(Reading::Code { field, .. }) => format!("code {field}"),
            Some(Reading::UserName { field, .. }) => format!("user {field}"),
            Some(Reading::Consent { .. }) => "consent".to_owned(),
        }
    }

    #[test]
    fn user_and_password_are_found_by_name_or_by_place() {
        for (html, found) in [
            (
                "<input name=user><input name=pw type=password>",
                "Some(\"user\") pw",
            ),
            (
                "<input name=x1><input name=x2 type=password>",
                "Some(\"x1\") x2",
            ),
            (
                "<input name=realm><input name=login><input name=p type=password>",
                "Some(\"login\") p",
            ),
            (
                "<input name=a><input name=b><input name=p type=password>",
                "None p",
            ),
            (
                "<input type=hidden name=user><input name=p type=password>",
                "None p",
            ),
            (
                "<input name=user><input name=p type=password><input name=otp>",
                "Some(\"user\") p otp",
            ),
        ] {
            assert_eq!(
                reading(&format!("<form method=post>{html}</form>")),
                found,
                "{html}"
            );
        }
    }

    #[test]
    fn a_form_with_a_new_password_is_never_one_to_fill_in() {
        for html in [
            "<input name=password-new type=password><input name=password-confirm type=password>",
            "<input name=username><input name=password type=password style='display:none'><input name=password-new type=password>",
            "<input name=password-new type=password>",
            "<input name=a type=password><input name=b type=password>",
            "<input name=oldpassword type=password><input name=newpassword>",
        ] {
            assert_eq!(
                reading(&format!("<form method=post>{html}</form>")),
                "new password",
                "{html}"
            );
        }
        // A page that offers both is a login page.
        assert_eq!(
            reading("<form method=post><input name=email><input name=p1 type=password><input name=p2 type=password></form>
                     <form method=post><input name=email><input name=p type=password></form>"),
            "Some(\"email\") p"
        );
    }

    #[test]
    fn a_code_page_has_no_password_and_one_field() {
        for (html, found) in [
            (
                "<input type=hidden name=token value=1><input name=code>",
                "code code",
            ),
            (
                "<input name=whatever autocomplete='one-time-code'>",
                "code whatever",
            ),
            ("<input name=passcode type=password>", "code passcode"),
            (
                "<input type=tel name=OTP><input type=checkbox name=trust>",
                "code OTP",
            ),
            ("<input type=hidden name=code value=x>", "nothing"),
            (
                "<input name=code><textarea name=text></textarea>",
                "nothing",
            ),
            ("<input name=code><input name=voucher>", "nothing"),
            ("<input name=q type=search>", "nothing"),
        ] {
            assert_eq!(
                reading(&format!("<form method=post>{html}</form>")),
                found,
                "{html}"
            );
        }
    }

    #[test]
    fn a_user_name_may_be_asked_for_alone() {
        assert_eq!(
            reading("<form method=post action=/reset><input name=email></form>"),
            "nothing"
        );
        for (html, found) in [
            ("<input name=identifier>", "user identifier"),
            ("<input name=x type=email>", "user x"),
            (
                "<input name=username><input name=password type=password hidden>",
                "user username",
            ),
            ("<input name=q>", "nothing"),
        ] {
            assert_eq!(
                reading(&format!("<form method=post>{html}</form>")),
                found,
                "{html}"
            );
        }
    }

    #[test]
    fn consent_is_known_by_buttons_or_hidden_values() {
        for (html, found) in [
            (
                "<input type=hidden name=code value=x><button name=accept></button><button name=cancel></button>",
                "consent",
            ),
            (
                "<input type=hidden name=prompt value=consent><button>Weiter</button>",
                "consent",
            ),
            (
                "<input type=hidden name=approval value=approve><button>x</button>",
                "consent",
            ),
            (
                "<input type=hidden name=StateId value=1><button name=yes></button>",
                "consent",
            ),
            ("<button name=decision value=allow>x</button>", "consent"),
            // A key's page, another way to sign in, and a page that only goes on.
            (
                "<input type=hidden name=clientDataJSON><input type=hidden name=signature>",
                "nothing",
            ),
            (
                "<input type=hidden name=tryAnotherWay value=on><button id=try>x</button>",
                "nothing",
            ),
            (
                "<input type=hidden name=execution value=1><button>Accept</button>",
                "nothing",
            ),
            (
                "<input type=hidden name=approval value=rejected><button>x</button>",
                "nothing",
            ),
            // Something to type is a question of another kind.
            (
                "<input name=reason><button name=accept>x</button>",
                "nothing",
            ),
        ] {
            assert_eq!(
                reading(&format!("<form method=post>{html}</form>")),
                found,
                "{html}"
            );
        }
    }

    #[test]
    fn a_riddle_beside_the_password_is_seen_before_it_is_sent() {
        for name in ["captcha", "g-recaptcha-response", "cf-turnstile-response"] {
            let html = format!(
                "<form method=post><input name=user><input name=p type=password><input name={name}></form>"
            );
            assert_eq!(reading(&html), "captcha");
        }
    }
}
