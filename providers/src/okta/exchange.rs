//! One exchange with an organisation: what is posted, how long Okta wants us to wait, and which links it publishes.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use doorward::{Error, Event, Page, Request, Secret, Url, Visit};
use serde_json::{Value, json};

use super::failure::{failure, rate_limit_wait};

/// Where the login's page is, which is all that is needed of it while the organisation takes its time to answer
pub(super) struct Home {
    pub(super) url: Url,
    /// As it may stand in an error
    pub(super) path: String,
}

impl Home {
    /// Drops the page
    pub(super) fn left(page: Page) -> Self {
        Self {
            url: page.url().clone(),
            path: page.path(),
        }
    }
}

/// Sends, and once more after the wait that Okta asks for when there are too many requests
pub(super) async fn patiently(request: Request, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let answer = visit.send(request).await?;
    match wait_out(&answer, visit).await? {
        true => visit.send(answer.sent().clone()).await,
        false => Ok(answer),
    }
}

/// Posts to the Classic engine, patiently
pub(super) async fn post(request: Request, visit: &mut Visit<'_>) -> Result<Page, Error> {
    patiently(request.header("accept", JSON), visit).await
}

/// Posts to the Classic engine, and gives back whatever comes
pub(super) async fn post_once(request: Request, visit: &mut Visit<'_>) -> Result<Page, Error> {
    visit.send(request.header("accept", JSON)).await
}

/// Posts the state token and nothing else
pub(super) async fn post_token(
    url: &Url,
    token: &Secret,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    post(with_token(url, token, json!({})), visit).await
}

/// A request with the state token and `body`, the fields that belong to it
pub(super) fn with_token(url: &Url, token: &Secret, mut body: Value) -> Request {
    body["stateToken"] = Value::Null;
    Request::post(url).json(body).secret("/stateToken", token)
}

/// Waits if `answer` says that there were too many requests, and tells whether it did
///
/// # Errors
///
/// What `answer` says, if the wait would be longer than the login may take.
pub(super) async fn wait_out(answer: &Page, visit: &mut Visit<'_>) -> Result<bool, Error> {
    let Some(wait) = rate_limit_wait(answer) else {
        return Ok(false);
    };
    visit.tell(&Event::Note(&format!(
        "Okta asks to wait {} s",
        wait.as_secs()
    )));
    // All that wait for the same reset would come back in the same moment.
    let spread = Duration::from_secs(1).max(wait / 8);
    match visit.pause(wait + jitter(spread)).await {
        Ok(()) => Ok(true),
        Err(_) => Err(failure(answer)),
    }
}

/// Any time up to `most`
pub(super) fn jitter(most: Duration) -> Duration {
    // Good enough to spread requests, and not used for anything else.
    let random = RandomState::new().hash_one(());
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % most.saturating_add(1))
}

pub(super) fn state_token(answer: &Page) -> Result<Secret, Error> {
    answer.json_secret("/stateToken").ok_or_else(|| {
        Error::unexpected_page("Okta's transaction has no state token").at("path", answer.path())
    })
}

/// A link that the answer publishes, at the host that answers; never one of our own making
pub(super) fn link(answer: &Page, name: &str) -> Result<Url, Error> {
    Ok(at_home(answer.url(), &link_as_it_is(answer, name)?))
}

/// A link that a browser would follow wherever it leads
pub(super) fn link_as_it_is(answer: &Page, name: &str) -> Result<Url, Error> {
    let href = text(answer, &format!("/_links/{name}/href"));
    let missing = || {
        Error::unexpected_page("Okta's transaction has no link to go on")
            .at("link", name)
            .at("path", answer.path())
    };
    Url::parse(&href.ok_or_else(missing)?).map_err(|error| missing().because(error))
}

/// The same at our own host: an organisation has two, and only that of the page knows the login's cookies
pub(super) fn at_home(own: &Url, url: &Url) -> Url {
    let mut moved = own.clone();
    moved.set_fragment(None);
    moved.set_path(url.path());
    moved.set_query(url.query());
    moved
}

/// The transaction's status; an answer without one is a failure
pub(super) fn status(answer: &Page) -> Result<String, Error> {
    text(answer, "/status").ok_or_else(|| failure(answer))
}

/// Whether the answer says that a factor is to be answered, or is being answered
pub(super) fn is_challenge(answer: &Page) -> bool {
    let status = text(answer, "/status");
    matches!(
        status.as_deref(),
        Some("MFA_CHALLENGE" | "FACTOR_CHALLENGE")
    )
}

pub(super) fn text(answer: &Page, pointer: &str) -> Option<String> {
    answer.json()?.pointer(pointer)?.as_str().map(str::to_owned)
}

/// A path of the organisation's own host
pub(super) fn at(home: &Home, path: &str) -> Result<Url, Error> {
    home.url
        .join(path)
        .map_err(|error| Error::unexpected_page("the page's URL has no origin").because(error))
}

pub(super) const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::jitter;

    #[test]
    fn jitter_is_within_its_bounds_and_not_always_the_same() {
        let most = Duration::from_millis(1000);

        let times: Vec<Duration> = (0..50).map(|_| jitter(most)).collect();

        assert!(times.iter().all(|time| *time <= most));
        assert!(times.iter().any(|time| *time != times[0]));
        assert_eq!(jitter(Duration::ZERO), Duration::ZERO);
    }
}
