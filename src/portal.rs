//! Portals as front doors: the walk to what the portal gives, whatever kind it is.

mod detected;

mod dex_k8s_authenticator;

mod download;

mod foreign;

mod gangway;

mod kind;
pub use kind::PortalKind;

mod openshift;

mod openunison;

mod pinniped;

use async_trait::async_trait;
use url::Url;

use crate::credentials::Credentials;
use crate::devices::Devices;
use crate::diagnosis::Diagnosis;
use crate::front_door::{FrontDoor, Grant};
use crate::kubeconfig::Target;
use crate::kubectl::Allow;
use crate::page::unavailable;
use crate::session::{Network, Origin};
use crate::walk::Arrival;
use crate::{Error, Request, Walk, redact};

/// A portal that gives people a token or a kubeconfig, such as OpenUnison's `GET https://PORTAL/k8stoken/token/user`
///
/// Of what kind it is, the page that it shows tells as a rule; where none does, it is OpenUnison.
///
/// It makes nothing until it is [opened](FrontDoor::open), and each opening is a login of its own, with its own cookies. Logins
/// at once share the connections of the walk's [`Network`].
///
/// ```
/// use doorward::{FrontDoor, Portal};
/// # use doorward_providers::Okta;
/// # use doorward_testkit::Testbed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bed = Testbed::start()?;
/// # let (host, walk) = (bed.portal_url(), bed.walk()?.adapter(Okta::default()));
/// let portal = Portal::new(&host, walk)?; // a host such as k8sou.example.com is enough
/// assert!(portal.url().path().ends_with("/k8stoken/token/user"));
///
/// let grant = portal.open().await?;
/// println!("{} until {:?}", grant.subject(), grant.expires());
/// # Ok(())
/// # }
/// ```
///
/// Source: <https://openunison.github.io/>
#[derive(Clone, Debug)]
pub struct Portal {
    url: Url,
    /// Whether the caller left the path to us
    is_bare: bool,
    kind: Option<PortalKind>,
    walk: Walk,
    allow: Allow,
    target: Option<Target>,
    audience: Option<String>,
}

impl Portal {
    /// A portal by its host (`k8sou.example.com`) or by the full URL of its token document
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) for anything but an https URL without user name.
    pub fn new(url: &str, walk: Walk) -> Result<Self, Error> {
        let with_scheme = match url.contains("://") {
            true => url.to_owned(),
            false => format!("https://{url}"),
        };
        let shown = redact::url(url);
        let mut parsed = Url::parse(&with_scheme).map_err(|error| {
            Error::config("the portal's URL cannot be read")
                .at("portal", &shown)
                .because(error)
        })?;
        if Origin::of(&parsed).is_none() {
            return Err(
                Error::config("the portal's URL must be https, without user name")
                    .at("portal", shown),
            );
        }
        let is_bare = parsed.path() == "/";
        if is_bare {
            parsed.set_path(TOKEN_PATH);
        }
        parsed.set_fragment(None);
        Ok(Self {
            url: parsed,
            is_bare,
            kind: None,
            walk,
            allow: Allow::nothing(),
            target: None,
            audience: None,
        })
    }

    /// Says what kind of portal it is, in place of finding out
    ///
    /// Without a path in its URL, any kind but [`OpenUnison`](PortalKind::OpenUnison) begins at `/`.
    #[must_use]
    pub fn kind(mut self, kind: PortalKind) -> Self {
        self.kind = Some(kind);
        if self.is_bare {
            self.url.set_path(match kind {
                PortalKind::OpenUnison => TOKEN_PATH,
                _ => "/",
            });
        }
        self
    }

    /// What the portal's command or kubeconfig may hold besides the harmless
    #[must_use]
    pub fn allow(mut self, allow: Allow) -> Self {
        self.allow = allow;
        self
    }

    /// The cluster that the token is for, in place of what the portal says of it
    ///
    /// OpenShift does not give the cluster's certificate, and a Supervisor no cluster at all. Of other portals' kubeconfigs the
    /// credentials of the current user are left, and nothing else.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Whom the token is for, where the portal is Pinniped's Supervisor: a cluster's own name for itself
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        self.audience = Some(audience.to_owned());
        self
    }

    /// The URL at which a login begins; of OpenUnison, that of the token document
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Logs in, and ends every session that the account has at the portal: those of other jobs and of people, too
    ///
    /// OpenUnison has such a page, and others have none that ends more than the login that was just made.
    ///
    /// # Errors
    ///
    /// As [`open`](FrontDoor::open); [`Portal`](crate::ErrorKind::Portal) if the portal has no such page.
    pub async fn end_all_sessions(&self) -> Result<(), Error> {
        let kind = kind::of(self);
        let other = || Error::portal("this kind of portal cannot end all sessions of an account");
        if !kind.ends_all_sessions() {
            return Err(other());
        }
        let Arrival { mut session, .. } = self.arrive(&*kind).await?;
        // What kind it is, its pages may have told by now.
        if !kind.ends_all_sessions() {
            return Err(other().with_trail(session.trail()));
        }
        let mut url = self.url.clone();
        url.set_path(LOGOUT_PATH);
        url.set_query(None);
        let sent = session.send(Request::get(&url)).await;
        let ended = sent.and_then(|page| match (unavailable(&page), page.status()) {
            (Some(error), _) => Err(error),
            // It goes on to a page for people, or to the provider's own logout, which is not ours to ask for.
            (None, 200 | 302 | 303) => Ok(()),
            (None, status) => Err(Error::portal("the portal did not log the account out")
                .at("status", status.to_string())
                .at("path", page.path())),
        });
        ended.map_err(|error| error.with_trail(session.trail()))
    }

    async fn arrive(&self, kind: &dyn kind::Kind) -> Result<Arrival, Error> {
        self.walk.to(kind.start(), kind).await
    }
}

