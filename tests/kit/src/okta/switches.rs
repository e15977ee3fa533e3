//! How an org is configured.

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
    /// Serves the Identity Engine's page, as far as an adapter needs to recognise it
    pub identity_engine: bool,
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
            identity_engine: false,
            unassigned: false,
            dashboard: false,
            lock_after: 10,
            show_lockouts: false,
            form_post: false,
            empty_relay_state: false,
            relative_locations: false,
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
}
