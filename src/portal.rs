//! OpenUnison's token portal as a front door.

mod pages;
use pages::PortalPages;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use crate::credentials::Credentials;
use crate::devices::Devices;
use crate::front_door::{FrontDoor, Grant, Refresh};
use crate::kubeconfig::Section;
use crate::kubectl::Allow;
use crate::page::unavailable;
use crate::session::{Network, Origin, name_it, skew};
use crate::token::{Claims, PortalToken};
use crate::walk::{Arrival, Destination};
use crate::{Error, IdpAdapter, Kubeconfig, Page, Request, Walk, redact};

/// OpenUnison's token portal: `GET https://PORTAL/k8stoken/token/user`
///
/// ```no_run
/// use doorward::{Credentials, FrontDoor, Portal, Secret, Walk};
/// # async fn login() -> Result<(), doorward::Error> {
/// let walk = Walk::new().credentials(Credentials::new("ci-bot", Secret::new("correct horse"))?);
/// let grant = Portal::new("k8sou.example.com", walk)?.open().await?;
/// println!("{} until {:?}", grant.subject(), grant.expires());
/// # Ok(())
/// # }
/// ```
///
/// Source: <https://openunison.github.io/>
#[derive(Clone, Debug)]
pub struct Portal {
    url: Url,
    walk: Walk,
    allow: Allow,
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
        if parsed.path() == "/" {
            parsed.set_path(TOKEN_PATH);
        }
        parsed.set_fragment(None);
        Ok(Self {
            url: parsed,
            walk,
            allow: Allow::nothing(),
        })
    }

    /// What the portal's command may hold besides the harmless
    #[must_use]
    pub fn allow(mut self, allow: Allow) -> Self {
        self.allow = allow;
        self
    }

    /// The URL of the token document
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Logs in, and ends every session that the account has at the portal: those of other jobs and of people, too
    ///
    /// # Errors
    ///
    /// As [`open`](FrontDoor::open); [`Portal`](crate::ErrorKind::Portal) if the portal has no such page.
    pub async fn end_all_sessions(&self) -> Result<(), Error> {
        let Arrival { mut session, .. } = self.arrive().await?;
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

    async fn arrive(&self) -> Result<Arrival, Error> {
        let destination = TokenDocument {
            url: self.url.clone(),
            pages: PortalPages,
        };
        self.walk.to(Request::get(&self.url), &destination).await
    }

    fn grant(&self, page: &Page) -> Result<Grant, Error> {
        let token = PortalToken::parse(page.body()).map_err(|error| {
            Error::portal("the portal's answer is not a token document")
                .at("path", page.path())
                .because(error)
        })?;
        let kubeconfig = token.kubeconfig(&self.allow)?;
        let users = kubeconfig
            .names(Section::Users)
            .filter_map(|name| kubeconfig.oidc_user(name));
        for user in users.filter(|user| !user.issuer.is_empty() || user.refresh_token.is_some()) {
            self.check_issuer(&user.issuer)?;
        }
        let claims = Claims::of(token.id_token()).unwrap_or_default();
        let subject = token.display_name().map(str::to_owned).or(claims.subject);
        Ok(Grant {
            id_token: token.id_token().clone(),
            expires: claims.expires,
            refresh: refresh(&kubeconfig),
            subject: redact::one_line(&subject.unwrap_or_else(|| "unknown".into())),
            idp: None,
            kubeconfig,
            trail: crate::Trail::default(),
            skew: skew(page.date(), Timestamp::now()),
        })
    }

    /// The issuer gets the refresh token, for as long as the kubeconfig is used
    fn check_issuer(&self, issuer: &str) -> Result<(), Error> {
        let own =
            Origin::of(&self.url).ok_or_else(|| Error::config("the portal's URL must be https"))?;
        let origin = Url::parse(issuer).ok().as_ref().and_then(Origin::of);
        match origin {
            Some(origin) if self.walk.permits(&own, &origin) => Ok(()),
            Some(origin) => Err(Error::untrusted_origin(format!(
                "{origin} would get the refresh token as issuer"
            ))
            .hint(name_it("--via", &origin))),
            None => Err(
                Error::unsafe_command("the issuer in the portal's answer is no https URL")
                    .at("issuer", redact::url(issuer)),
            ),
        }
    }
}

#[async_trait]
impl FrontDoor for Portal {
    async fn open(&self) -> Result<Grant, Error> {
        let arrival = self.arrive().await?;
        let trail = arrival.session.trail().clone();
        let grant = self
            .grant(&arrival.page)
            .map_err(|error| error.with_trail(&trail))?;
        Ok(Grant {
            idp: arrival.idp,
            trail,
            ..grant
        })
    }

    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        Ok(self.walk.own_credentials().cloned())
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

/// 200, JSON, at the very URL that was asked for
#[derive(Debug)]
struct TokenDocument {
    url: Url,
    pages: PortalPages,
}

impl Destination for TokenDocument {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        if page.status() != 200 || page.json().is_none() {
            return Ok(false);
        }
        // A portal may add to the query on the way back, and does so after a chooser.
        let here =
            Origin::of(page.url()) == Origin::of(&self.url) && page.url().path() == self.url.path();
        match here {
            true => Ok(true),
            false
                if page
                    .json()
                    .is_some_and(|json| json.pointer("/token/id_token").is_some()) =>
            {
                Err(Error::untrusted_origin(
                    "a token document came from another URL than the portal's",
                )
                .at("host", page.host())
                .at("path", page.path()))
            }
            false => Ok(false),
        }
    }

    fn pages(&self) -> &dyn IdpAdapter {
        &self.pages
    }
}

fn refresh(kubeconfig: &Kubeconfig) -> Option<Refresh> {
    let context = kubeconfig.entry(Section::Contexts, kubeconfig.current_context()?)?;
    let user = kubeconfig.oidc_user(context.get("user")?.as_str()?)?;
    Refresh::of(user)
}

const LOGOUT_PATH: &str = "/logout";

const TOKEN_PATH: &str = "/k8stoken/token/user";

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::Portal;
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
        Portal::new("portal.test", walk)?.grant(&page).map(|_| ())
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
