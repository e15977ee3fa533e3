//! dex-k8s-authenticator: no cookie at all, one state for everybody, and the tokens in the page of the callback.

use crate::doubles::Service;
use crate::http::{Answer, Ask, escape_html};
use crate::idp::IdpDouble;
use crate::portals::kubeconfig::{self, CLIENT_SECRET};
use crate::portals::relying::{CLIENT, Relying, Tokens};
use crate::portals::{plain, redirect};
use crate::world::{API_HOST, PORTAL_HOST, World};

/// How the portal's page gives the cluster's certificate
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClusterCa {
    /// In a here-document
    #[default]
    Pem,
    /// As a `curl` of an address
    Address,
    /// Not at all
    Nothing,
}

/// How the portal differs from one with a single cluster and a page of commands
#[derive(Clone, Debug, Default)]
pub struct DexK8sAuthenticatorSwitches {
    /// It has another cluster, `stage`, which its first page offers
    pub choice: bool,
    /// The page has the whole kubeconfig, too
    pub kubeconfig_tab: bool,
    /// The cluster's certificate
    pub ca: ClusterCa,
    /// The provider's certificate is fetched by `curl`
    pub idp_ca_address: bool,
    /// It cannot redeem any code
    pub wrong_client_secret: bool,
    /// One more command of the page, in a block of its own
    pub more: Option<String>,
}

pub(super) struct DexK8sAuthenticator {
    switches: DexK8sAuthenticatorSwitches,
    relying: Relying,
}

impl DexK8sAuthenticator {
    pub(super) fn new(
        switches: DexK8sAuthenticatorSwitches,
        idp: Box<dyn IdpDouble>,
        world: &World,
    ) -> Self {
        world.secret(CLIENT_SECRET);
        Self {
            relying: Relying::new(idp, "/callback/prod", world),
            switches,
        }
    }

    fn callback(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.query("error").is_some() {
            return Answer::html(400, error());
        }
        if ask.query("state").as_deref() != Some(STATE) {
            world.complain("the state came back changed");
            return Answer::html(400, error());
        }
        let tokens = self.relying.redeem(ask, world);
        match tokens.filter(|_| !self.switches.wrong_client_secret) {
            Some(tokens) => Answer::html(200, self.page(&tokens, world)),
            None => Answer::html(400, error()),
        }
    }

    fn index(&self) -> String {
        let row = |name: &str, label: &str| {
            format!(
                "<p>A cluster</p><a href=\"/login/{name}\" target=\"_self\"><button class=\"dex-btn theme-btn-provider\"><span class=\"dex-btn-text\">{label}</span></button></a>"
            )
        };
        let rows = row("prod", "Production")
            + &if self.switches.choice {
                row("stage", "Staging")
            } else {
                String::new()
            };
        format!(
            "<!DOCTYPE html><html><head><title>Generate Kubernetes Token</title></head><body class=\"theme-body\"><h2>Generate Kubernetes Token</h2>{rows}</body></html>"
        )
    }

    fn page(&self, tokens: &Tokens, world: &World) -> String {
        let shell = self
            .blocks(tokens, world)
            .iter()
            .map(|block| code(block))
            .collect::<String>();
        let windows = code(&format!(
            "kubectl config set-cluster {CLUSTER} --certificate-authority=%USERPROFILE%\\certs\\{CLUSTER}\\k8s-ca.crt"
        ));
        let whole = if self.switches.kubeconfig_tab {
            let mut document = kubeconfig::document(CLUSTER, tokens, world);
            if self.switches.ca != ClusterCa::Pem {
                let lines = document.lines().map(|line| {
                    match line.trim_start().starts_with("certificate-authority-data:") {
                        true => "    certificate-authority-data: ",
                        false => line,
                    }
                });
                document = lines.collect::<Vec<_>>().join("\n");
            }
            format!(
                "<div id=\"Kubeconfig\" class=\"tabcontent\"><pre><code>\n{}        </code></pre></div>",
                escape_html(&document)
            )
        } else {
            String::new()
        };
        format!(
            "<!DOCTYPE html><html><head><title>Kubernetes Configuration</title></head><body class=\"theme-body\"><a href=\"/\">Login Again</a>\
             <div class=\"groups\"><pre><code>{{ &#34;email&#34;: &#34;{}&#34; }}</code></pre></div>\
             <div id=\"Linux\" class=\"tabcontent\">{shell}</div><div id=\"MacOS\" class=\"tabcontent\">{shell}</div>\
             <div id=\"Windows\" class=\"tabcontent\">{windows}</div>{whole}\
             <div id=\"IDToken\" class=\"tabcontent\"><pre><code>{}</code></pre></div></body></html>",
            escape_html(&tokens.person.email),
            tokens.id_token
        )
    }

