//! Names of one's own: two portals whose cluster is called `kubernetes` live in one file.

use std::collections::{HashMap, HashSet};
use std::mem;

use serde_json::{Map, Value};

use crate::kubeconfig::{IncompleteKubeconfig, Kubeconfig, Section};

impl Kubeconfig {
    /// Gives the current context the name `name`, and everything else a name that is its own
    ///
    /// The current context and its cluster are called `name`. Other contexts and clusters get it in front: `vip` becomes
    /// `name-vip`. Users get it behind: `ada@kubernetes` (a cluster's name stands after the `@`) becomes
    /// `ada@name`, and `ada` becomes `ada@name`, too. So no name is left that another login could have.
    ///
    /// ```
    /// use doorward::kubeconfig::{Kubeconfig, Section};
    ///
    /// let mut kubeconfig = Kubeconfig::parse(
    ///     "current-context: kubernetes
    /// contexts: [{name: kubernetes, context: {cluster: kubernetes, user: ada@kubernetes}}]
    /// clusters: [{name: kubernetes, cluster: {server: 'https://k.example.com'}}]
    /// users: [{name: ada@kubernetes, user: {token: t}}]",
    /// )?;
    /// kubeconfig.rename_context("prod")?;
    ///
    /// assert_eq!(kubeconfig.current_context(), Some("prod"));
    /// assert_eq!(kubeconfig.names(Section::Users).collect::<Vec<_>>(), ["ada@prod"]);
    /// assert_eq!(kubeconfig.check(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`IncompleteKubeconfig`] where there is no current context, or `name` is empty.
    pub fn rename_context(&mut self, name: &str) -> Result<(), IncompleteKubeconfig> {
        let route = self.current_route()?;
        if name.is_empty() {
            return Err(IncompleteKubeconfig::NoCurrentContext);
        }
        let behind = |old: &str, current: &str| match old == current {
            true => name.to_owned(),
            false => format!("{name}-{old}"),
        };
        let clusters = self.new_names(Section::Clusters, |old| behind(old, route.cluster));
        let contexts = self.new_names(Section::Contexts, |old| behind(old, route.context));
        let users = self.new_names(Section::Users, |old| {
            // The longest cluster, as a user's name may hold an `@` of its own.
            let cluster = clusters
                .iter()
                .filter_map(|(cluster, new)| {
                    let user = old.strip_suffix(cluster.as_str())?.strip_suffix('@')?;
                    Some((user, new))
                })
                .min_by_key(|(user, _)| user.len());
            match cluster {
                Some((user, cluster)) => format!("{user}@{cluster}"),
                None => format!("{old}@{name}"),
            }
        });

        for context in self.bodies_mut(Section::Contexts) {
            for (key, names) in [("cluster", &clusters), ("user", &users)] {
                if let Some(Value::String(old)) = context.get_mut(key)
                    && let Some(new) = names.get(old)
                {
                    new.clone_into(old);
                }
            }
        }
        self.rename_items(Section::Clusters, &clusters);
        self.rename_items(Section::Contexts, &contexts);
        self.rename_items(Section::Users, &users);
        self.behind = mem::take(&mut self.behind)
            .into_iter()
            .filter_map(|(old, behind)| Some((users.get(&old)?.clone(), behind)))
            .collect();
        self.set_current_context(name);
        Ok(())
    }

    /// Makes `namespace` the default one of the current context
    ///
    /// # Errors
    ///
    /// [`IncompleteKubeconfig`] where there is no current context.
    pub fn set_namespace(&mut self, namespace: &str) -> Result<(), IncompleteKubeconfig> {
        let context = self.current_route()?.context.to_owned();
        self.entry_mut(Section::Contexts, &context)
            .insert("namespace".into(), namespace.into());
        Ok(())
    }

    /// A new name for each old one; where two would become one, the later gets a number
    fn new_names(
        &self,
        section: Section,
        rename: impl Fn(&str) -> String,
    ) -> HashMap<String, String> {
        let mut taken = HashSet::new();
        let mut names = HashMap::new();
        for old in self.names(section) {
            let wanted = rename(old);
            let mut new = wanted.clone();
            let mut number = 2;
            while !taken.insert(new.clone()) {
                new = format!("{wanted}-{number}");
                number += 1;
            }
            names.insert(old.to_owned(), new);
        }
        names
    }

