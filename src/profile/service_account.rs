use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The service account that a profile stands for, and whose credentials may ask for its tokens
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServiceAccountSettings {
    /// Its namespace
    pub namespace: String,
    /// Its name
    pub name: String,
    /// Whom the tokens are for; the API server itself if empty
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// How long they are to live, in seconds; what the API server gives if left out
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// The kubeconfig files with the credentials that ask; absolute paths, and none in a pod that asks with its own
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kubeconfig: Vec<PathBuf>,
    /// The context of those that is meant; the current one if left out
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}
