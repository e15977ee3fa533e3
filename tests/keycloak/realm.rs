//! What a realm can be told to be, and the steps of a login there, and who has an account.

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Version {
    V15,
    V17,
    #[default]
    V26,
}

/// How a login comes back to the portal
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Back {
    #[default]
    Query,
    FormPost,
    Saml,
}

/// What a wrong password is answered with
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// The form, with this status
    Status(u16),
    /// A redirect to the form, with its new code or without
    Redirect { with_code: bool },
}

/// What keeps the server from looking at what was posted
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// The action has expired
    Stale,
    /// The login took too long, and begins anew
    TimedOut,
    /// The login's first cookie did not come back
    CookieLost,
    /// No cookie came back at all
    AllCookiesLost,
    /// The execution is another one
    PageExpired,
}

/// Switches of a realm
#[derive(Clone, Debug)]
pub(crate) struct Realm {
    pub(crate) version: Version,
    /// A theme of the company's own, in German
    pub(crate) is_foreign: bool,
    pub(crate) is_username_first: bool,
    pub(crate) back: Back,
    pub(crate) refusal: Refusal,
    /// What goes wrong, and with how many posts
    pub(crate) trouble: Option<(Trouble, u32)>,
    pub(crate) asks_consent: bool,
    pub(crate) has_session: bool,
    /// Alias and label
    pub(crate) brokers: Vec<(&'static str, &'static str)>,
    pub(crate) has_no_form: bool,
    /// An organisation's links are shown once the user name is known, beside its form
    pub(crate) links_follow_the_name: bool,
    /// Credential id and public key
    pub(crate) keys: Vec<(String, Vec<u8>)>,
    pub(crate) has_another_way: bool,
    /// The browser has no Kerberos ticket
    pub(crate) negotiates: bool,
}

impl Default for Realm {
    fn default() -> Self {
        Self {
            version: Version::V26,
            is_foreign: false,
            is_username_first: false,
            back: Back::Query,
            refusal: Refusal::Status(200),
            trouble: None,
            asks_consent: false,
            has_session: false,
            brokers: Vec::new(),
            has_no_form: false,
            links_follow_the_name: false,
            keys: Vec::new(),
            has_another_way: false,
            negotiates: false,
        }
    }
}

/// What a login waits for
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Both,
    Name,
    Password,
    Code,
    Key,
    /// The ways to sign in, shown by the execution that they were asked for at
    List(&'static str),
    Action(&'static str),
    Brokers,
}

impl Step {
    pub(crate) fn execution(&self) -> &str {
        match self {
            Self::Both => "both-execution",
            Self::Name => "name-execution",
            Self::Password => "password-execution",
            Self::Code => "code-execution",
            Self::Key => "key-execution",
            Self::List(from) => from,
            Self::Action(name) => name,
            Self::Brokers => "brokers-execution",
        }
    }

    pub(crate) fn fields(&self) -> &[&str] {
        match self {
            Self::Both => &["username", "password", "credentialId", "login"],
            Self::Name => &["username", "credentialId", "login"],
            Self::Password => &["password", "credentialId", "login"],
            Self::Code => &["otp", "selectedCredentialId", "login"],
            Self::Key => &[
                "clientDataJSON",
                "authenticatorData",
                "signature",
                "credentialId",
                "userHandle",
                "error",
            ],
            Self::List(_) => &["authenticationExecution"],
            Self::Action(_) => &["accept"],
            Self::Brokers => &[],
        }
    }
}

pub(crate) fn devices(user: &str) -> &'static [&'static str] {
    match user {
        "two-bot" => &["phone", "ci"],
        _ => &["ci"],
    }
}

/// The seed of a device
pub(crate) fn seed_of(device: &str) -> &'static str {
    match device {
        "ci" => "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        _ => "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    }
}

/// By these names an account has something special
pub(crate) const ACCOUNTS: &[&str] = &[
    "ci-bot",
    "totp-bot",
    "two-bot",
    "key-bot",
    "new-password",
    "new-otp",
    "no-profile",
    "no-mail",
    "terms",
    "off",
    "locked",
];
