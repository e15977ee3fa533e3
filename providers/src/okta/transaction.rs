//! An authentication transaction: from credentials or a state token to a session, status by status.

use doorward::{Error, Event, Page, Request, Secret, Url, Visit};
use serde_json::{Value, json};

use super::exchange::{Home, at, link, post, post_token, state_token, status};
use super::factor::{Factors, Step};
use super::script::Marks;

/// Signs in with user name and password, from the beginning
pub(super) async fn with_password(
    home: &Home,
    marks: &Marks,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let answer = post_password(&at(home, "/api/v1/authn")?, None, visit).await?;
    finish(answer, home, marks, visit).await
}

/// Goes on with the transaction that the page's state token stands for
pub(super) async fn resume(
    home: &Home,
    marks: Marks,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let token = marks
        .state_token
        .as_ref()
        .ok_or_else(|| Error::unexpected_page("the page has no state token"))?;
    let answer = post_token(&at(home, "/api/v1/authn")?, token, visit).await?;
    finish(answer, home, &marks, visit).await
}

/// Takes a transaction to its end, and the session from there
async fn finish(
    mut answer: Page,
    home: &Home,
    marks: &Marks,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let mut factors = Factors::default();
    for _ in 0..ROUNDS {
        answer = match status(&answer)?.as_str() {
            "SUCCESS" => return session(&answer, home, marks, visit).await,
            "UNAUTHENTICATED" => {
                let (url, token) = (link(&answer, "next")?, state_token(&answer)?);
                drop(answer);
                post_password(&url, Some(&token), visit).await?
            }
            "PASSWORD_WARN" => {
                let days = answer.json().and_then(|json| {
                    json.pointer("/_embedded/policy/expiration/passwordExpireDays")
                });
                let days = days
                    .and_then(Value::as_u64)
                    .map_or_else(|| "some".into(), |days| days.to_string());
                visit.tell(&Event::Note(&format!("the password ends in {days} days")));
                post_token(&link(&answer, "skip")?, &state_token(&answer)?, visit).await?
            }
            "MFA_ENROLL" | "FACTOR_ENROLL" if link(&answer, "skip").is_ok() => {
                post_token(&link(&answer, "skip")?, &state_token(&answer)?, visit).await?
            }
            "MFA_REQUIRED" | "MFA_CHALLENGE" | "FACTOR_REQUIRED" | "FACTOR_CHALLENGE" => {
                // In a place of its own, since it is five times as large as the rest, and often there is no factor.
                match Box::pin(factors.verify(answer, home, visit)).await? {
                    Step::Next(answer) => answer,
                    Step::Elsewhere(page) => return Ok(page),
                }
            }
            status => return Err(needs_person(status, &answer)),
        };
    }
    Err(Error::unexpected_page("Okta's transaction does not come to an end").at("page", &home.path))
}

/// Makes the browser's session out of a finished transaction
async fn session(
    answer: &Page,
    home: &Home,
    marks: &Marks,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    visit.accepted();
    // The vendor's widget asks in this order, too; `_links` may hold no more than `cancel`.
    if let Ok(next) = link(answer, "original").or_else(|_| link(answer, "next")) {
        return visit.get(&next).await;
    }
    let token = answer.json_secret("/sessionToken").ok_or_else(|| {
        Error::unexpected_page("Okta's success carries neither a session token nor a link")
    })?;
    let mut url = at(home, "/login/sessionCookieRedirect")?;
    url.query_pairs_mut()
        .append_pair("checkAccountSetupComplete", "true")
        .append_pair("redirectUrl", resume_url(home, marks)?.as_str());
    visit
        .send(Request::get(&url).query_secret("token", &token))
        .await
}

/// Where the organisation is to take the login on: what led to the page, if the page does not say
pub(super) fn resume_url(home: &Home, marks: &Marks) -> Result<Url, Error> {
    match &marks.resume {
        Some(resume) => home.url.join(resume).map_err(|error| {
            Error::unexpected_page("the page's fromURI is no URL")
                .at("page", &home.path)
                .because(error)
        }),
        None => Ok(home.url.clone()),
    }
}

async fn post_password(
    url: &Url,
    state_token: Option<&Secret>,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let mut body = json!({ "username": visit.username(), "password": null });
    if state_token.is_some() {
        body["stateToken"] = Value::Null;
    } else {
        body["options"] =
            json!({ "multiOptionalFactorEnroll": false, "warnBeforePasswordExpired": false });
    }
    let request = Request::post(url)
        .json(body)
        .secret("/password", &visit.password().await?);
    let request = match state_token {
        Some(token) => request.secret("/stateToken", token),
        None => request,
    };
    post(request, visit).await
}

fn needs_person(status: &str, answer: &Page) -> Error {
    let words = match status {
        "LOCKED_OUT" => "the account is locked",
        "PASSWORD_EXPIRED" => "the password has expired",
        "PASSWORD_RESET" => "the password must be reset",
        "RECOVERY" | "RECOVERY_CHALLENGE" => "the account is being recovered",
        "MFA_ENROLL" | "FACTOR_ENROLL" => "the account must enrol a second factor",
        "MFA_ENROLL_ACTIVATE" | "FACTOR_ENROLL_ACTIVATE" => {
            "the account is in the middle of enrolling a second factor"
        }
        "CONSENT_REQUIRED" | "ADMIN_CONSENT_REQUIRED" => "the application asks for consent",
        "PROFILE_REQUIRED" => "the account's profile is not complete",
        "DEVICE_ACTIVATE" => "a device must be activated",
        "POLL" => "the organisation asks to wait for another person or device",
        _ => {
            return Error::unexpected_page(
                "Okta answered with a status that doorward does not know",
            )
            .at("status", status)
            .at("path", answer.path());
        }
    };
    Error::account_state(format!("Okta says: {words}"))
        .at("status", status)
        .hint("sign in once in a browser with this account, and do what Okta asks")
}

/// More than the longest known way: unauthenticated, two factors, warn, enrol, success
const ROUNDS: usize = 8;