    fn rename_items(&mut self, section: Section, names: &HashMap<String, String>) {
        for item in self.items_mut(section) {
            if let Some(Value::String(old)) = item.get_mut("name")
                && let Some(new) = names.get(old)
            {
                new.clone_into(old);
            }
        }
    }

    fn bodies_mut(&mut self, section: Section) -> impl Iterator<Item = &mut Map<String, Value>> {
        self.items_mut(section)
            .filter_map(move |item| item.get_mut(section.singular())?.as_object_mut())
    }

    fn items_mut(&mut self, section: Section) -> impl Iterator<Item = &mut Map<String, Value>> {
        let items = self
            .root_mut()
            .get_mut(section.plural())
            .and_then(Value::as_array_mut);
        items.into_iter().flatten().filter_map(Value::as_object_mut)
    }
}

#[cfg(test)]
mod tests {
    use crate::kubeconfig::{IncompleteKubeconfig, Kubeconfig, Section};

    fn answer() -> Kubeconfig {
        Kubeconfig::parse(
            "current-context: kubernetes
clusters:
- {name: kubernetes, cluster: {server: 'https://k'}}
- {name: vip, cluster: {server: 'https://v'}}
contexts:
- {name: kubernetes, context: {cluster: kubernetes, user: a@b.example@kubernetes}}
- {name: vip, context: {cluster: vip, user: a@b.example@kubernetes}}
users:
- {name: a@b.example@kubernetes, user: {token: t}}
",
        )
        .unwrap()
    }

    fn names(kubeconfig: &Kubeconfig, section: Section) -> Vec<&str> {
        kubeconfig.names(section).collect()
    }

    #[test]
    fn every_name_of_the_answer_becomes_its_own() {
        let mut kubeconfig = answer();

        kubeconfig.rename_context("prod").unwrap();

        assert_eq!(kubeconfig.current_context(), Some("prod"));
        assert_eq!(names(&kubeconfig, Section::Clusters), ["prod", "prod-vip"]);
        assert_eq!(names(&kubeconfig, Section::Contexts), ["prod", "prod-vip"]);
        assert_eq!(names(&kubeconfig, Section::Users), ["a@b.example@prod"]);
        let vip = kubeconfig.entry(Section::Contexts, "prod-vip").unwrap();
        assert_eq!(vip["cluster"], "prod-vip");
        assert_eq!(vip["user"], "a@b.example@prod");
        assert_eq!(kubeconfig.check(), Ok(()));
    }

    #[test]
    fn a_user_without_a_cluster_in_its_name_gets_the_new_name_behind() {
        let mut kubeconfig = Kubeconfig::parse(
            "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: ada}}]\n\
             clusters: [{name: k, cluster: {server: s}}]\nusers: [{name: ada, user: {}}, {name: ada@k, user: {}}]",
        )
        .unwrap();

        kubeconfig.rename_context("n").unwrap();

        assert_eq!(names(&kubeconfig, Section::Users), ["ada@n", "ada@n-2"]);
        assert_eq!(kubeconfig.check(), Ok(()));
    }

    #[test]
    fn a_rename_to_a_name_that_is_there_keeps_both() {
        let mut kubeconfig = answer();

        kubeconfig.rename_context("vip").unwrap();

        assert_eq!(names(&kubeconfig, Section::Contexts), ["vip", "vip-vip"]);
        assert_eq!(
            kubeconfig.entry(Section::Clusters, "vip").unwrap()["server"],
            "https://k"
        );
        assert_eq!(kubeconfig.check(), Ok(()));
    }

    #[test]
    fn nothing_is_renamed_without_a_current_context_or_a_name() {
        assert_eq!(
            Kubeconfig::new().rename_context("x"),
            Err(IncompleteKubeconfig::NoCurrentContext)
        );
        let mut kubeconfig = answer();
        assert_eq!(
            kubeconfig.rename_context(""),
            Err(IncompleteKubeconfig::NoCurrentContext)
        );
        assert_eq!(kubeconfig, answer());
    }

    #[test]
    fn the_namespace_is_the_current_contexts_only() {
        let mut kubeconfig = answer();

        kubeconfig.set_namespace("ci").unwrap();

        let namespace = |name| {
            kubeconfig
                .entry(Section::Contexts, name)
                .unwrap()
                .get("namespace")
        };
        assert_eq!(namespace("kubernetes").unwrap(), "ci");
        assert_eq!(namespace("vip"), None);
    }
}
