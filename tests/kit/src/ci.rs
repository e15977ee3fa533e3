//! The endpoints at which CI platforms give a job its identity, as strict as the real ones or more.
//!
//! Source: <https://docs.github.com/en/actions/reference/security/oidc>,
//! <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create>

mod metadata;
pub use metadata::MetadataServer;

mod programs;
pub use programs::{CiProgram, ci_program};

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Answer, Ask};
use crate::keys::Keys;
use crate::testbed::Testbed;
use crate::world::{RUNNER_HOST, World};

/// What a job of [`RUNNER_HOST`] shows to get its identity, at each of the platforms
pub const JOB_TOKEN: &str = "canary-job-token-5b1d";
/// The service connection that the pipeline of Azure DevOps has
pub const SERVICE_CONNECTION: &str = "6f1c2b9e-4b5d-4a57-9a55-6d7b1f0f4c11";

impl Testbed {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL` of a job of GitHub Actions; its request token is [`JOB_TOKEN`]
    pub fn github_url(&self) -> String {
        format!("{}{GITHUB}?api-version=2.0", self.url(RUNNER_HOST))
    }

    /// `SYSTEM_OIDCREQUESTURI` of a job of Azure DevOps; its access token is [`JOB_TOKEN`]
    pub fn azure_devops_url(&self) -> String {
        format!("{}{AZURE_DEVOPS}", self.url(RUNNER_HOST))
    }

    /// A job's token, as other platforms leave it in a variable or a file; the API server believes it for `kubernetes`
    pub fn job_token(&self, audience: &str, subject: &str, life: Duration) -> String {
        let world = self.world();
        let claims = claims(&world.origin(RUNNER_HOST), audience, subject, world, life);
        world.secret(world.keys.sign_token(KEY, &claims))
    }
}

/// Answers for the site that runners ask
pub(crate) fn answer(ask: &Ask, world: &World) -> Answer {
    if ask.header("cookie").is_some() {
        world.complain("a CI platform got a cookie");
    }
    match ask.path() {
        GITHUB => github(ask, world),
        AZURE_DEVOPS => azure_devops(ask, world),
        path => {
            world.complain(format!("a CI platform was asked for {path}"));
            Answer::empty(404)
        }
    }
}

fn github(ask: &Ask, world: &World) -> Answer {
    let wrong = |status: u16, what: &str| {
        world.complain(format!("GitHub Actions: {what}"));
        Answer::json(status, &json!({"message": what}))
    };
    if ask.method() != "GET" {
        return wrong(405, "the method is not GET");
    }
    if ask.bearer() != Some(JOB_TOKEN) {
        return Answer::json(401, &json!({"message": "Bad credentials"}));
    }
    if !ask.raw_query().starts_with("api-version=2.0&") {
        return wrong(400, "the query of the URL is gone");
    }
    if !ask.accepts_json() {
        return wrong(406, "no JSON is accepted");
    }
    // The real one takes the repository owner's URL then; nobody should be content with that.
    let Some(audience) = ask.query("audience").filter(|a| !a.is_empty()) else {
        return wrong(400, "no audience is named");
    };
    let subject = "repo:acme/shop:ref:refs/heads/main";
    let token = token(world, &audience, subject, 300);
    Answer::json(200, &json!({"count": token.len(), "value": token}))
        .header("ActivityId", "f2a8f2a1-0a4f-4c8c-9d4f-0d5b0c8a7e11")
}

fn azure_devops(ask: &Ask, world: &World) -> Answer {
    let wrong = |status: u16, what: &str| {
        world.complain(format!("Azure DevOps: {what}"));
        Answer::json(
            status,
            &json!({"$id": "1", "message": what, "typeKey": "VssRequestException"}),
        )
    };
    if ask.method() != "POST" {
        return wrong(405, "the method is not POST");
    }
    if ask.bearer() != Some(JOB_TOKEN) {
        // To a client that does not forbid it, the real one shows its page for people.
        let suppressed = ask.header("x-tfs-fedauthredirect") == Some("Suppress");
        return match suppressed {
            true => Answer::empty(401),
            false => Answer::redirect("https://spsprodeus1.vssps.visualstudio.test/_signin"),
        };
    }
    match ask.query("api-version") {
        Some(version) if version.starts_with("7.1") => {}
        _ => return wrong(400, "no api-version is named"),
    }
    if ask.media_type() != "application/json" {
        return wrong(415, "the content type is not JSON");
    }
    if ask.header("content-length") != Some("0") {
        return wrong(411, "the empty body has no length");
    }
    if let Some(connection) = ask.query("serviceConnectionId")
        && connection != SERVICE_CONNECTION
    {
        return Answer::json(404, &json!({"message": "no such service connection"}));
    }
    let subject = "sc://acme/shop/kubernetes";
    let token = token(world, AZURE_AUDIENCE, subject, 600);
    Answer::json(200, &json!({ "oidcToken": token }))
}

fn token(world: &World, audience: &str, subject: &str, seconds: u64) -> String {
    let life = Duration::from_secs(seconds);
    let claims = claims(&world.origin(RUNNER_HOST), audience, subject, world, life);
    world.secret(world.keys.sign_token(KEY, &claims))
}

fn claims(issuer: &str, audience: &str, subject: &str, world: &World, life: Duration) -> Value {
    let now = world.clock().seconds();
    json!({
        "iss": issuer, "aud": audience, "sub": subject,
        "iat": now, "nbf": now.saturating_sub(300), "exp": now + life.as_secs(),
    })
}

/// The same for those that have no world around them
fn signed(keys: &Keys, issuer: &str, audience: &str, subject: &str, now: u64) -> String {
    let claims = json!({
        "iss": issuer, "aud": audience, "sub": subject, "iat": now, "exp": now + 3600,
    });
    keys.sign_token(KEY, &claims)
}

const AZURE_AUDIENCE: &str = "api://AzureADTokenExchange";
const AZURE_DEVOPS: &str = "/acme/8c8d/_apis/distributedtask/hubs/build/plans/1a/jobs/2b/oidctoken";
const GITHUB: &str = "/idtoken/1a/2b";
const KEY: &str = "runner-1";
