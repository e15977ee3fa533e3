//! Merging a login's kubeconfig into one that is there, by kubectl's rules, and never over a name that is taken.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::kubeconfig::same::Elsewhere;
use crate::kubeconfig::user::{is_credential, replace_credentials};
use crate::kubeconfig::{Kubeconfig, SECTIONS, Section};
use crate::redact::one_line;

/// How far a merge may go
///
/// ```
/// use doorward::kubeconfig::MergeHow;
///
/// let how = MergeHow::default().replace(true).keep_current_context(true);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MergeHow {
    replace: bool,
    pub(crate) keep_current_context: bool,
}

impl MergeHow {
    /// Whether an entry that points elsewhere is overwritten; not by default
    #[must_use]
    pub fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Whether the current context stays, where one is set; by default the new one becomes current
    #[must_use]
    pub fn keep_current_context(mut self, keep: bool) -> Self {
        self.keep_current_context = keep;
        self
    }
}

impl Kubeconfig {
    /// Takes the clusters, contexts and users of `new` in
    ///
    /// An entry whose name is not there yet goes to the end of its list. One that is there and points to the same place is
    /// brought up to date where it stands: what only the old entry has (a namespace, a proxy, extensions, fields that
    /// nobody knows) stays, while trust in a cluster and credentials of a user are replaced as a whole, so that no old
    /// certificate or token is left beside a new one. Top-level fields that only `new` has, such as `kind`, are added; nothing
    /// else in the document changes, and after an error nothing at all.
    ///
    /// What "points to the same place" means: clusters have the same server (compared as URLs); contexts name the same
    /// cluster and user; users are the same OIDC user (issuer, client id, and subject where the tokens show it), have a
    /// token with the same issuer and subject, are doorward's plug-in with the same profile, or have equal credentials. A
    /// plug-in that `new` made of a user, as [`set_exec_user`](Self::set_exec_user) and [`with_user_auth`](Self::with_user_auth)
    /// do, is compared as that user. An entry without a server, or without credentials, may be filled.
    ///
    /// ```
    /// use doorward::kubeconfig::{Kubeconfig, MergeHow};
    ///
    /// let mut mine = Kubeconfig::parse("clusters: [{name: k, cluster: {server: 'https://a'}}]")?;
    /// let new = Kubeconfig::parse("clusters: [{name: k, cluster: {server: 'https://b'}}]")?;
    ///
    /// let refused = mine.merge(&new, MergeHow::default()).unwrap_err();
    /// assert_eq!(refused.to_string(), "cluster k is at https://a");
    /// mine.merge(&new, MergeHow::default().replace(true))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MergeError`] lists every name that points elsewhere, unless [`MergeHow::replace`] is set.
    pub fn merge(&mut self, new: &Self, how: MergeHow) -> Result<Merged, MergeError> {
        let mut changes = Vec::new();
        let mut conflicts = Vec::new();
        for section in SECTIONS {
            for name in new.names(section) {
                let Some(entry) = new.entry(section, name) else {
                    continue;
                };
                let old = self.entry(section, name);
                let behind = new.behind.get(name).filter(|_| section == Section::Users);
                let elsewhere = old.and_then(|old| Elsewhere::between(section, old, entry, behind));
                let change = match (old, elsewhere) {
                    (None, _) => Change::Added,
                    (Some(_), None) => Change::Updated,
                    (Some(_), Some(_)) if how.replace => Change::Replaced,
                    (Some(_), Some(elsewhere)) => {
                        conflicts.push(Conflict {
                            section,
                            name: name.to_owned(),
                            elsewhere,
                        });
                        continue;
                    }
                };
                changes.push((section, name, change));
            }
        }
        if !conflicts.is_empty() {
            return Err(MergeError { conflicts });
        }

        for (section, name, change) in &changes {
            if let Some(entry) = new.entry(*section, name) {
                let old = self.entry_mut(*section, name);
                if *change == Change::Replaced {
                    old.clear();
                }
                update(*section, old, entry);
            }
            if *section == Section::Users {
                match new.behind.get(*name) {
                    Some(behind) => drop(self.behind.insert((*name).to_owned(), behind.clone())),
                    None if *change == Change::Updated => {}
                    None => drop(self.behind.remove(*name)),
                }
            }
        }
        self.take_missing_fields(new);
        let keep = how.keep_current_context && self.current_context().is_some();
        let current = new.current_context().filter(|_| !keep);
        if let Some(current) = current {
            self.set_current_context(current);
        }
        Ok(Merged {
            changes: changes
                .into_iter()
                .map(|(section, name, change)| (section, name.to_owned(), change))
                .collect(),
            current_context: current.map(str::to_owned),
        })
    }