    fn blocks(&self, tokens: &Tokens, world: &World) -> Vec<String> {
        let folder = format!("${{HOME}}/.kube/certs/{CLUSTER}");
        let mut blocks = Vec::new();
        let mut idp_ca = String::new();
        if self.switches.idp_ca_address {
            blocks.push(format!(
                "curl --create-dirs -s https://files.example.test/idp.crt -o {folder}/idp-ca.crt"
            ));
            idp_ca = format!(
                " \\\n    --auth-provider-arg=idp-certificate-authority={folder}/idp-ca.crt"
            );
        }
        let ca = match self.switches.ca {
            ClusterCa::Nothing => String::new(),
            ClusterCa::Address => {
                blocks.push(format!("curl --create-dirs -s https://files.example.test/k8s.crt -o {folder}/k8s-ca.crt"));
                format!("    --certificate-authority={folder}/k8s-ca.crt \\\n")
            }
            ClusterCa::Pem => {
                let pem = world.ca_pem.trim();
                blocks.push(format!(
                    "mkdir -p {folder}/ && cat << EOF > {folder}/k8s-ca.crt\n{pem}\nEOF"
                ));
                format!("    --certificate-authority={folder}/k8s-ca.crt \\\n")
            }
        };
        let user = format!("{}-{CLUSTER}", tokens.person.login);
        blocks.push(format!(
            "kubectl config set-cluster {CLUSTER} \\\n{ca}    --server={}",
            world.origin(API_HOST)
        ));
        blocks.push(format!(
            "kubectl config set-credentials {user} \\\n    --auth-provider=oidc \\\n    --auth-provider-arg=\"idp-issuer-url={}\" \\\n\
             \x20   --auth-provider-arg=\"client-id={CLIENT}\" \\\n    --auth-provider-arg=\"client-secret={CLIENT_SECRET}\" \\\n\
             \x20   --auth-provider-arg=\"refresh-token={}\" \\\n    --auth-provider-arg=\"id-token={}\"{idp_ca}",
            tokens.issuer, tokens.refresh_token, tokens.id_token
        ));
        blocks.push(format!(
            "kubectl config set-context {user} \\\n    --cluster={CLUSTER} \\\n    --user={user}"
        ));
        blocks.push(format!("kubectl config use-context {user}"));
        blocks.extend(self.switches.more.clone());
        blocks
    }
}

impl Service for DexK8sAuthenticator {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.site() != PORTAL_HOST {
            return self.relying.elsewhere(ask, world);
        }
        match (ask.method(), ask.path()) {
            ("GET", "/callback/prod") => self.callback(ask, world),
            ("GET", "/login/prod") => redirect(303, self.relying.authorization(STATE)),
            ("GET", "/login/stage") => {
                world.complain("the other cluster was chosen");
                Answer::html(400, error())
            }
            ("GET", "/") if !self.switches.choice => redirect(303, "/login/prod"),
            // Whatever it does not know is its first page.
            ("GET", _) => Answer::html(200, self.index()),
            _ => plain(400, "Method not implemented"),
        }
    }

    fn end_sessions(&mut self, _: &str) -> usize {
        0
    }
}

fn code(text: &str) -> String {
    let text = escape_html(text);
    format!(
        "<div class=\"command\"><button class=\"btn\"></button><pre><code>{text}</code></pre></div>"
    )
}

fn error() -> String {
    "<!DOCTYPE html><html><head><title>Error</title></head><body class=\"theme-body\"><h2>Error</h2><p>Invalid token request</p></body></html>".to_owned()
}

/// The same for every user and request
const STATE: &str = "Vn2QymLtKX5773cM7T4QiEC1wkBD3k0q5";

const CLUSTER: &str = "prod";
