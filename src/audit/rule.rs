//! The kinds of findings, by names that do not change.

use std::fmt;

/// A kind of finding
///
/// The names are stable; a new release may have more of them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// `auth-provider: oidc`, which clients that share it break
    AuthProvider,
    /// An auth-provider that newer clients do not know
    AuthProviderRemoved,
    /// A user name and a password
    BasicAuth,
    /// A client certificate that has ended
    CertificateEnded,
    /// A client certificate without its key
    CertificateWithoutKey,
    /// A client certificate, which cannot be revoked
    ClientCertificate,
    /// A current context that does not exist
    CurrentContext,
    /// A context whose cluster or user does not exist
    DanglingContext,
    /// The same thing as text and as a file
    DataAndFile,
    /// A token that has ended
    EndedToken,
    /// A token that never ends
    EndlessToken,
    /// A program that gives the token
    Exec,
    /// A version of the plug-in protocol that newer clients refuse
    ExecApiVersion,
    /// A program that is not found
    ExecCommandMissing,
    /// A plug-in without a field that it must have
    ExecIncomplete,
    /// A plug-in of `v1` without a known `interactiveMode`
    ExecInteractiveMode,
    /// A file that is not there, or cannot be read
    FileMissing,
    /// A file with secrets that others can read
    FileReadable,
    /// A file that others can write
    FileWritable,
    /// A cluster whose certificate is not checked
    InsecureTls,
    /// A token that lives for more than a day
    LongToken,
    /// A user without credentials
    NoCredentials,
    /// A cluster without a server
    NoServer,
    /// A token that does not say when it ends
    OpaqueToken,
    /// A cluster without TLS
    PlainHttp,
    /// Several ways to authenticate at once
    SeveralMethods,
    /// An entry that is hidden by one of the same name in an earlier file
    Shadowed,
    /// A token that ends soon, and is not renewed
    StaticToken,
    /// A token that is read from a file
    TokenFile,
    /// A user that no context uses
    UnusedUser,
}

impl Rule {
    /// All kinds, by name
    pub const ALL: &[Self] = &[
        Self::AuthProvider,
        Self::AuthProviderRemoved,
        Self::BasicAuth,
        Self::CertificateEnded,
        Self::CertificateWithoutKey,
        Self::ClientCertificate,
        Self::CurrentContext,
        Self::DanglingContext,
        Self::DataAndFile,
        Self::EndedToken,
        Self::EndlessToken,
        Self::Exec,
        Self::ExecApiVersion,
        Self::ExecCommandMissing,
        Self::ExecIncomplete,
        Self::ExecInteractiveMode,
        Self::FileMissing,
        Self::FileReadable,
        Self::FileWritable,
        Self::InsecureTls,
        Self::LongToken,
        Self::NoCredentials,
        Self::NoServer,
        Self::OpaqueToken,
        Self::PlainHttp,
        Self::SeveralMethods,
        Self::Shadowed,
        Self::StaticToken,
        Self::TokenFile,
        Self::UnusedUser,
    ];

    /// The stable name, such as `endless-token`
    pub fn as_str(self) -> &'static str {
        self.texts().0
    }

    /// What such a finding says, in general
    pub fn summary(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::AuthProvider => (
                "auth-provider",
                "Clients that share an auth-provider entry break each other",
            ),
            Self::AuthProviderRemoved => (
                "auth-provider-removed",
                "Newer clients do not know this auth-provider",
            ),
            Self::BasicAuth => (
                "basic-auth",
                "Kubernetes takes no password since version 1.19",
            ),
            Self::CertificateEnded => ("certificate-ended", "The client certificate has ended"),
            Self::CertificateWithoutKey => (
                "certificate-without-key",
                "Clients refuse a client certificate without its key",
            ),
            Self::ClientCertificate => (
                "client-certificate",
                "Kubernetes cannot revoke a client certificate",
            ),
            Self::CurrentContext => ("current-context", "The current context does not exist"),
            Self::DanglingContext => (
                "dangling-context",
                "A context names a cluster or a user that does not exist",
            ),
            Self::DataAndFile => (
                "data-and-file",
                "Clients refuse what stands there as text and as a file at once",
            ),
            Self::EndedToken => ("ended-token", "The token has ended"),
            Self::EndlessToken => ("endless-token", "The token never ends"),
            Self::Exec => ("exec", "A program gives the token"),
            Self::ExecApiVersion => (
                "exec-api-version",
                "Newer clients do not speak this version of the plug-in protocol",
            ),
            Self::ExecCommandMissing => (
                "exec-command-missing",
                "The plug-in's program is not found on this machine",
            ),
            Self::ExecIncomplete => ("exec-incomplete", "Clients refuse an incomplete plug-in"),
            Self::ExecInteractiveMode => (
                "exec-interactive-mode",
                "Clients refuse a plug-in of v1 without a known interactiveMode",
            ),
            Self::FileMissing => ("file-missing", "A file that is named cannot be read"),
            Self::FileReadable => ("file-readable", "Others can read a file with secrets"),
            Self::FileWritable => ("file-writable", "Others can write the file"),
            Self::InsecureTls => ("insecure-tls", "The server's certificate is not checked"),
            Self::LongToken => ("long-token", "The token lives for more than a day"),
            Self::NoCredentials => ("no-credentials", "The user has no credentials"),
            Self::NoServer => ("no-server", "The cluster has no server"),
            Self::OpaqueToken => ("opaque-token", "The token does not say when it ends"),
            Self::PlainHttp => (
                "plain-http",
                "The connection to the server is not encrypted",
            ),
            Self::SeveralMethods => (
                "several-methods",
                "The user has several ways to authenticate at once",
            ),
            Self::Shadowed => (
                "shadowed",
                "An earlier file has an entry of the same name, so that this one is never used",
            ),
            Self::StaticToken => ("static-token", "The token ends soon, and nobody renews it"),
            Self::TokenFile => ("token-file", "The token is read from a file"),
            Self::UnusedUser => ("unused-user", "No context uses the user"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