    /// Takes in what has no name or place here yet: what stands in a later file of a list
    pub(crate) fn take_missing(&mut self, later: &Self) {
        for section in SECTIONS {
            let known: HashSet<String> = self.names(section).map(str::to_owned).collect();
            let missing: Vec<Value> = later
                .items(section)
                .filter(|item| {
                    let name = item.get("name").and_then(Value::as_str);
                    name.is_some_and(|name| !known.contains(name))
                })
                .map(|item| Value::Object(item.clone()))
                .collect();
            if !missing.is_empty() {
                self.list_mut(section).extend(missing);
            }
        }
        self.take_missing_fields(later);
        if let (None, Some(current)) = (self.current_context(), later.current_context()) {
            self.set_current_context(current);
        }
    }

    /// Top-level fields, such as `kind`
    fn take_missing_fields(&mut self, other: &Self) {
        for (key, value) in &other.root {
            let is_other = key == CURRENT_CONTEXT || SECTIONS.iter().any(|s| s.plural() == key);
            if !is_other && !self.root.contains_key(key) {
                self.root.insert(key.clone(), value.clone());
            }
        }
    }
}

/// What a merge did
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Merged {
    changes: Vec<(Section, String, Change)>,
    current_context: Option<String>,
}

impl Merged {
    /// The entries that were written, and how
    pub fn changes(&self) -> impl Iterator<Item = (Section, &str, Change)> {
        self.changes
            .iter()
            .map(|(section, name, change)| (*section, name.as_str(), *change))
    }

    /// The context that was made current, if one was
    pub fn current_context(&self) -> Option<&str> {
        self.current_context.as_deref()
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.current_context = self.current_context.take().or(other.current_context);
    }
}

/// What became of one entry in a merge
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The name was not there
    Added,
    /// The name pointed elsewhere, and was overwritten as the caller said
    Replaced,
    /// The name pointed to the same place
    Updated,
}

/// The names that point elsewhere, all of them
///
/// The message shows names and servers, and no secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MergeError {
    conflicts: Vec<Conflict>,
}

impl MergeError {
    /// Which names point elsewhere
    pub fn conflicts(&self) -> impl Iterator<Item = (Section, &str)> {
        self.conflicts
            .iter()
            .map(|conflict| (conflict.section, conflict.name.as_str()))
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        self.conflicts.extend(other.conflicts);
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, conflict) in self.conflicts.iter().take(SHOWN).enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            let Conflict {
                section,
                name,
                elsewhere,
            } = conflict;
            write!(f, "{} {} {elsewhere}", section.singular(), one_line(name))?;
        }
        match self.conflicts.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for MergeError {}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Conflict {
    section: Section,
    name: String,
    elsewhere: Elsewhere,
}

/// Brings one entry up to date
fn update(section: Section, old: &mut Map<String, Value>, new: &Map<String, Value>) {
    match section {
        // An entry states its trust in full: no certificate at all means the system's roots.
        Section::Clusters => {
            for field in TRUST.into_iter().filter(|field| !new.contains_key(*field)) {
                old.shift_remove(field);
            }
        }
        Section::Contexts => {}
        Section::Users => replace_credentials(old, new),
    }
    for (key, value) in new {
        if section != Section::Users || !is_credential(key) {
            old.insert(key.clone(), value.clone());
        }
    }
}

const CURRENT_CONTEXT: &str = "current-context";

/// How many conflicts a message lists
const SHOWN: usize = 10;

const TRUST: [&str; 3] = [
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Change, MergeHow};
    use crate::kubeconfig::{ExecUser, Kubeconfig, Section};

    fn parse(text: &str) -> Kubeconfig {
        Kubeconfig::parse(text).unwrap()
    }

    fn login(server: &str) -> Kubeconfig {
        parse(&format!(
            "apiVersion: v1
kind: Config
current-context: k
clusters: [{{name: k, cluster: {{server: '{server}', certificate-authority-data: bmV3}}}}]
contexts: [{{name: k, context: {{cluster: k, user: u}}}}]
users: [{{name: u, user: {{auth-provider: {{name: oidc, config: {{idp-issuer-url: 'https://i', client-id: c, id-token: new}}}}}}}}]
"
        ))
    }

    const MINE: &str = "\
kind: Config
x-top:
- 1
users:
- name: zoe
  user:
    exec:
      command: aws
