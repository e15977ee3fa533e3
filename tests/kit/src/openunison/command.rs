//! The shell commands of the token document, word for word as the charts' templates give them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Whose template the commands follow
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum CommandShape {
    /// The repositories before the charts: no blank in front, no new line at the end
    Repositories,
    /// Charts from August 2021: a new line at the end
    Charts2021,
    /// Charts from February 2023: a blank in front
    Charts2023,
    /// Charts from January 2026: additional servers, and two blanks before `rm`
    #[default]
    Charts2026,
    /// A template of 2017: many lines, with a certificate file in place of its data
    ManyLines,
}

impl CommandShape {
    /// Whether the document names the kubectl plug-in
    pub(super) fn has_plugin(self) -> bool {
        matches!(self, Self::Charts2023 | Self::Charts2026)
    }
}

/// What goes into the commands
pub(super) struct Command<'a> {
    pub(super) shape: CommandShape,
    pub(super) cluster: &'a str,
    pub(super) server: &'a str,
    pub(super) user: &'a str,
    pub(super) issuer: &'a str,
    pub(super) id_token: &'a str,
    pub(super) refresh_token: &'a str,
    pub(super) cluster_ca: Option<&'a str>,
    pub(super) portal_ca: Option<&'a str>,
    pub(super) additional: &'a [(String, String)],
}

impl Command<'_> {
    /// For a POSIX shell
    pub(super) fn posix(&self) -> String {
        if self.shape == CommandShape::ManyLines {
            return corrupted(&self.many_lines());
        }
        let lead = match self.shape {
            CommandShape::Charts2023 | CommandShape::Charts2026 => " ",
            _ => "",
        };
        let certificate = self
            .cluster_ca
            .map(|pem| pem.replace('\r', "").replace('\n', "\\n"))
            .unwrap_or_default();
        let ca = self.ca("$TMP_CERT");
        let (name, server, user) = (self.cluster, self.server, self.user);
        let mut extra = String::new();
        if self.shape == CommandShape::Charts2026 {
            for (other, url) in self.additional {
                extra.push_str(&format!(
                    "kubectl config set-cluster {other} --server={url} --certificate-authority={ca} \
                     --embed-certs=true && kubectl config set-context {other} --cluster={other} \
                     --user={user}@{name} && "
                ));
            }
        }
        let tail = match self.shape {
            CommandShape::Charts2026 => " rm $TMP_CERT",
            CommandShape::Charts2021 => "rm $TMP_CERT\n",
            _ => "rm $TMP_CERT",
        };
        corrupted(&format!(
            "{lead}export TMP_CERT=$(mktemp) && echo -e \"{certificate}\" > $TMP_CERT && kubectl config \
             set-cluster {name} --server={server} --certificate-authority={ca} --embed-certs=true && kubectl \
             config set-context {name} --cluster={name} --user={user}@{name}  && kubectl config \
             set-credentials {user}@{name}  {}   && kubectl config use-context {name} && {extra}{tail}",
            self.credentials()
        ))
    }

    /// For PowerShell
    pub(super) fn windows(&self) -> String {
        let certificate = self.cluster_ca.map_or_else(String::new, |pem| {
            let text = pem.replace('\r', "").replace('\n', "`n");
            format!("\"{text}\" | out-file $TMP_CERT -encoding oem ; ")
        });
        let ca = self.ca("$TMP_CERT");
        let (name, server, user) = (self.cluster, self.server, self.user);
        let mut extra = String::new();
        if self.shape == CommandShape::Charts2026 {
            for (other, url) in self.additional {
                extra.push_str(&format!(
                    " kubectl config set-cluster {other} --server={url}  --certificate-authority={ca} \
                     --embed-certs=true ; kubectl config set-context {other} --cluster={other} \
                     --user={user}@{name} ; "
                ));
            }
        }
        corrupted(&format!(
            "$TMP_CERT=New-TemporaryFile ; {certificate}kubectl config set-cluster {name} --server={server}  \
             --certificate-authority={ca} --embed-certs=true ; kubectl config set-context {name} \
             --cluster={name} --user={user}@{name}  ; kubectl config set-credentials {user}@{name}  {} ; \
             kubectl config use-context {name} ; {extra}  Remove-Item -recurse -force $TMP_CERT\n",
            self.credentials()
        ))
    }

    fn credentials(&self) -> String {
        format!(
            "--auth-provider=oidc --auth-provider-arg=client-secret= \
             --auth-provider-arg=idp-issuer-url={} --auth-provider-arg=client-id=kubernetes \
             --auth-provider-arg=refresh-token={}  --auth-provider-arg=id-token={}  \
             --auth-provider-arg=idp-certificate-authority-data={}",
            self.issuer,
            self.refresh_token,
            self.id_token,
            // With its carriage returns, unlike the text that is echoed.
            self.portal_ca
                .map(|pem| STANDARD.encode(pem))
                .unwrap_or_default(),
        )
    }

    fn many_lines(&self) -> String {
        let certificate = self
            .cluster_ca
            .map(|pem| pem.replace('\r', "").replace('\n', "\\n"))
            .unwrap_or_default();
        let (name, user) = (self.cluster, self.user);
        format!(
            "export TMP_CERT=$(mktemp) && echo -e \"{certificate}\" > $TMP_CERT && \\\n\
             kubectl config set-cluster {name} --server={} --certificate-authority={} --embed-certs=true && \\\n\
             kubectl config set-context {name} --cluster={name} --user={user} && \\\n\
             kubectl config set-credentials {user} \\\n\
             \x20 --auth-provider=oidc \\\n\
             \x20 --auth-provider-arg=idp-issuer-url={} \\\n\
             \x20 --auth-provider-arg=client-id=kubernetes \\\n\
             \x20 --auth-provider-arg=client-secret= \\\n\
             \x20 --auth-provider-arg=refresh-token={} \\\n\
             \x20 --auth-provider-arg=idp-certificate-authority=$TMP_CERT \\\n\
             \x20 --auth-provider-arg=id-token={} && \\\n\
             kubectl config use-context {name} && rm $TMP_CERT\n",
            self.server,
            self.ca("$TMP_CERT"),
            self.issuer,
            self.refresh_token,
            self.id_token,
        )
    }

    fn ca<'b>(&self, file: &'b str) -> &'b str {
        if self.cluster_ca.is_some() {
            file
        } else {
            "/dev/null"
        }
    }
}

/// The portal hides `${` from its template engine as three underscores, and brings back too many
fn corrupted(text: &str) -> String {
    text.replace("___", "${")
}
