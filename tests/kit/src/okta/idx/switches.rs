//! How an org's Identity Engine is configured.

use std::time::Duration;

/// The Identity Engine's settings; the default asks for the user name first, then for the password
#[derive(Clone, Debug)]
pub struct IdxSwitches {
    /// What the first page asks for
    pub identify: Identify,
    /// Whether somebody unknown is asked for a password like anybody
    pub hide_unknown_users: bool,
    /// Puts things that lead nowhere for a program before the ones that do
    pub decoys: bool,
    /// Asks the device first whether it runs the vendor's app
    pub device_probe: DeviceProbe,
    /// What must be proven, one after the other
    pub policy: Vec<Round>,
    /// Whether a round with one choice goes straight to its challenge
    pub straight_to_challenge: bool,
    /// Pages between the last proof and the end
    pub post_auth: Vec<PostAuth>,
    /// What stands at the end
    pub success: Success,
    /// Whether every answer brings a new handle, so that the one before is stale
    pub rotating_handles: bool,
    /// Whether forms carry another handle than the document, and only theirs is good
    pub form_handle_differs: bool,
    /// The status of refusals
    pub error_status: ErrorStatus,
    /// Where the message of a refused answer stands
    pub messages: Messages,
    /// What is wrong with a refused code, in the server's words
    pub code_error: CodeError,
    /// The media types that forms say they take
    pub accepts: Accepts,
    /// Lays out options as `form.value` and not as `value.form.value`
    pub option_form: bool,
    /// How an option names its method
    pub method_type: MethodType,
    /// How documents point at authenticators
    pub relates_to: RelatesTo,
    /// Where a push is polled
    pub poll_path: PollPath,
    /// The time between two polls that documents ask for; a client that does not wait is complained of
    pub refresh: Duration,
    /// The limits of 10 requests per 5 s for a transaction and 20 for a user, by the servers' clock
    pub rate_limit: RateLimit,
    /// Whether assertions must say that the user was verified
    pub user_verification: bool,
    /// Whether the Classic API refuses passwords, as where the policy asks for more than it can offer
    pub authn_refused: bool,
    /// Whether a `sessionToken` at the authorization endpoint is not looked at
    pub session_token_ignored: bool,
}

impl Default for IdxSwitches {
    fn default() -> Self {
        Self {
            identify: Identify::default(),
            hide_unknown_users: false,
            decoys: false,
            device_probe: DeviceProbe::default(),
            policy: vec![Round::Password],
            straight_to_challenge: true,
            post_auth: Vec::new(),
            success: Success::default(),
            rotating_handles: true,
            form_handle_differs: false,
            error_status: ErrorStatus::default(),
            messages: Messages::default(),
            code_error: CodeError::default(),
            accepts: Accepts::default(),
            option_form: false,
            method_type: MethodType::default(),
            relates_to: RelatesTo::default(),
            poll_path: PollPath::default(),
            refresh: Duration::from_millis(50),
            rate_limit: RateLimit::default(),
            user_verification: false,
            authn_refused: false,
            session_token_ignored: false,
        }
    }
}

/// What the first page asks for
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Identify {
    /// The user name alone; a password sent along is refused
    #[default]
    UserName,
    /// User name and password
    WithCredentials,
    /// User name, password and a captcha that no program can solve
    Captcha,
    /// Nothing: there is only the way to another provider, a portal's login form at [`crate::PARTNER_HOST`]
    OtherProvider,
}

/// Whether the device is asked before the person is
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeviceProbe {
    /// No
    #[default]
    Off,
    /// By `device-challenge-poll` over loopback, which must be cancelled
    Loopback,
    /// By 401 with `WWW-Authenticate: Oktadevicejwt`, whose body goes on without the device
    Unauthorized,
}

/// One thing to prove
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Round {
    /// The password
    Password,
    /// Any authenticator but the password; one that was used in this login only if there is no other
    Factor,
    /// The password or any authenticator
    Either,
    /// The authenticators with this key, such as `google_otp`
    Only(&'static str),
}

/// A page between the last proof and the end
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PostAuth {
    /// Whether the browser is to be remembered
    KeepMeSignedIn,
    /// The password ends soon; may be skipped
    PasswordExpiring,
    /// Something could be enrolled; may be skipped
    Promotion,
    /// The device must be put in order soon; may be skipped
    DeviceAssurance,
    /// The password has ended; cannot be skipped
    Reenroll,
    /// Something must be enrolled; cannot be skipped
    Enroll,
    /// The app asks for consent
    Consent,
}

/// What stands at the end
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Success {
    /// `success` with a link
    #[default]
    Object,
    /// A remediation `success-redirect`
    Remediation,
    /// `success` with a link, and a message that access is denied
    WithError,
    /// `failure` with a link that leads back to the app with an error
    Failure,
    /// A remediation `failure-redirect`
    FailureRemediation,
    /// A message that the policy cannot be met
    Unsatisfiable,
    /// An interaction code, which is of no use to a browser
    InteractionCode,
}

/// The status of refusals
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorStatus {
    /// 400 for an unknown user, 401 for a wrong answer, 403 for a denial
    #[default]
    Usual,
    /// 200 for whatever can be continued
    Ok,
    /// 400 for whatever can be continued
    BadRequest,
}

/// Where the message of a refused answer stands
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Messages {
    /// At the field of the form
    #[default]
    Field,
    /// At the top of the document
    Global,
}

/// What is wrong with a refused code
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum CodeError {
    /// `api.authn.error.PASSCODE_INVALID`
    #[default]
    PasscodeInvalid,
    /// `authfactor.challenge.soft_token.invalid_passcode`
    SoftToken,
    /// A text without a key
    TextOnly,
}

/// The media types that forms say they take
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Accepts {
    /// `application/json; okta-version=1.0.0`
    #[default]
    Json,
    /// `application/vnd.okta.v1+json`
    Vendor,
    /// A regular expression, as in old documents
    Expression,
    /// Nothing
    Missing,
}

/// How an option names its method
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum MethodType {
    /// A value where there is one method, options where there are several
    #[default]
    Mixed,
    /// Always options
    Options,
    /// Always a value: an option for each method
    Value,
}

/// How documents point at authenticators
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum RelatesTo {
    /// One path
    #[default]
    Path,
    /// A list of paths
    List,
    /// A path that leads nowhere
    Dangling,
    /// A bare name
    Bare,
}

/// Where a push is polled
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PollPath {
    /// `/idp/idx/challenge/poll`
    #[default]
    Challenge,
    /// `/idp/idx/authenticators/poll`
    Authenticators,
    /// One after the other
    Alternating,
}

/// How too many requests are answered
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum RateLimit {
    /// Not at all: tests are faster than any network
    #[default]
    Off,
    /// 429 with E0000047
    Code,
    /// 429 with `tooManyRequests`
    Ion,
}