- name: u
  x-item: 1
  user:
    auth-provider:
      config:
        idp-issuer-url: https://i
        client-id: c
        id-token: old
        refresh-token: old
        extra-scopes: groups
      name: oidc
    as: admin
contexts:
- name: k
  context:
    cluster: k
    user: u
    namespace: mine
- name: last
  context: {}
current-context: last
clusters:
- name: other
  cluster:
    server: https://other
- name: k
  cluster:
    proxy-url: http://proxy
    certificate-authority-data: b2xk
    insecure-skip-tls-verify: true
    server: https://k/
    extensions:
    - name: e
      extension: 0.5
";

    #[test]
    fn an_existing_file_keeps_all_it_had() {
        let mut mine = parse(MINE);

        mine.merge(&login("https://k"), MergeHow::default())
            .unwrap();

        let expected = MINE
            .replace(
                "        id-token: old\n        refresh-token: old\n",
                "        id-token: new\n",
            )
            .replace("current-context: last", "current-context: k")
            .replace(
                "data: b2xk\n    insecure-skip-tls-verify: true\n",
                "data: bmV3\n",
            )
            .replace("server: https://k/", "server: https://k");
        assert_eq!(
            mine.to_yaml().expose_secret(),
            format!("{expected}apiVersion: v1\n")
        );
    }

    #[test]
    fn what_is_new_comes_last() {
        let mut mine = parse("clusters: [{name: a, cluster: {server: 'https://a'}}]");

        let merged = mine
            .merge(&login("https://k"), MergeHow::default())
            .unwrap();

        assert_eq!(
            mine.names(Section::Clusters).collect::<Vec<_>>(),
            ["a", "k"]
        );
        assert!(
            merged
                .changes()
                .all(|(_, _, change)| change == Change::Added)
        );
        assert_eq!(merged.current_context(), Some("k"));
        assert_eq!(mine.check(), Ok(()));
    }

    #[test]
    fn names_that_point_elsewhere_are_all_listed_and_nothing_changes() {
        let mine = parse(
            "clusters: [{name: k, cluster: {server: 'https://elsewhere'}}]
contexts: [{name: k, context: {cluster: j, user: u}}]
users: [{name: u, user: {token: canary}}]",
        );
        let mut merged = mine.clone();

        let error = merged
            .merge(&login("https://k"), MergeHow::default())
            .unwrap_err();

        assert_eq!(
            error.conflicts().collect::<Vec<_>>(),
            [
                (Section::Clusters, "k"),
                (Section::Contexts, "k"),
                (Section::Users, "u")
            ]
        );
        assert_eq!(
            error.to_string(),
            "cluster k is at https://elsewhere; context k is for cluster j; user u has another kind of credential"
        );
        assert!(!format!("{error:?}").contains("canary"));
        assert_eq!(merged, mine);
    }

    #[test]
    fn replace_overwrites_what_points_elsewhere_as_a_whole() {
        let mut mine =
            parse("clusters: [{name: k, cluster: {server: 'https://elsewhere', proxy-url: x}}]");

        let merged = mine
            .merge(&login("https://k"), MergeHow::default().replace(true))
            .unwrap();

        assert_eq!(
            merged.changes().next(),
            Some((Section::Clusters, "k", Change::Replaced))
        );
        assert_eq!(
            json!(mine.entry(Section::Clusters, "k").unwrap()),
            json!({"server": "https://k", "certificate-authority-data": "bmV3"})
        );
    }

    #[test]
    fn a_login_with_names_of_its_own_disturbs_nobody() {
        let mut mine = login("https://elsewhere");
        let mut new = login("https://k");
        new.rename_context("prod").unwrap();

        mine.merge(&new, MergeHow::default()).unwrap();

        assert_eq!(
            mine.names(Section::Clusters).collect::<Vec<_>>(),
            ["k", "prod"]
        );
        assert_eq!(
            mine.names(Section::Users).collect::<Vec<_>>(),
            ["u", "u@prod"]
        );
        assert_eq!(mine.current_context(), Some("prod"));
        assert_eq!(mine.check(), Ok(()));
    }

    #[test]
    fn the_current_context_is_kept_on_request_but_set_where_there_was_none() {
        let how = MergeHow::default().keep_current_context(true);
        let mut mine = parse("current-context: mine");
        mine.merge(&login("https://k"), how).unwrap();
        assert_eq!(mine.current_context(), Some("mine"));

        let mut empty = parse("current-context: ''");
        empty.merge(&login("https://k"), how).unwrap();
        assert_eq!(empty.current_context(), Some("k"));
    }

    #[test]
    fn a_namespace_is_kept_unless_the_login_names_one() {
        let mut mine = parse(MINE);
        let mut new = login("https://k");
        mine.merge(&new, MergeHow::default()).unwrap();
        assert_eq!(
            mine.entry(Section::Contexts, "k").unwrap()["namespace"],
            "mine"
        );

        new.set_namespace("ci").unwrap();
        mine.merge(&new, MergeHow::default()).unwrap();
        assert_eq!(
            mine.entry(Section::Contexts, "k").unwrap()["namespace"],
            "ci"
        );
    }

    #[test]
    fn no_certificate_means_the_systems_roots() {
        let mut mine = parse(
            "clusters: [{name: k, cluster: {server: 'https://k', certificate-authority: /ca.pem, tls-server-name: x}}]",
        );
        let new = parse("clusters: [{name: k, cluster: {server: 'https://k'}}]");

        mine.merge(&new, MergeHow::default()).unwrap();

        assert_eq!(
            json!(mine.entry(Section::Clusters, "k").unwrap()),
            json!({"server": "https://k", "tls-server-name": "x"})
        );
    }

    #[test]
    fn a_merge_twice_is_a_merge_once() {
        let mut mine = parse(MINE);
        mine.merge(&login("https://k"), MergeHow::default())
            .unwrap();
        let once = mine.to_yaml();

        mine.merge(&login("https://k"), MergeHow::default())
            .unwrap();

        assert_eq!(mine.to_yaml().expose_secret(), once.expose_secret());
    }

    #[test]
    fn a_plug_in_takes_the_place_of_the_pasted_user_and_the_rest_stays() {
        let mut mine = parse(MINE);
        let mut new = login("https://k");
        new.set_exec_user(
            "u",
            &ExecUser::new("doorward", ["credential", "--profile=ci"]),
        );

        let merged = mine.merge(&new, MergeHow::default()).unwrap();

        assert!(
            merged
                .changes()
                .all(|(_, _, change)| change == Change::Updated)
        );
        let expected = MINE
            .replace(
                "    auth-provider:
      config:
        idp-issuer-url: https://i
        client-id: c
        id-token: old
        refresh-token: old
        extra-scopes: groups
      name: oidc
    as: admin
",
                "    as: admin
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - credential
      - --profile=ci
      command: doorward
      interactiveMode: Never
      provideClusterInfo: true
",
            )
            .replace("current-context: last", "current-context: k")
            .replace(
                "data: b2xk\n    insecure-skip-tls-verify: true\n",
                "data: bmV3\n",
            )
            .replace("server: https://k/", "server: https://k");
        assert_eq!(
            mine.to_yaml().expose_secret(),
            format!("{expected}apiVersion: v1\n")
        );
    }

    #[test]
    fn what_a_later_file_has_fills_the_gaps_only() {
        let mut first = parse(
            "current-context: ''
x-a: first
clusters: [{name: k, cluster: {server: 'https://first'}}, {name: empty}]
users: null",
        );

        first.take_missing(&parse(
            "current-context: later
x-a: later
x-b: later
clusters: [{name: k, cluster: {proxy-url: later}}, {name: empty, cluster: {server: later}}, {name: j, x: 1, cluster: {}}]
contexts: [{name: later, context: {}}, {x: nameless}]
users: [{name: u, user: {token: t}}]",
        ));

        assert_eq!(
            first,
            parse(
                "current-context: later
x-a: first
x-b: later
clusters: [{name: k, cluster: {server: 'https://first'}}, {name: empty}, {name: j, x: 1, cluster: {}}]
contexts: [{name: later, context: {}}]
users: [{name: u, user: {token: t}}]"
            )
        );
    }

    #[test]
    fn a_long_list_of_conflicts_is_cut() {
        let list = |server| {
            let items: Vec<_> = (0..30)
                .map(|i| format!("{{name: c{i}, cluster: {{server: '{server}'}}}}"))
                .collect();
            parse(&format!("clusters: [{}]", items.join(", ")))
        };

        let error = list("https://a")
            .merge(&list("https://b"), MergeHow::default())
            .unwrap_err();

        assert_eq!(error.conflicts().count(), 30);
        assert!(error.to_string().ends_with("; and 20 more"));
    }
}
