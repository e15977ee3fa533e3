//! The kinds of portals: their names, and what each has to say of a login.

use std::fmt;

use async_trait::async_trait;

use crate::front_door::Grant;
use crate::portal::Portal;
use crate::portal::detected::Detected;
use crate::portal::dex_k8s_authenticator::DexK8sAuthenticator;
use crate::portal::download::Download;
use crate::portal::gangway::Gangway;
use crate::portal::openshift::OpenShift;
use crate::portal::openunison::OpenUnison;
use crate::portal::pinniped::Pinniped;
use crate::walk::{Arrival, Destination};
use crate::{Error, Request};

/// What kind of portal a [`Portal`] is
///
/// ```
/// use doorward::PortalKind;
///
/// assert_eq!(PortalKind::of("gangway"), Some(PortalKind::Gangway));
/// assert_eq!(PortalKind::DexK8sAuthenticator.to_string(), "dex-k8s-authenticator");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PortalKind {
    /// dex-k8s-authenticator: a choice of clusters, and a page of commands
    DexK8sAuthenticator,
    /// Any portal that answers with a kubeconfig to download, at the URL that is given
    Download,
    /// gangway and its fork gangplank: a kubeconfig to download, beside a page of commands
    Gangway,
    /// OpenShift: the URL of the API server, or of its OAuth server's page `/oauth/token/request`
    OpenShift,
    /// OpenUnison's token document
    OpenUnison,
    /// Pinniped's Supervisor: the URL of its issuer
    Pinniped,
}

impl PortalKind {
    /// All kinds, by name
    pub const ALL: [Self; 6] = [
        Self::DexK8sAuthenticator,
        Self::Download,
        Self::Gangway,
        Self::OpenShift,
        Self::OpenUnison,
        Self::Pinniped,
    ];

    /// The kind with this name
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name, as the command line takes it
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DexK8sAuthenticator => "dex-k8s-authenticator",
            Self::Download => "download",
            Self::Gangway => "gangway",
            Self::OpenShift => "openshift",
            Self::OpenUnison => "openunison",
            Self::Pinniped => "pinniped",
        }
    }
}

impl fmt::Display for PortalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One login at one kind of portal: where it starts, which page it has reached, and what that page grants
///
/// [`Destination`] is the part in the middle: the page that ends the walk, and the portal's own pages on the way.
#[async_trait]
pub(super) trait Kind: Destination {
    /// The first request
    fn start(&self) -> Request;

    /// Whether the portal has a page that ends all sessions of an account, as far as is known by now
    fn ends_all_sessions(&self) -> bool {
        false
    }

    /// What the page that was reached grants; the browser is there to ask the portal for more
    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error>;
}

/// A new login at `portal`
pub(super) fn of(portal: &Portal) -> Box<dyn Kind> {
    let url = portal.url.clone();
    let open_shift =
        |url| -> Box<dyn Kind> { Box::new(OpenShift::new(url, portal.target.is_some())) };
    match portal.kind {
        None if OpenShift::is_token_page(&url) => open_shift(url),
        None => Box::new(Detected::new(url)),
        Some(PortalKind::DexK8sAuthenticator) => Box::new(DexK8sAuthenticator::new(url)),
        Some(PortalKind::Download) => Box::new(Download::new(url)),
        Some(PortalKind::Gangway) => Box::new(Gangway::new(url)),
        Some(PortalKind::OpenShift) => open_shift(url),
        Some(PortalKind::OpenUnison) => Box::new(OpenUnison::new(url)),
        Some(PortalKind::Pinniped) => Box::new(Pinniped::new(url)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::{Kind, PortalKind, of};
    use crate::portal::Portal;
    use crate::{Page, Recognition, Walk};

    fn kinds() -> Vec<Box<dyn Kind>> {
        let portal = || Portal::new("https://portal.test", Walk::new()).unwrap();
        let named = PortalKind::ALL.map(|kind| of(&portal().kind(kind)));
        named.into_iter().chain([of(&portal())]).collect()
    }

    /// What the kinds' pages are made of
    const PIECES: &[&str] = &[
        "<title>Gangway</title>",
        "<title>Kubernetes Configuration</title>",
        "<a href=/login>Sign in</a>",
        "<a href=/login/prod>x</a>",
        "<a href=/kubeconf>",
        "<pre><code>kubectl config set-credentials u",
        "</code></pre>",
        "<div id=Linux>",
        "<pre>oc login ",
        "<span>--token=sha256~a</span>",
        "--server=https://api.test",
        "<form method=post><input name=code><input name=csrf>",
        "<input name=then><input name=username><input name=password>",
        "curl --create-dirs -s https://x -o ",
        "kind: Config\n",
        "users:\n",
        "&lt;",
        "<",
        "\0",
        "\u{202e}",
        "{\"issuer\":",
        "\"https://portal.test\"}",
        "- name: ",
        "[",
        "*a",
        "&a ",
    ];

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in PortalKind::ALL {
            assert_eq!(PortalKind::of(kind.as_str()), Some(kind));
        }
        assert_eq!(PortalKind::of("gateway"), None);
    }

    #[test]
    fn pages_of_another_origin_are_nobodys() {
        let html = "<title>Gangway</title><a href=/login>x</a><a href=/login/prod>x</a><pre>oc login --token=a --server=https://a</pre>\
            <pre><code>kubectl config set-credentials u</code></pre><form method=post><input name=then><input name=csrf>\
            <input name=username><input name=password type=password></form>";
        for url in [
            "https://evil.test/oauth/token/display",
            "https://portal.test:8443/",
            "https://portal.test.evil.test/login",
        ] {
            let page = Page::html(url, html).unwrap();
            for kind in kinds() {
                let recognized = kind.pages().recognizes(&page);

                assert!(!kind.reached(&page).unwrap(), "{kind:?} {url}");
                assert!(
                    !matches!(recognized, Recognition::Certain(_)),
                    "{kind:?} {url}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_page_brings_a_kind_down(
            pieces in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            path in prop::sample::select(vec!["/", "/callback", "/oauth/token/display", "/.well-known/oauth-authorization-server"]),
            status in prop::sample::select(vec![200_u16, 302, 400, 403, 500]),
            media_type in prop::sample::select(vec!["text/html", "application/json", "application/yaml", ""]),
        ) {
            let text: String = pieces.iter().map(|piece| *piece.get(PIECES)).collect();
            let headers = [("content-type", media_type), ("location", "/x")];
            if let Ok(page) = Page::response(&format!("https://portal.test{path}"), status, &headers, &text) {
                for kind in kinds() {
                    let _ = kind.reached(&page);
                    let _ = kind.pages().recognizes(&page);
                }
            }
        }
    }
}
