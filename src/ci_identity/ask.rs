//! The requests to the platforms that have an endpoint, each to the one origin that the job's environment names.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::ci_identity::advice::advice;
use crate::ci_identity::{CiPlatform, answer};
use crate::devices::Devices;
use crate::event::Listener;
use crate::page::unavailable;
use crate::session::{Limits, Network, Origin, Origins, Session, metadata, skew};
use crate::{Error, ErrorKind, Page, Request, Secret, Trail, redact};

/// A token as an endpoint gave it
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) token: Secret,
    pub(super) trail: Trail,
    /// What must be added to our clock to have the server's
    pub(super) skew: SignedDuration,
}

impl Asked {
    /// A token that no server was asked for
    pub(super) fn at_hand(token: Secret) -> Self {
        Self {
            token,
            trail: Trail::default(),
            skew: SignedDuration::ZERO,
        }
    }
}

/// Asks GitHub Actions; `url` and `bearer` are the job's own
///
/// Source: <https://docs.github.com/en/actions/reference/security/oidc>
pub(super) async fn github(
    network: &Network,
    listener: &Listener,
    url: &str,
    bearer: &Secret,
    audience: &str,
) -> Result<Asked, Error> {
    let mut url = https(url)?;
    // The runner's URL has a query of its own, which stays.
    url.query_pairs_mut().append_pair("audience", audience);
    let request = Request::get(&url)
        .header("accept", "application/json")
        .secret_header("authorization", &authorization(bearer));
    let (page, trail) = exchange(network, listener, request).await?;
    let platform = CiPlatform::GitHub;
    let token = page.json().and_then(answer::github);
    asked(&platform, audience, &page, trail, token)
}

/// Asks Azure DevOps; `url` and `bearer` are the job's own
///
/// Source: <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create>
pub(super) async fn azure_devops(
    network: &Network,
    listener: &Listener,
    url: &str,
    bearer: &Secret,
    connection: Option<&str>,
) -> Result<Asked, Error> {
    let mut url = https(url)?;
    url.query_pairs_mut().append_pair("api-version", "7.1");
    if let Some(connection) = connection {
        url.query_pairs_mut()
            .append_pair("serviceConnectionId", connection);
    }
    let request = Request::post(&url)
        .header("accept", "application/json")
        .header("content-type", "application/json")
        // A refusal is a status then, and no redirect to a page for people.
        .header("x-tfs-fedauthredirect", "Suppress")
        .secret_header("authorization", &authorization(bearer));
    let (page, trail) = exchange(network, listener, request).await?;
    let platform = CiPlatform::AzureDevOps(connection.map(str::to_owned));
    let token = page.json().and_then(answer::azure_devops);
    asked(&platform, "", &page, trail, token)
}

/// Asks Google's metadata server, which knows the machine by where the request comes from
///
/// Source: <https://cloud.google.com/compute/docs/instances/verifying-instance-identity>
pub(super) async fn gcp(network: &Network, audience: &str) -> Result<Asked, Error> {
    let query = [("audience", audience), ("format", "full")];
    let page = metadata(network, IDENTITY, &query, LIMITS).await;
    let page = page.map_err(|error| match error.kind() {
        ErrorKind::Transport => {
            error.hint("gcp is for machines and pods at Google Cloud, which alone reach that host")
        }
        _ => error,
    })?;
    let platform = CiPlatform::Gcp;
    let text = str::from_utf8(page.body()).unwrap_or_default();
    let token = Some(Secret::new(text.trim())).filter(|token| !token.is_empty());
    asked(&platform, audience, &page, Trail::default(), token)
}

/// What an answer comes to
fn asked(
    platform: &CiPlatform,
    audience: &str,
    page: &Page,
    trail: Trail,
    token: Option<Secret>,
) -> Result<Asked, Error> {
    let at_platform = |error: Error| {
        error
            .at("platform", platform.to_string())
            .at("host", page.host())
            .at("status", page.status().to_string())
            .with_trail(&trail)
    };
    if let Some(error) = unavailable(page) {
        return Err(error.with_trail(&trail));
    }
    match (page.status(), token) {
        (200, Some(token)) => Ok(Asked {
            token,
            skew: skew(page.date(), Timestamp::now()),
            trail,
        }),
        (400 | 401 | 403 | 404, _) => {
            let error = at_platform(Error::config("the platform gives this job no identity"));
            let advice = advice(platform, audience);
            Err(advice.into_iter().fold(error, Error::hint))
        }
        _ => Err(at_platform(Error::unexpected_page(
            "the platform's answer holds no token",
        ))),
    }
}

/// Sends `request`, which must be harmless to repeat, up to three times if the platform is overloaded
async fn exchange(
    network: &Network,
    listener: &Listener,
    request: Request,
) -> Result<(Page, Trail), Error> {
    let origin = Origin::of(request.url()).ok_or_else(|| not_https(request.url().as_str()))?;
    let origins = Origins::new(origin.clone(), vec![origin], Vec::new());
    let mut session = Session::new(network, origins, LIMITS, &Devices::new(), listener.clone())?;
    let mut pauses = PAUSES.iter();
    loop {
        let sent = session.send(request.clone()).await;
        let page = sent.map_err(|error| error.with_trail(session.trail()))?;
        match pauses.next().filter(|_| unavailable(&page).is_some()) {
            Some(pause) => session.pause(*pause).await?,
            None => return Ok((page, session.trail().clone())),
        }
    }
}

fn authorization(bearer: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", bearer.expose_secret()))
}

fn https(url: &str) -> Result<Url, Error> {
    let parsed = Url::parse(url).ok();
    let parsed = parsed.filter(|parsed| Origin::of(parsed).is_some());
    parsed.ok_or_else(|| not_https(url))
}

fn not_https(url: &str) -> Error {
    Error::config("the URL that the job's environment names is not https, and would get its secret")
        .at("url", redact::url(url))
}

const IDENTITY: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";

const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

const LIMITS: Limits = Limits {
    hops: 1,
    body: 64 << 10,
    headers: 64 << 10,
    deadline: Duration::from_secs(30),
};
