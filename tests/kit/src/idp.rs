//! What the portal's double asks of an identity provider's double.

use crate::http::{Answer, Ask};
use crate::person::Person;
use crate::world::World;

/// An identity provider's double behind the portal's double
///
/// Implement it for a provider that the kit does not bring, and hand it to
/// [`crate::Builder::idp_double`]. The browser's requests come through [`IdpDouble::answer`]; what a real
/// portal fetches behind the browser's back are plain calls.
///
/// ```
/// use doorward_testkit::{
///     Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, Testbed, World,
/// };
///
/// /// Signs in whoever comes, without a question
/// struct OneClick;
///
/// impl IdpDouble for OneClick {
///     fn sites(&self) -> Vec<String> {
///         vec!["one-click.test".to_owned()]
///     }
///
///     fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
///         let authorize = format!("{}/authorize", world.origin("one-click.test"));
///         SignOn::Oidc { authorize, s256: false }
///     }
///
///     fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
///         let code = world.secret("one-click-code");
///         match (ask.query("redirect_uri"), ask.query("state")) {
///             (Some(back), Some(state)) => {
///                 let state = state.replace('=', "%3D");
///                 Answer::redirect(format!("{back}?code={code}&state={state}"))
///             }
///             _ => Answer::html(400, "<h1>Bad request</h1>"),
///         }
///     }
///
///     fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
///         (request.code == "one-click-code").then(|| Person::new("jane", "unused"))
///     }
///
///     fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
///         None
///     }
/// }
///
/// let bed = Testbed::builder().idp_double(Box::new(OneClick)).start()?;
/// assert!(bed.url("one-click.test").starts_with("https://one-click.test:"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait IdpDouble: Send {
    /// The names of the sites that this double serves
    fn sites(&self) -> Vec<String>;

    /// Takes the portal's registration, and says how the portal starts a login
    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn;

    /// Answers a request to one of [`IdpDouble::sites`]
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer;

    /// Redeems an authorization code, once
    fn redeem(&mut self, request: &CodeRequest, world: &World) -> Option<Person>;

    /// Checks a SAML response and names the person it speaks of
    fn read_assertion(&mut self, saml_response: &str, world: &World) -> Option<Person>;
}

/// The portal, as it is registered at its identity provider
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelyingParty {
    /// The OIDC client
    pub client_id: String,
    /// Where the authorization code goes, exactly
    pub redirect_uri: String,
    /// The assertion consumer service, which is the SAML entity id, too
    pub acs: String,
}

/// How a login starts at the identity provider
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SignOn {
    /// The authorization code flow
    Oidc {
        /// The authorization endpoint, without a query
        authorize: String,
        /// Whether the provider's discovery document lists S256, so that the portal uses PKCE
        s256: bool,
    },
    /// SAML 2.0 with the redirect binding
    Saml {
        /// The single sign-on service, without a query
        sso: String,
    },
}

/// What a portal posts to the token endpoint
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CodeRequest {
    /// The code, as the browser brought it
    pub code: String,
    /// The client that asks
    pub client_id: String,
    /// The redirect URI, which must be the one of the authorization request
    pub redirect_uri: String,
    /// The PKCE verifier
    pub verifier: Option<String>,
}
