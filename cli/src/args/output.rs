//! The options of what is printed.

use clap::{Args, ValueEnum};

/// What goes to stdout after a login
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// What to print on stdout; all but path write a kubeconfig file only if --kubeconfig names one
    #[arg(short, long, value_name = "WHAT", default_value = "path")]
    pub(crate) output: Product,
}

/// The kinds of it
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Product {
    /// The path of the kubeconfig file
    Path,
    /// The kubeconfig itself, as YAML
    Kubeconfig,
    /// user, context, cluster, server, expires, idp and kubeconfig (the path or null), without any secret
    Json,
    /// The id_token alone
    Token,
    /// An ExecCredential, as kubectl takes it from a plug-in
    ExecCredential,
    /// Nothing
    None,
}

/// Whether the CI system is told what it must not show
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct Mask {
    /// Tell GitHub Actions and Azure Pipelines to hide the secrets that were printed on stdout, by a line on stderr
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) mask: MaskWhen,
}

/// When to do it
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum MaskWhen {
    /// Where one of the two runs us, but not as a plug-in of kubectl
    Auto,
    /// Nowhere, ever
    Never,
}

/// How messages look
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}
