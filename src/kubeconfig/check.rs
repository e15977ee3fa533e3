//! Whether a kubeconfig can be used as it stands: the current context leads to a server and to a user.

use serde_json::Value;

use crate::kubeconfig::{Kubeconfig, Section};
use crate::redact::one_line;

impl Kubeconfig {
    /// Follows the current context to a cluster with a server and to a user
    ///
    /// ```
    /// use doorward::Kubeconfig;
    ///
    /// let error = Kubeconfig::new().check().unwrap_err();
    /// assert_eq!(error.to_string(), "no current context is set");
    /// ```
    ///
    /// # Errors
    ///
    /// [`IncompleteKubeconfig`] names the first link that is missing.
    pub fn check(&self) -> Result<(), IncompleteKubeconfig> {
        let route = self.current_route()?;
        let cluster = self
            .entry(Section::Clusters, route.cluster)
            .ok_or_else(|| IncompleteKubeconfig::NoCluster {
                context: route.context.to_owned(),
                cluster: route.cluster.to_owned(),
            })?;
        match cluster.get("server").and_then(Value::as_str) {
            None | Some("") => Err(IncompleteKubeconfig::NoServer {
                cluster: route.cluster.to_owned(),
            }),
            Some(_) => match self.entry(Section::Users, route.user) {
                None => Err(IncompleteKubeconfig::NoUser {
                    context: route.context.to_owned(),
                    user: route.user.to_owned(),
                }),
                Some(_) => Ok(()),
            },
        }
    }

    /// The names that the current context stands for, whether or not its cluster and user exist
    pub(crate) fn current_route(&self) -> Result<Route<'_>, IncompleteKubeconfig> {
        let context = self
            .current_context()
            .ok_or(IncompleteKubeconfig::NoCurrentContext)?;
        let entry = self.entry(Section::Contexts, context).ok_or_else(|| {
            IncompleteKubeconfig::NoContext {
                context: context.to_owned(),
            }
        })?;
        let name = |key| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        Ok(Route {
            context,
            cluster: name("cluster"),
            user: name("user"),
        })
    }
}

/// The current context, and where it leads
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<'a> {
    pub(crate) context: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) user: &'a str,
}

/// What a kubeconfig lacks
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IncompleteKubeconfig {
    /// The context names a cluster that is not there
    #[error(
        "context {} names cluster {}, which is not there",
        one_line(context),
        one_line(cluster)
    )]
    NoCluster {
        /// The context
        context: String,
        /// The cluster that it names
        cluster: String,
    },
    /// The current context is not there
    #[error("the current context {} is not there", one_line(context))]
    NoContext {
        /// The context
        context: String,
    },
    /// No current context is set
    #[error("no current context is set")]
    NoCurrentContext,
    /// The cluster has no server
    #[error("cluster {} has no server", one_line(cluster))]
    NoServer {
        /// The cluster
        cluster: String,
    },
    /// The context names a user that is not there
    #[error(
        "context {} names user {}, which is not there",
        one_line(context),
        one_line(user)
    )]
    NoUser {
        /// The context
        context: String,
        /// The user that it names
        user: String,
    },
}

#[cfg(test)]
mod tests {
    use super::IncompleteKubeconfig;
    use crate::kubeconfig::{Kubeconfig, Section};

    fn complete() -> Kubeconfig {
        Kubeconfig::parse(
            "current-context: ci\ncontexts:\n- name: ci\n  context: {cluster: k, user: u}\n\
             clusters:\n- name: k\n  cluster: {server: 'https://k'}\nusers:\n- name: u\n  user: {token: t}\n",
        )
        .unwrap()
    }

    #[test]
    fn a_complete_kubeconfig_passes() {
        assert_eq!(complete().check(), Ok(()));
    }

    #[test]
    fn the_first_missing_link_is_named() {
        let context = || "ci".to_owned();

        let mut none = complete();
        none.set_current_context("");
        assert_eq!(none.check(), Err(IncompleteKubeconfig::NoCurrentContext));

        let mut other = complete();
        other.set_current_context("other");
        assert_eq!(
            other.check(),
            Err(IncompleteKubeconfig::NoContext {
                context: "other".into()
            })
        );

        let mut no_cluster = complete();
        no_cluster.remove(Section::Clusters, "k");
        assert_eq!(
            no_cluster.check(),
            Err(IncompleteKubeconfig::NoCluster {
                context: context(),
                cluster: "k".into()
            })
        );

        let mut no_server = complete();
        no_server
            .entry_mut(Section::Clusters, "k")
            .insert("server".into(), "".into());
        assert_eq!(
            no_server.check(),
            Err(IncompleteKubeconfig::NoServer {
                cluster: "k".into()
            })
        );

        let mut no_user = complete();
        no_user.remove(Section::Users, "u");
        assert_eq!(
            no_user.check(),
            Err(IncompleteKubeconfig::NoUser {
                context: context(),
                user: "u".into()
            })
        );
    }

    #[test]
    fn a_foreign_name_is_shown_on_one_line() {
        let mut kubeconfig = complete();
        kubeconfig.set_current_context("a\n::error::b");

        assert_eq!(
            kubeconfig.check().unwrap_err().to_string(),
            "the current context a :\\:error:\\:b is not there"
        );
    }
}
