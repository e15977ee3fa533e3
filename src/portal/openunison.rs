//! OpenUnison: a JSON document with the token and a command, at one URL.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use crate::front_door::Grant;
use crate::portal::kind::Kind;
use crate::portal::{Portal, foreign};
use crate::portal_pages::PortalPages;
use crate::session::{Origin, skew};
use crate::token::{Claims, PortalToken};
use crate::walk::{Arrival, Destination};
use crate::{Error, IdpAdapter, Page, Request, redact};

/// 200, JSON, at the very URL that was asked for
///
/// Source: <https://openunison.github.io/>
#[derive(Debug)]
pub(super) struct OpenUnison {
    url: Url,
    pages: PortalPages,
}

impl OpenUnison {
    pub(super) fn new(url: Url) -> Self {
        Self {
            url,
            pages: PortalPages,
        }
    }
}

impl Destination for OpenUnison {
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

#[async_trait]
impl Kind for OpenUnison {
    fn start(&self) -> Request {
        Request::get(&self.url)
    }

    fn ends_all_sessions(&self) -> bool {
        true
    }

    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        grant(portal, &arrival.page)
    }
}

pub(super) fn grant(portal: &Portal, page: &Page) -> Result<Grant, Error> {
    let token = PortalToken::parse(page.body()).map_err(|error| {
        Error::portal("the portal's answer is not a token document")
            .at("path", page.path())
            .because(error)
    })?;
    let kubeconfig = token.kubeconfig(&portal.allow)?;
    foreign::check_issuers(portal, &kubeconfig)?;
    let claims = Claims::of(token.id_token()).unwrap_or_default();
    let subject = token.display_name().map(str::to_owned).or(claims.subject);
    Ok(Grant {
        id_token: token.id_token().clone(),
        expires: claims.expires,
        refresh: foreign::refresh(&kubeconfig),
        subject: redact::one_line(&subject.unwrap_or_else(|| "unknown".into())),
        idp: None,
        kubeconfig,
        trail: crate::Trail::default(),
        skew: skew(page.date(), Timestamp::now()),
    })
}
