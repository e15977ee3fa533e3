//! gangway and gangplank: the session is three cookies, and without them everything begins anew.

use crate::doubles::Service;
use crate::http::{Answer, Ask, escape_html};
use crate::idp::IdpDouble;
use crate::portals::kubeconfig::{self, CLIENT_SECRET};
use crate::portals::relying::{CLIENT, Relying, Tokens};
use crate::portals::{is_get, plain, redirect};
use crate::random;
use crate::world::{API_HOST, PORTAL_HOST, World};

/// How the portal differs from gangway 3.2 at the root of its host
#[derive(Clone, Debug, Default)]
pub struct GangwaySwitches {
    /// It is gangplank: another title, and a form in place of the link to the download
    pub fork: bool,
    /// It is too old to have a download
    pub commands_only: bool,
    /// Everything stands below this path, such as `/tools/gangway`
    pub path: String,
    /// It forgets the tokens before the page of commands is asked for
    pub loses_session: bool,
    /// It forgets the login under way before the answer comes
    pub loses_state: bool,
    /// What the download answers in place of a kubeconfig
    pub document: Option<String>,
}

pub(super) struct Gangway {
    switches: GangwaySwitches,
    relying: Relying,
    /// Logins under way, by the value of the cookie
    states: Vec<(String, String)>,
}

impl Gangway {
    pub(super) fn new(switches: GangwaySwitches, idp: Box<dyn IdpDouble>, world: &World) -> Self {
        let callback = format!("{}/callback", switches.path);
        world.secret(CLIENT_SECRET);
        Self {
            relying: Relying::new(idp, &callback, world),
            switches,
            states: Vec::new(),
        }
    }

    fn login(&mut self, world: &World) -> Answer {
        // It escapes the state once by itself, and its library does so again.
        let state = random::base64(32)
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        let cookie = world.secret(random::base64url(30));
        self.states.push((cookie.clone(), state.clone()));
        redirect(307, self.relying.authorization(&state))
            .cookie(format!("gangway={cookie}; Path=/; HttpOnly; Secure"))
    }

    fn callback(&mut self, ask: &Ask, world: &World) -> Answer {
        if self.switches.loses_state {
            self.states.clear();
        }
        let sent = ask.query("state").unwrap_or_default();
        let cookie = ask.cookie("gangway").unwrap_or_default();
        let known = self
            .states
            .iter()
            .position(|(known, state)| known == cookie && *state == sent);
        let Some(known) = known else {
            if !self.switches.loses_state {
                world.complain("the state or its cookie came back changed");
            }
            return plain(403, "Forbidden");
        };
        self.states.remove(known);
        let Some(tokens) = self.relying.redeem(ask, world) else {
            return plain(500, "oauth2: cannot fetch token");
        };
        let session = self.relying.begin(tokens, world);
        redirect(303, format!("{}/commandline", self.switches.path))
            .cookie(format!(
                "gangway_id_token={session}; Path=/; HttpOnly; Secure"
            ))
            .cookie(format!(
                "gangway_refresh_token={session}; Path=/; HttpOnly; Secure"
            ))
    }

    fn tokens(&self, ask: &Ask, world: &World) -> Option<Tokens> {
        let (id_token, refresh) = (
            ask.cookie("gangway_id_token"),
            ask.cookie("gangway_refresh_token"),
        );
        if id_token != refresh {
            world.complain("one of two cookies is missing");
        }
        let tokens = self.relying.session(id_token).cloned();
        tokens.filter(|_| !self.switches.loses_session)
    }

    fn download(&self, tokens: &Tokens, world: &World) -> Answer {
        let document = self.switches.document.clone();
        let document = document.unwrap_or_else(|| kubeconfig::document(CLUSTER, tokens, world));
        let kind = if self.switches.fork {
            "application/yaml"
        } else {
            "text/plain; charset=utf-8"
        };
        Answer::empty(200)
            .header("Content-Type", kind)
            .header("Content-Disposition", "Attachment; filename=\"kubeconfig\"")
            .body(document)
    }

    fn title(&self) -> &'static str {
        if self.switches.fork {
            "Gangplank"
        } else {
            "Gangway"
        }
    }

    fn home(&self) -> String {
        format!(
            "<!doctype html><html><head><title>{}</title></head><body><h1>Sign in</h1><a href=\"{}/login\">Sign in</a></body></html>",
            self.title(),
            self.switches.path
        )
    }

    fn commandline(&self, tokens: &Tokens, world: &World) -> String {
        let path = &self.switches.path;
        let download = match (self.switches.commands_only, self.switches.fork) {
            (true, _) => String::new(),
            (false, true) => format!(
                "<form method=\"GET\" action=\"{path}/kubeconf\"><input type=\"text\" name=\"filename\"><button type=\"submit\">Download</button></form>"
            ),
            (false, false) => format!("<a href=\"{path}/kubeconf\">Download Kubeconfig</a>"),
        };
        let user = kubeconfig::user(CLUSTER, tokens);
        let commands = format!(
            "echo \"{ca}\" \\ > \"ca-{CLUSTER}.pem\"\nkubectl config set-cluster \"{CLUSTER}\" --server={server} --certificate-authority=\"ca-{CLUSTER}.pem\" --embed-certs\n\
             kubectl config set-credentials \"{user}\"  \\\n    --auth-provider=oidc  \\\n    --auth-provider-arg='idp-issuer-url={issuer}'  \\\n\
             \x20   --auth-provider-arg='client-id={CLIENT}'  \\\n    --auth-provider-arg='client-secret={CLIENT_SECRET}'  \\\n\
             \x20   --auth-provider-arg='refresh-token={refresh}'  \\\n    --auth-provider-arg='id-token={id_token}'\n\
             kubectl config set-context \"{CLUSTER}\" --cluster=\"{CLUSTER}\" --user=\"{user}\"\nkubectl config use-context \"{CLUSTER}\"\nrm \"ca-{CLUSTER}.pem\"\n",
            ca = world.ca_pem,
            server = world.origin(API_HOST),
            issuer = tokens.issuer,
            refresh = tokens.refresh_token,
            id_token = tokens.id_token,
        );
        format!(
            "<!doctype html><html><head><title>{}</title></head><body><nav><a href=\"{path}/logout\">Logout</a></nav>{download}\
             <pre><code class=\"language-bash\">$ curl -LO https://dl.k8s.io/kubectl\n$ chmod +x ./kubectl</code></pre>\
             <pre><code class=\"language-bash\">{}</code></pre></body></html>",
            self.title(),
            escape_html(&commands)
        )
    }
}

impl Service for Gangway {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.site() != PORTAL_HOST {
            return self.relying.elsewhere(ask, world);
        }
        let Some(path) = ask
            .path()
            .strip_prefix(&*self.switches.path)
            .map(str::to_owned)
        else {
            return plain(404, "404 page not found");
        };
        if !is_get(ask, world) {
            return plain(405, "Method Not Allowed");
        }
        match &*path {
            "/login" => self.login(world),
            "/callback" => self.callback(ask, world),
            "/commandline" | "/kubeconf" => match self.tokens(ask, world) {
                None => redirect(307, format!("{}/", self.switches.path)),
                Some(tokens) if path == "/kubeconf" && !self.switches.commands_only => {
                    self.download(&tokens, world)
                }
                Some(tokens) => Answer::html(200, self.commandline(&tokens, world)),
            },
            // Whatever it does not know is its first page.
            _ => Answer::html(200, self.home()),
        }
    }

    fn end_sessions(&mut self, login: &str) -> usize {
        self.relying.end(login)
    }
}

const CLUSTER: &str = "prod";
