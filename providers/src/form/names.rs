//! Names of fields, as many providers have them.

use doorward::Form;
use doorward::page::Field;

/// Whether a field is for a one-time code, by its name
pub(super) fn is_code(field: &Field<'_>) -> bool {
    is_one_of(field.name, &CODES)
}

/// Whether a field is for the user name, by its name or kind
pub(super) fn is_user(field: &Field<'_>) -> bool {
    field.kind == "email" || is_one_of(field.name, &USERS)
}

/// A user name sent to such a form would send a mail, or make an account
pub(super) fn serves_another_end(form: &Form) -> bool {
    let path = form.action().path().to_ascii_lowercase();
    [
        "forgot",
        "recover",
        "regist",
        "reset",
        "signup",
        "subscribe",
    ]
    .iter()
    .any(|word| path.contains(word))
}

pub(super) fn names_a_new_one(form: &Form) -> bool {
    form.fields().any(|field| {
        let name = field.name.to_ascii_lowercase();
        name.contains("new") && (name.contains("pass") || name.contains("pw"))
    })
}

pub(super) fn has_a_riddle(form: &Form) -> bool {
    form.fields().any(|field| {
        let name = field.name.to_ascii_lowercase();
        name.contains("captcha") || name.contains("turnstile")
    })
}

fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Names of fields for one-time codes; `code` is an OAuth code as well, but then it is hidden
const CODES: [&str; 14] = [
    "2fa",
    "app_otp",
    "code",
    "mfa_code",
    "one-time-code",
    "otc",
    "otp",
    "passcode",
    "security_code",
    "token",
    "tokencode",
    "totp",
    "user[otp_attempt]",
    "verificationcode",
];

const USERS: [&str; 15] = [
    "account",
    "email",
    "identifier",
    "j_username",
    "login",
    "loginfmt",
    "uid",
    "user",
    "user[email]",
    "user[login]",
    "user_id",
    "userid",
    "username",
    "userlogin",
    "usr",
];
