//! The options of `kubeconfig check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use doorward::audit::Severity;

/// The options of `kubeconfig check`
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The kubeconfig files, which are taken together as kubectl does it; without any, those of $KUBECONFIG or ~/.kube/config
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// How the findings are printed: text for people, json, or sarif for code scanning
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    pub(crate) format: FindingsFormat,

    /// End with exit code 23 if a finding is as bad as this, or worse; without it findings are no failure
    #[arg(long, value_name = "SEVERITY", help_heading = "Output")]
    pub(crate) fail_on: Option<FailOn>,
}

/// How findings are printed
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum FindingsFormat {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
    /// A SARIF 2.1.0 log
    Sarif,
}

/// What makes the check fail
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum FailOn {
    Warning,
    Error,
}

impl FailOn {
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
        }
    }
}
