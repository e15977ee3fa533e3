//! A kubeconfig behind a proxy that asks for a login, as companies build it themselves.

use crate::doubles::Service;
use crate::http::{Answer, Ask, encode};
use crate::idp::IdpDouble;
use crate::portals::relying::Relying;
use crate::portals::{is_get, kubeconfig, plain, redirect};
use crate::random;
use crate::world::{PORTAL_HOST, World};

/// How the portal differs from one that answers YAML at [`DownloadSwitches::PATH`]
#[derive(Clone, Debug, Default)]
pub struct DownloadSwitches {
    /// What it answers in place of a kubeconfig of its own
    pub document: Option<String>,
    /// The `Content-Type` of the document, in place of `application/yaml`
    pub media_type: Option<String>,
    /// After the login it leads to its first page, wherever we wanted to go
    pub forgets: bool,
    /// It lets nobody have a kubeconfig
    pub refuses: bool,
}

impl DownloadSwitches {
    /// Where the document is
    pub const PATH: &str = "/clusters/prod/kubeconfig";
}

pub(super) struct Download {
    switches: DownloadSwitches,
    relying: Relying,
    /// Logins under way: state, cookie, and where to go then
    states: Vec<(String, String, String)>,
}

impl Download {
    pub(super) fn new(switches: DownloadSwitches, idp: Box<dyn IdpDouble>, world: &World) -> Self {
        world.secret(kubeconfig::CLIENT_SECRET);
        Self {
            relying: Relying::new(idp, "/oauth2/callback", world),
            switches,
            states: Vec::new(),
        }
    }

    fn callback(&mut self, ask: &Ask, world: &World) -> Answer {
        let sent = ask.query("state").unwrap_or_default();
        let cookie = ask.cookie("_proxy_csrf").unwrap_or_default();
        let known = self
            .states
            .iter()
            .position(|(state, known, _)| *state == sent && known == cookie);
        let Some(known) = known else {
            world.complain("the state or its cookie came back changed");
            return plain(403, "CSRF failed");
        };
        let (_, _, to) = self.states.remove(known);
        let Some(tokens) = self.relying.redeem(ask, world) else {
            return plain(500, "cannot redeem the code");
        };
        let session = self.relying.begin(tokens, world);
        let to = if self.switches.forgets {
            "/".to_owned()
        } else {
            to
        };
        redirect(302, to).cookie(format!(
            "_proxy={session}; Path=/; HttpOnly; Secure; SameSite=Lax"
        ))
    }

    fn page(&self, ask: &Ask, world: &World) -> Option<Answer> {
        let tokens = self.relying.session(ask.cookie("_proxy"))?;
        Some(match ask.path() {
            DownloadSwitches::PATH if self.switches.refuses => {
                Answer::html(403, "<h1>No cluster for you</h1>")
            }
            DownloadSwitches::PATH => {
                let own = || kubeconfig::document("prod", tokens, world);
                let document = self.switches.document.clone().unwrap_or_else(own);
                let kind = self
                    .switches
                    .media_type
                    .as_deref()
                    .unwrap_or("application/yaml");
                Answer::empty(200)
                    .header("Content-Type", kind)
                    .body(document)
            }
            "/" => Answer::html(
                200,
                "<h1>Clusters</h1><p><a href=\"/clusters\">All of them</a></p>",
            ),
            _ => Answer::html(404, "<h1>Not found</h1>"),
        })
    }
}

impl Service for Download {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.site() != PORTAL_HOST {
            return self.relying.elsewhere(ask, world);
        }
        if !is_get(ask, world) {
            return plain(405, "Method Not Allowed");
        }
        if ask.path() == "/oauth2/callback" {
            return self.callback(ask, world);
        }
        if let Some(page) = self.page(ask, world) {
            return page;
        }
        let nonce = world.secret(random::base64url(24));
        let state = format!("{nonce}:{}", encode(&ask.uri()));
        self.states.push((state.clone(), nonce.clone(), ask.uri()));
        redirect(302, self.relying.authorization(&state)).cookie(format!(
            "_proxy_csrf={nonce}; Path=/; HttpOnly; Secure; SameSite=Lax"
        ))
    }

    fn end_sessions(&mut self, login: &str) -> usize {
        self.relying.end(login)
    }
}
