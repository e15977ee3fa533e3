//! What a user entry authenticates by, and what is wrong with that.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::audit::facts::Facts;
use crate::audit::kind::{End, UserKind};
use crate::audit::view::Entry;
use crate::audit::{Finding, Rule, Severity, certificate, command, file};
use crate::exec_credential::ExecApiVersion;
use crate::kubeconfig::{ExecUser, OidcUser};
use crate::redact::one_line;
use crate::secret::Secret;
use crate::token::Claims;

/// Says what `user` is, and what is to be said of it
pub(super) fn judge(
    user: &Entry<'_>,
    contexts: &[Entry<'_>],
    facts: &dyn Facts,
) -> (Vec<UserKind>, Vec<Finding>) {
    let mut judge = Judge {
        user,
        contexts,
        facts,
        kinds: Vec::new(),
        findings: Vec::new(),
    };
    judge.exec();
    judge.auth_provider();
    judge.token();
    judge.certificate();
    judge.basic_auth();
    judge.together();
    (judge.kinds, judge.findings)
}

struct Judge<'a> {
    user: &'a Entry<'a>,
    contexts: &'a [Entry<'a>],
    facts: &'a dyn Facts,
    kinds: Vec<UserKind>,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    fn exec(&mut self) {
        let Some(exec) = self.user.value("exec").and_then(Value::as_object) else {
            return;
        };
        let text = |key| exec.get(key).and_then(Value::as_str).unwrap_or_default();
        let ours = self.user.body().and_then(ExecUser::of);
        let profile = ours.and_then(|exec| exec.profile().map(str::to_owned));
        let before = self.findings.len();
        self.exec_fields(exec);

        let command = text("command");
        if !command.is_empty() && !self.facts.has_command(command, self.user.folder()) {
            let message = format!(
                "the program {} is not found on this machine",
                one_line(command)
            );
            self.find(Rule::ExecCommandMissing, Severity::Info, message);
        }
        if self.findings.len() == before {
            let message = match &profile {
                Some(_) => "doorward gives the token, and renews it",
                None => "a program gives the token",
            };
            self.find(Rule::Exec, Severity::Info, message);
        }
        self.kinds.push(UserKind::Exec {
            command: command.to_owned(),
            profile,
        });
    }

    /// What kubectl refuses of a plug-in
    fn exec_fields(&mut self, exec: &Map<String, Value>) {
        let text = |key| exec.get(key).and_then(Value::as_str).unwrap_or_default();
        for key in ["apiVersion", "command"] {
            if text(key).is_empty() {
                let message = format!("the plug-in has no {key}, which clients refuse");
                self.find(Rule::ExecIncomplete, Severity::Error, message);
            }
        }
        let version = ExecApiVersion::from_name(text("apiVersion"));
        if version.is_none() && !text("apiVersion").is_empty() {
            let message = format!(
                "newer clients do not speak the plug-in protocol {}, only v1 and v1beta1",
                one_line(text("apiVersion"))
            );
            self.replace(Rule::ExecApiVersion, Severity::Error, message);
        }
        let message = match text("interactiveMode") {
            "Never" | "IfAvailable" | "Always" => return,
            "" if version == Some(ExecApiVersion::V1) => {
                "the plug-in has no interactiveMode, which clients refuse with v1"
            }
            "" => return,
            _ => "the plug-in has an unknown interactiveMode, which clients refuse",
        };
        self.find(Rule::ExecInteractiveMode, Severity::Error, message);
    }

    fn auth_provider(&mut self) {
        let Some(provider) = self.user.value("auth-provider").and_then(Value::as_object) else {
            return;
        };
        let name = provider.get("name").and_then(Value::as_str);
        let name = name.unwrap_or_default().to_owned();
        match self.user.body().and_then(OidcUser::of) {
            Some(oidc) => {
                let message = "clients that share an auth-provider entry break each other, since a refresh token is good once; \
                     kube-rs and Python cannot keep it alive";
                // Without a refresh token there is nothing to go on with but a login.
                let can_move = oidc.refresh_token.is_some() && !self.contexts.is_empty();
                let command = match can_move {
                    true => command::use_exec(self.user, self.contexts.first()),
                    false => self.replacement(),
                };
                let finding = self.finding(Rule::AuthProvider, Severity::Warning, message);
                self.findings.push(finding.instead(command));
            }
            None => {
                let message = format!(
                    "newer clients do not know the auth-provider {}, and refuse the user",
                    one_line(&name)
                );
                self.replace(Rule::AuthProviderRemoved, Severity::Error, message);
            }
        }
        self.kinds.push(UserKind::AuthProvider(name));
    }

    /// A token file goes before a token, as for clients
    fn token(&mut self) {
        if let Some(path) = self.user.path("tokenFile") {
            let fact = self.facts.file(&path);
            let missing = file::missing(self.user.file, "tokenFile", &path, fact);
            self.findings
                .extend(missing.map(|f| f.user(self.user.name)));
            // What a cluster mounts into a container is open to all its users.
            if !["/var/run/secrets", "/run/secrets"]
                .iter()
                .any(|m| path.starts_with(m))
            {
                self.readable(&path);
            }
            let token = self.facts.text(&path);
            let token = token.map(|token| Secret::new(token.expose_secret().trim()));
            let end = match &token {
                Some(token) => self.end_of(token, true).0,
                None => End::Unknown,
            };
            if token.is_some() && !matches!(end, End::Never) {
                let message = "clients read the token again as its file changes";
                self.find(Rule::TokenFile, Severity::Info, message);
            }
            self.kinds.push(UserKind::TokenFile { path, end });
        }
        if self.user.has("token") {
            let token = Secret::new(self.user.text("token"));
            let (end, service_account) = self.end_of(&token, false);
            self.kinds.push(UserKind::Token {
                end,
                service_account,
            });
        }
    }

    /// When a token ends, and whose it is, if it is a service account's
    fn end_of(&mut self, token: &Secret, may_rotate: bool) -> (End, Option<String>) {
        let Some(claims) = Claims::of(token) else {
            if !may_rotate {
                let message = "the token does not say when it ends: perhaps never";
                self.replace(Rule::OpaqueToken, Severity::Warning, message);
            }
            return (End::Unknown, None);
        };
        let subject = claims.subject.as_deref().unwrap_or_default();
        let account = subject.strip_prefix("system:serviceaccount:");
        let account = account.map(|account| account.replacen(':', "/", 1));
        let now = self.facts.now();
        let Some(end) = claims.expires else {
            let message = match &account {
                Some(account) => format!(
                    "the token of the service account {} never ends: whoever has a copy has its rights, until its Secret is deleted",
                    one_line(account)
                ),
                None => {
                    "the token never ends: whoever has a copy has its rights for good".to_owned()
                }
            };
            let finding = self.finding(Rule::EndlessToken, Severity::Error, message);
            let is_used = |_: &&str| !self.contexts.is_empty();
            let account_command = account.as_deref().filter(is_used);
            let account_command =
                account_command.and_then(|account| command::service_account(self.user, account));
            let command = account_command.or_else(|| self.replacement());
            self.findings.push(finding.instead(command));
            return (End::Never, account);
        };
        if end <= now {
            let message = format!("the token ended at {end}: servers refuse it");
            self.replace(Rule::EndedToken, Severity::Error, message);
        } else if !may_rotate && lasts_long(end, now) {
            let message = format!(
                "the token is good until {end}: whoever has a copy has its rights until then"
            );
            self.replace(Rule::LongToken, Severity::Warning, message);
        } else if !may_rotate {
            let message = format!("the token ends at {end}, and nobody renews it");
            self.replace(Rule::StaticToken, Severity::Info, message);
        }
        (End::At(end), account)
    }

    fn certificate(&mut self) {
        let data = self.user.text("client-certificate-data");
        let path = self.user.path("client-certificate");
        if data.is_empty() && path.is_none() {
            return;
        }
        for key in ["client-certificate", "client-key"] {
            if let Some(path) = self.user.path(key) {
                let fact = self.facts.file(&path);
                let missing = file::missing(self.user.file, key, &path, fact);
                self.findings
                    .extend(missing.map(|f| f.user(self.user.name)));
            }
            if self.user.has(key) && self.user.has(&format!("{key}-data")) {
                let message =
                    format!("the user has both {key} and {key}-data, which clients refuse");
                self.find(Rule::DataAndFile, Severity::Error, message);
            }
        }
        match self.user.path("client-key") {
            Some(path) => self.readable(&path),
            None if !self.user.has("client-key-data") => {
                let message = "the client certificate has no key, which clients refuse";
                self.find(Rule::CertificateWithoutKey, Severity::Error, message);
            }
            None => {}
        }
        let end = match data.is_empty() {
            false => {
                let data: String = data.split_whitespace().collect();
                STANDARD
                    .decode(data)
                    .ok()
                    .and_then(|pem| certificate::end(&pem))
            }
            true => path
                .and_then(|path| self.facts.text(&path))
                .and_then(|pem| certificate::end(pem.expose_secret().as_bytes())),
        };
        match end {
            Some(end) if end <= self.facts.now() => {
                let message = format!("the client certificate ended at {end}: servers refuse it");
                self.replace(Rule::CertificateEnded, Severity::Error, message);
            }
            end => {
                let until = end.map(|end| format!(" before it ends at {end}"));
                let message = format!(
                    "Kubernetes cannot revoke a client certificate{}: whoever has a copy of its key has its rights",
                    until.unwrap_or_default()
                );
                self.replace(Rule::ClientCertificate, Severity::Warning, message);
            }
        }
        self.kinds
            .push(UserKind::Certificate(end.map_or(End::Unknown, End::At)));
    }

    fn basic_auth(&mut self) {
        if self.user.has("username") || self.user.has("password") {
            let message = "Kubernetes takes no password since version 1.19: servers refuse it";
            self.replace(Rule::BasicAuth, Severity::Error, message);
            self.kinds.push(UserKind::BasicAuth);
        }
    }

    /// What the ways of this user make of each other, and whether anything leads to it
    fn together(&mut self) {
        let has = |kind: &str| self.kinds.iter().any(|known| known.as_str() == kind);
        let found = if has("exec") && has("auth-provider") {
            Some((Severity::Error, "clients refuse exec beside auth-provider"))
        } else if self.user.has("token") && has("basic-auth") {
            Some((Severity::Error, "clients refuse a token beside a password"))
        } else if has("exec") && self.kinds.len() > 1 {
            Some((
                Severity::Warning,
                "the program of exec is never called: the other credentials go before it",
            ))
        } else {
            None
        };
        if let Some((severity, message)) = found {
            self.find(Rule::SeveralMethods, severity, message);
        }
        if self.kinds.is_empty() {
            let message = "the user has no credentials that are known here";
            self.find(Rule::NoCredentials, Severity::Info, message);
        }
        if self.contexts.is_empty() {
            let message = "no context uses the user";
            self.replace(Rule::UnusedUser, Severity::Info, message);
        }
    }

    fn readable(&mut self, path: &Path) {
        let fact = self.facts.file(path);
        let found = fact.and_then(|fact| file::readable(self.user.file, path, fact));
        self.findings.extend(found.map(|f| f.user(self.user.name)));
    }

    /// A finding that a login would put an end to, or nobody would miss
    fn replace(&mut self, rule: Rule, severity: Severity, message: impl Into<String>) {
        let finding = self.finding(rule, severity, message);
        self.findings.push(finding.instead(self.replacement()));
    }

    fn replacement(&self) -> Option<String> {
        match self.contexts.is_empty() {
            true => command::delete(self.user),
            false => command::login(self.user),
        }
    }

    fn find(&mut self, rule: Rule, severity: Severity, message: impl Into<String>) {
        let finding = self.finding(rule, severity, message);
        self.findings.push(finding);
    }

    fn finding(&self, rule: Rule, severity: Severity, message: impl Into<String>) -> Finding {
        Finding::new(rule, severity, self.user.file, message).user(self.user.name)
    }
}

fn lasts_long(end: Timestamp, now: Timestamp) -> bool {
    end.as_second().saturating_sub(now.as_second()) > DAY
}

const DAY: i64 = 24 * 3600;
