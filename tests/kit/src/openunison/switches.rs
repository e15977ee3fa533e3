//! How a portal is configured.

use std::time::Duration;

use crate::openunison::{Affinity, CommandShape, Discovery, RefreshRefusal, Rotation, Swap};

/// The portal's settings; the default is a current chart with one pod
#[derive(Clone, Debug)]
pub struct PortalSwitches {
    /// The cluster's name, which the context gets, too
    pub cluster_name: String,
    /// The text of the commands, by release
    pub command: CommandShape,
    /// Whether the portal knows the API server's CA; without it the command says `/dev/null`
    pub cluster_ca: bool,
    /// Whether the portal knows its own CA
    pub portal_ca: bool,
    /// The API server's URL in the command; the API server's double if none
    pub server: Option<String>,
    /// More clusters in the command: name and URL
    pub additional_servers: Vec<(String, String)>,
    /// Signs until the id_token holds `___`, which both commands then show as `${`
    pub corrupt_command: bool,
    /// Whether the token document holds a refresh token
    pub refresh_token: bool,
    /// Whether user ids are the plain login (with provisioning) and not the escaped one
    pub plain_user_ids: bool,
    /// Labels of the login options; empty for no chooser. The first is the identity provider, every other the portal's own form
    pub chooser: Vec<String>,
    /// Shows the terms page, at the callback's own URL
    pub terms: bool,
    /// Refuses everybody at the last hop, as a missing group does
    pub refuse: bool,
    /// Gives a token only to those who have an OIDC session already
    pub require_session: bool,
    /// How long a spent refresh token still gets the current tokens
    pub grace: Duration,
    /// How a refresh token that is not good is refused
    pub refusal: RefreshRefusal,
    /// What a refresh does to the refresh token
    pub rotation: Rotation,
    /// What is wrong with the id_token of each refresh, which is well signed all the same
    pub swapped: Option<Swap>,
    /// Whether a revocation ends the session; without, it is answered by 200 and nothing is done
    pub revokes: bool,
    /// What the issuer's discovery document says
    pub discovery: Discovery,
    /// How long tokens live
    pub token_life: Duration,
    /// How long a web session or OIDC session may be idle
    pub session_life: Duration,
    /// How the pods share the requests
    pub affinity: Affinity,
    /// How long the callback takes, on the real clock
    pub slow_callback: Duration,
    /// Answers a page with a link in place of the redirect to an OIDC provider
    pub js_redirect: bool,
    /// Puts a page with a countdown before a SAML provider
    pub jump_page: bool,
    /// Shows error pages with status 200, as some ways to them do
    pub errors_with_200: bool,
    /// Whether every login asks the provider to sign the person in again
    pub force_login: bool,
    /// Whether a login that starts over keeps its `state`, as since release 1.0.46
    pub keep_state: bool,
}

impl Default for PortalSwitches {
    fn default() -> Self {
        Self {
            cluster_name: "kubernetes".to_owned(),
            command: CommandShape::default(),
            cluster_ca: true,
            portal_ca: true,
            server: None,
            additional_servers: Vec::new(),
            corrupt_command: false,
            refresh_token: true,
            plain_user_ids: false,
            chooser: Vec::new(),
            terms: false,
            refuse: false,
            require_session: false,
            grace: Duration::ZERO,
            refusal: RefreshRefusal::default(),
            rotation: Rotation::default(),
            swapped: None,
            revokes: false,
            discovery: Discovery::default(),
            token_life: Duration::from_secs(60),
            session_life: Duration::from_secs(900),
            affinity: Affinity::default(),
            slow_callback: Duration::ZERO,
            js_redirect: false,
            jump_page: false,
            errors_with_200: false,
            force_login: true,
            keep_state: true,
        }
    }
}
