//! How an org is configured.

use std::path::PathBuf;
use std::time::Duration;

use crate::okta::IdxSwitches;

/// The org's settings; the default is a Classic org that asks for a password
#[derive(Clone, Debug)]
pub struct OktaSwitches {
    /// Where the login page says how to go on
    pub login_page: LoginPage,
    /// How the login page carries its state token
    pub state_token: TokenShape,
    /// Puts false state tokens into a comment and into a text
    pub decoy: bool,
    /// Lets the page's `baseUrl` name the org's other host
    pub foreign_base_url: bool,
    /// Whether the portal uses the custom domain
    pub custom_domain: bool,
    /// Whether the portal uses the authorization server `default`
    pub custom_authorization_server: bool,
    /// Whether the app asks for more than the org did
    pub step_up: StepUp,
    /// Sends a step-up to `/signin/refresh-auth-state/…` in place of the page
    pub step_up_by_redirect: bool,
    /// Ends a step-up with a session token, as a login, and not with a link
    pub step_up_by_session_token: bool,
    /// Whether the org has the Identity Engine
    pub identity_engine: bool,
    /// The Identity Engine's own settings
    pub idx: IdxSwitches,
    /// Nobody is assigned to the app
    pub unassigned: bool,
    /// Ends a login at the dashboard
    pub dashboard: bool,
    /// How many wrong passwords lock an account
    pub lock_after: u32,
    /// Whether a locked account is told so, with status 200
    pub show_lockouts: bool,
    /// Answers OIDC requests by a form
    pub form_post: bool,
    /// Answers SAML requests with an empty `RelayState`
    pub empty_relay_state: bool,
    /// Writes redirects within the org without scheme and host
    pub relative_locations: bool,
    /// Whether the org asks for a factor after the password
    pub org_factor: OrgFactor,
    /// Whether the org wants something enrolled after that
    pub enrollment: Enrollment,
    /// How many wrong factors lock an account; in the Identity Engine they suspend the factor
    pub factor_lock_after: u32,
    /// Tells a code that was used, or is of another time, by `factorResult` in place of a code of its own
    pub results_in_errors: bool,
    /// Gives each new state of a login a state token of its own
    pub rotate_state_tokens: bool,
    /// How long a client of the Classic engine must leave between two polls, on the bed's clock
    pub least_poll_interval: Duration,
    /// Holds the newest code that was sent, and nothing else
    pub outbox_file: Option<PathBuf>,
    /// Lists factors under `_embedded.factor`, as the documentation does
    pub factors_under_factor: bool,
    /// Whether a user name is held to four logins a second
    pub rate_limit: bool,
    /// Origins, besides the org's own hosts, that a finished login may go to
    pub trusted_origins: Vec<String>,
}

impl Default for OktaSwitches {
    fn default() -> Self {
        Self {
            login_page: LoginPage::default(),
            state_token: TokenShape::default(),
            decoy: false,
            foreign_base_url: false,
            custom_domain: false,
            custom_authorization_server: false,
            step_up: StepUp::default(),
            step_up_by_redirect: false,
            step_up_by_session_token: false,
            identity_engine: false,
            idx: IdxSwitches::default(),
            unassigned: false,
            dashboard: false,
            lock_after: 10,
            show_lockouts: false,
            form_post: false,
            empty_relay_state: false,
            relative_locations: false,
            org_factor: OrgFactor::default(),
            enrollment: Enrollment::default(),
            factor_lock_after: 5,
            results_in_errors: false,
            rotate_state_tokens: true,
            least_poll_interval: Duration::from_secs(3),
            outbox_file: None,
            factors_under_factor: false,
            rate_limit: true,
            trusted_origins: Vec::new(),
        }
    }
}

/// Where the login page says how to go on
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum LoginPage {
    /// `fromURI` in the page's own query
    #[default]
    Query,
    /// A hidden input with the id `fromURI`
    HiddenInput,
    /// A variable of a script, escaped
    Script,
    /// Nowhere: the page is at the app's own URL, with a Classic state token
    AtAppUrl,
}

/// How a page carries its state token
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenShape {
    /// Not at all, where the page does not depend on it
    #[default]
    Absent,
    /// `var stateToken = '…'`, with `\x2D` for dashes
    Variable,
    /// `"stateToken":"…"` within a script
    JsonKey,
    /// `var modelDataBag = '{\x22stateToken\x22…}'`
    ModelDataBag,
    /// `window.oktaData = {signIn: {stateToken: …}}`
    OktaData,
}

/// What the app asks for once the org has a session
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum StepUp {
    /// Nothing
    #[default]
    None,
    /// Only the state token of its page: the policy is met already
    Met,
    /// The password once more
    Password,
    /// A factor
    Factor,
    /// The password once more, and then a factor
    PasswordAndFactor,
}

/// Whether the org's own policy asks for a factor
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum OrgFactor {
    /// Only of accounts whose user name says so
    #[default]
    Never,
    /// At every login; devices cannot be remembered
    Always,
    /// Unless the cookie `DT` names a device that was to be remembered, not longer than 15 minutes ago
    NewDevice,
}

/// Whether the org wants something enrolled at login
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Enrollment {
    /// Nothing, unless it asks for a factor that the account does not have
    #[default]
    None,
    /// Something, or a skip
    Optional,
    /// Something
    Required,
}