#[async_trait]
impl FrontDoor for Portal {
    async fn open(&self) -> Result<Grant, Error> {
        let kind = kind::of(self);
        let mut arrival = self.arrive(&*kind).await?;
        let granted = kind.grant(self, &mut arrival).await;
        let trail = arrival.session.trail().clone();
        let grant = granted.map_err(|error| error.with_trail(&trail))?;
        let kubeconfig = match &self.target {
            Some(target) => foreign::at_target(&grant.kubeconfig, target, &grant.subject),
            None => grant.kubeconfig,
        };
        Ok(Grant {
            idp: arrival.idp.or(grant.idp),
            kubeconfig,
            trail,
            ..grant
        })
    }

    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        Ok(self.walk.own_credentials().cloned())
    }

    async fn probe(&self) -> Option<Diagnosis> {
        let kind = kind::of(self);
        Some(self.walk.probe(kind.start(), &*kind).await)
    }

    fn devices(&self) -> Devices {
        self.walk.own_devices().clone()
    }

    fn network(&self) -> Network {
        self.walk.own_network().clone()
    }

    fn permits(&self, endpoint: &Url) -> bool {
        let own = Origin::of(&self.url);
        let origin = Origin::of(endpoint);
        let both = own.zip(origin);
        both.is_some_and(|(own, origin)| self.walk.permits(&own, &origin))
    }
}

const LOGOUT_PATH: &str = "/logout";

const TOKEN_PATH: &str = "/k8stoken/token/user";

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::{Portal, PortalKind, openunison};
    use crate::{Error, ErrorKind, Page, Walk};

    #[test]
    fn a_host_or_a_url_names_the_portal() {
        let url = |text| Portal::new(text, Walk::new()).unwrap().url().to_string();

        assert_eq!(
            url("k8sou.example.com"),
            "https://k8sou.example.com/k8stoken/token/user"
        );
        assert_eq!(
            url("https://k8sou.example.com:8443/"),
            "https://k8sou.example.com:8443/k8stoken/token/user"
        );
        assert_eq!(
            url("https://k8sou.example.com/other/token/user"),
            "https://k8sou.example.com/other/token/user"
        );
    }

    #[test]
    fn a_kind_begins_at_the_root_where_no_path_is_given() {
        for kind in PortalKind::ALL {
            let url = |text: &str| {
                let portal = Portal::new(text, Walk::new()).unwrap().kind(kind);
                portal.url().path().to_owned()
            };

            let is_openunison = kind == PortalKind::OpenUnison;
            let root = if is_openunison {
                "/k8stoken/token/user"
            } else {
                "/"
            };
            assert_eq!(url("portal.test"), root, "{kind}");
            assert_eq!(url("https://portal.test/tools/x"), "/tools/x", "{kind}");
        }
    }

    #[test]
    fn a_portal_is_https_and_without_password() {
        for text in [
            "http://a.test",
            "https://ci:pw@a.test",
            "ftp://a.test",
            "https://",
            "",
        ] {
            let error = Portal::new(text, Walk::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!error.to_string().contains("pw"));
        }
    }

    /// The outcome of a token document whose command names `issuer`
    fn outcome(issuer: &str, walk: Walk) -> Result<(), Error> {
        let token = format!(
            "e30.{}.c2ln",
            URL_SAFE_NO_PAD.encode(r#"{"sub":"ci","exp":1764000000}"#)
        );
        let command = format!(
            "kubectl config set-cluster c --server=https://api.test && \
             kubectl config set-context c --cluster=c --user=u && \
             kubectl config set-credentials u --auth-provider=oidc --auth-provider-arg=idp-issuer-url={issuer} \
             --auth-provider-arg=client-id=kubernetes --auth-provider-arg=refresh-token=r \
             --auth-provider-arg=id-token={token} && kubectl config use-context c"
        );
        let document = json!({ "displayName": "ci", "token": {
            "kubectl Command": command, "id_token": token, "refresh_token": "r",
        }});
        let headers = [("content-type", "application/json")];
        let page = Page::response(
            "https://portal.test/k8stoken/token/user",
            200,
            &headers,
            &document.to_string(),
        )?;
        let portal = Portal::new("portal.test", walk)?;
        openunison::grant(&portal, &page).map(|_| ())
    }

    #[test]
    fn an_issuer_is_at_an_origin_that_may_have_the_refresh_token() {
        outcome("https://portal.test/auth/idp/k8sIdp", Walk::new()).unwrap();
        outcome(
            "https://issuer.test",
            Walk::new().via("https://issuer.test").unwrap(),
        )
        .unwrap();
        outcome(
            "https://issuer.test",
            Walk::new().idp_url("https://issuer.test").unwrap(),
        )
        .unwrap();

        for issuer in [
            "https://issuer.test",
            "https://portal.test:8443",
            "https://portal.test.evil.test/",
        ] {
            let error = outcome(issuer, Walk::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{issuer}");
            assert!(error.next_step().unwrap().contains("--via"));
        }
        for issuer in ["http://portal.test", "https://ci@portal.test"] {
            let error = outcome(issuer, Walk::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnsafeCommand, "{issuer}");
        }
    }
}
