//! Whether two entries of one name mean the same: the question that a merge asks before it writes over one.
//!
//! An entry without an aim (a cluster without a server, a user without credentials) is nobody's, and may be filled.
//! A user that is a plug-in says nothing about itself, but the new one may be known to stand for another.

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

use crate::kubeconfig::Section;
use crate::kubeconfig::identity::{Identity, Subject, credentials};
use crate::redact::one_line;

/// Whether two server URLs mean the same
///
/// The case of scheme and host does not count, nor do the scheme's own port, user names, fragments, and one `/` at the end.
/// What is no URL is compared as text.
///
/// ```
/// use doorward::kubeconfig::same_server;
///
/// assert!(same_server("https://k8s.example.com", "HTTPS://K8s.example.com:443/"));
/// assert!(!same_server("https://k8s.example.com", "https://k8s.example.com:6443"));
/// ```
pub fn same_server(a: &str, b: &str) -> bool {
    same_url(a, b)
}

/// How an existing entry differs from the new one of its name; without any secret
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Elsewhere {
    ClientId,
    Cluster(String),
    Credential,
    Issuer,
    Server(String),
    Subject,
    User(String),
}

impl Elsewhere {
    /// Compares what stands under one name; `None` if both point to the same place
    ///
    /// `behind` is who the new user stands for, where it is a plug-in.
    pub(crate) fn between(
        section: Section,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        behind: Option<&Identity>,
    ) -> Option<Self> {
        match section {
            Section::Clusters => cluster(old, new),
            Section::Contexts => context(old, new),
            Section::Users => user(old, new, behind),
        }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientId => f.write_str("is a user of another client id"),
            Self::Cluster(name) => write!(f, "is for cluster {}", one_line(name)),
            Self::Credential => f.write_str("has another kind of credential"),
            Self::Issuer => f.write_str("is a user of another issuer"),
            Self::Server(origin) => write!(f, "is at {}", one_line(origin)),
            Self::Subject => f.write_str("is another user of the same issuer"),
            Self::User(name) => write!(f, "is for user {}", one_line(name)),
        }
    }
}

fn cluster(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Elsewhere> {
    let (old, new) = (text(old, "server")?, text(new, "server")?);
    (!same_url(old, new)).then(|| {
        // The origin alone: a URL may hold a password.
        let shown = Url::parse(old).map(|url| url.origin().ascii_serialization());
        Elsewhere::Server(shown.unwrap_or_else(|_| "another server".into()))
    })
}

fn context(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Elsewhere> {
    let differs = |key| {
        let (old, new) = (text(old, key)?, text(new, key)?);
        (old != new).then(|| old.to_owned())
    };
    differs("cluster")
        .map(Elsewhere::Cluster)
        .or_else(|| differs("user").map(Elsewhere::User))
}

fn user(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    behind: Option<&Identity>,
) -> Option<Elsewhere> {
    match (Identity::of(old), Identity::of(new)) {
        (Identity::Nobody, _) | (_, Identity::Nobody) => None,
        _ if credentials(old).eq(credentials(new)) => None,
        (Identity::Exec(Some(old)), Identity::Exec(Some(new))) => {
            (old != new).then_some(Elsewhere::Credential)
        }
        (old, Identity::Exec(_)) => {
            behind.map_or(Some(Elsewhere::Credential), |behind| login(&old, behind))
        }
        (old, new) => login(&old, &new),
    }
}

/// Compares users that a login can give
pub(super) fn login(old: &Identity, new: &Identity) -> Option<Elsewhere> {
    match (old, new) {
        (
            Identity::Oidc {
                issuer: old_issuer,
                client_id: old_client,
                subject: old,
            },
            Identity::Oidc {
                issuer,
                client_id,
                subject: new,
            },
        ) => {
            if !same_url(old_issuer, issuer) {
                return Some(Elsewhere::Issuer);
            }
            if old_client != client_id {
                return Some(Elsewhere::ClientId);
            }
            // Tokens that cannot be read leave it at issuer and client.
            let (old, new) = (old.as_ref()?, new.as_ref()?);
            (old.sub != new.sub).then_some(Elsewhere::Subject)
        }
        (
            Identity::Token(old) | Identity::Oidc { subject: old, .. },
            Identity::Token(new) | Identity::Oidc { subject: new, .. },
        ) => match (old, new) {
            (Some(old), Some(new)) => subject(old, new),
            // An opaque token says nothing about its user.
            _ => Some(Elsewhere::Credential),
        },
        _ => Some(Elsewhere::Credential),
    }
}

fn subject(old: &Subject, new: &Subject) -> Option<Elsewhere> {
    match same_url(&old.iss, &new.iss) {
        true => (old.sub != new.sub).then_some(Elsewhere::Subject),
        false => Some(Elsewhere::Issuer),
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// By scheme, host, port, path and query, as a browser would read them; one `/` at the end does not count
fn same_url(a: &str, b: &str) -> bool {
    let read = |text| {
        let url = Url::parse(text).ok()?;
        let path = url.path();
        Some((
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port_or_known_default(),
            path.strip_suffix('/').unwrap_or(path).to_owned(),
            url.query().map(str::to_owned),
        ))
    };
    match (read(a), read(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Map, Value, json};

    use super::{Elsewhere, same_server};
    use crate::kubeconfig::{ExecUser, Kubeconfig, MergeHow, Section};

    fn between(section: Section, old: Value, new: Value) -> Option<Elsewhere> {
        let map = |value| match value {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Elsewhere::between(section, &map(old), &map(new), None)
    }

    fn servers(old: &str, new: &str) -> Option<Elsewhere> {
        between(
            Section::Clusters,
            json!({"server": old}),
            json!({"server": new}),
        )
    }

    fn users(old: Value, new: Value) -> Option<Elsewhere> {
        between(Section::Users, old, new)
    }

    fn jwt(iss: &str, sub: &str, exp: u32) -> String {
        let claims = json!({"iss": iss, "sub": sub, "exp": exp}).to_string();
        format!("eyJhbGciOiJub25lIn0.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    fn oidc(issuer: &str, client: &str, id_token: &str) -> Value {
        let config = json!({"idp-issuer-url": issuer, "client-id": client, "id-token": id_token});
        json!({"auth-provider": {"name": "oidc", "config": config}})
    }

    /// A kubeconfig with the one user `u`
    fn with_user(user: Value) -> Kubeconfig {
        let document = json!({"users": [{"name": "u", "user": user}]});
        Kubeconfig::parse(&document.to_string()).unwrap()
    }

    fn doorward(profile: &str) -> ExecUser {
        ExecUser::credential("doorward", profile)
    }

    /// How a merge of `new` into a file with the user `old` ends: nothing, or the words of the conflict
    fn merged(old: &Value, new: &Kubeconfig) -> Option<String> {
        let mut mine = with_user(old.clone());
        let error = mine.merge(new, MergeHow::default()).err()?;
        assert_eq!(mine, with_user(old.clone()));
        Some(error.to_string().replace("user u ", ""))
    }

    #[test]
    fn urls_of_one_server_are_the_same() {
        for (a, b) in [
            ("https://k", "https://k"),
            ("HTTPS://K.Example.com", "https://k.example.com/"),
            ("https://k:443", "https://k"),
            ("http://k:80/", "http://k"),
            ("https://k:6443/p/", "https://k:6443/p"),
            ("https://u:p@k", "https://k"),
            ("k", "k"),
        ] {
            assert!(same_server(a, b) && same_server(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("https://k", "http://k"),
            ("https://k", "https://k:6443"),
            ("https://k", "https://k.example.com"),
            ("https://k/p", "https://k/P"),
            ("https://k/p", "https://k/p//"),
            ("https://k", "https://k//"),
            ("https://k?a", "https://k?b"),
            ("https://k", "k"),
            ("https://k", ""),
            ("K", "k"),
        ] {
            assert!(!same_server(a, b) && !same_server(b, a), "{a} {b}");
        }
    }

    #[test]
    fn a_plug_in_is_compared_as_the_user_that_it_stands_for() {
        let ada = jwt("https://i", "ada", 1);
        let issuer = Some("is a user of another issuer");
        let client = Some("is a user of another client id");
        let subject = Some("is another user of the same issuer");
        let kind = Some("has another kind of credential");

        let mut foreign = with_user(json!({}));
        foreign.set_exec_user("u", &ExecUser::new("aws", ["eks"]));
        let exec = |user: &ExecUser| {
            let mut kubeconfig = with_user(json!({}));
            kubeconfig.set_exec_user("u", user);
            json!(kubeconfig.entry(Section::Users, "u").unwrap())
        };
        // The new entries, each with what is behind it.
        let made_of = |user: Value| {
            let mut kubeconfig = with_user(user);
            kubeconfig.set_exec_user("u", &doorward("ci"));
            kubeconfig
        };
        let news = [
            made_of(oidc("https://i", "c", &ada)),
            made_of(oidc("https://i", "c", "opaque")),
            made_of(json!({"token": ada})),
            made_of(json!({"token": "opaque"})),
            made_of(json!({})),
            foreign,
            with_user(oidc("https://i", "c", &ada)),
            with_user(json!({"token": ada})),
        ];

        // Old entry; then for each new one, in their order, how the merge ends.
        let wrapper = ExecUser::new("/opt/wrap", ["-q", "credential", "--profile", "ci"]);
        let table = [
            (json!({}), [None; 8]),
            (json!({"as": "x", "token": ""}), [None; 8]),
            (
                oidc("https://i/", "c", &jwt("https://i", "ada", 2)),
                [None, None, None, kind, kind, kind, None, None],
            ),
            (
                oidc("https://i", "c", ""),
                [None, None, kind, kind, kind, kind, None, kind],
            ),
            (
                oidc("https://j", "c", &jwt("https://j", "ada", 2)),
                [issuer, issuer, issuer, kind, kind, kind, issuer, issuer],
            ),
            (
                oidc("https://i", "d", &ada),
                [client, client, None, kind, kind, kind, client, None],
            ),
            (
                oidc("https://i", "c", &jwt("https://i", "bob", 2)),
                [subject, None, subject, kind, kind, kind, subject, subject],
            ),
            (
                json!({"token": jwt("https://i", "ada", 2)}),
                [None, kind, None, kind, kind, kind, None, None],
            ),
            (
                json!({"token": jwt("https://j", "ada", 2)}),
                [issuer, kind, issuer, kind, kind, kind, issuer, issuer],
            ),
            (
                json!({"token": jwt("https://i", "bob", 2)}),
                [subject, kind, subject, kind, kind, kind, subject, subject],
            ),
            (
                json!({"token": "opaque"}),
                [kind, kind, kind, kind, kind, kind, kind, kind],
            ),
            (
                exec(&doorward("ci")),
                [None, None, None, None, None, kind, kind, kind],
            ),
            (
                exec(&wrapper),
                [None, None, None, None, None, kind, kind, kind],
            ),
            (exec(&doorward("other")), [kind; 8]),
            (
                exec(&ExecUser::new("aws", ["eks"])),
                [kind, kind, kind, kind, kind, None, kind, kind],
            ),
            (
                exec(&ExecUser::new("aws", ["token", "--profile=ci"])),
                [kind; 8],
            ),
            (json!({"client-key": "/k"}), [kind; 8]),
            (json!({"username": "a", "password": "b"}), [kind; 8]),
            (json!({"token": ada, "client-key": "/k"}), [kind; 8]),
        ];
        for (old, ends) in table {
            for (i, (new, end)) in news.iter().zip(ends).enumerate() {
                assert_eq!(merged(&old, new).as_deref(), end, "{old}, new {i}");
                // With its own names, too: what is behind a user goes with it.
                let copy = new.only(Section::Users, "u").unwrap();
                assert_eq!(merged(&old, &copy).as_deref(), end, "{old}, copy {i}");
            }
        }
    }

    #[test]
    fn what_is_behind_a_plug_in_outlives_a_rename_and_a_merge() {
        let mut new = Kubeconfig::parse(
            &json!({
                "current-context": "k",
                "clusters": [{"name": "k", "cluster": {"server": "https://k"}}],
                "contexts": [{"name": "k", "context": {"cluster": "k", "user": "ada@k"}}],
                "users": [{"name": "ada@k", "user": oidc("https://i", "c", &jwt("https://i", "ada", 1))}],
            })
            .to_string(),
        )
        .unwrap();
        let mut pasted = new.clone();
        pasted.rename_context("prod").unwrap();
        new.set_exec_user("ada@k", &doorward("ci"));
        new.rename_context("prod").unwrap();
        let mut between = Kubeconfig::new();
        between.merge(&new, MergeHow::default()).unwrap();

        for new in [new, between] {
            let mut mine = pasted.clone();
            mine.merge(&new, MergeHow::default()).unwrap();
            assert_eq!(mine.exec_user("ada@prod"), Some(doorward("ci")));

            let mut printed = Kubeconfig::parse(new.to_yaml().expose_secret()).unwrap();
            assert_eq!(printed, new);
            let error = pasted.clone().merge(&printed, MergeHow::default());
            assert!(error.is_err(), "what was read knows nothing of it");

            // A new user of the name is another one.
            printed.remove(Section::Users, "ada@prod");
            let mut removed = new.clone();
            removed.remove(Section::Users, "ada@prod");
            removed.set_exec_user("ada@prod", &doorward("ci"));
            assert!(pasted.clone().merge(&removed, MergeHow::default()).is_err());
        }
    }

    #[test]
    fn a_second_plug_in_stands_for_the_same_user() {
        let mut new = with_user(oidc("https://i", "c", "opaque"));
        new.set_exec_user("u", &doorward("old"));
        new.set_exec_user("u", &doorward("ci"));

        assert_eq!(merged(&oidc("https://i", "c", "t"), &new), None);
        assert!(merged(&oidc("https://j", "c", "t"), &new).is_some());
    }

    #[test]
    fn servers_are_compared_as_urls() {
        assert_eq!(
            servers("https://k.example.com", "https://K.example.com:443/"),
            None
        );
        assert_eq!(servers("https://k:6443/path", "https://k:6443/path/"), None);
        for other in [
            "http://k:6443",
            "https://k:6444",
            "https://k:6443/path",
            "https://j:6443",
            "not a url",
        ] {
            assert_eq!(
                servers("https://k:6443", other),
                Some(Elsewhere::Server("https://k:6443".into())),
                "{other}"
            );
        }
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        let elsewhere = servers("https://user:hunter2@k/x?y=z", "https://j").unwrap();

        assert_eq!(elsewhere.to_string(), "is at https://k");
    }

    #[test]
    fn an_entry_without_an_aim_may_be_filled() {
        assert_eq!(
            between(Section::Clusters, json!({}), json!({"server": "https://k"})),
            None
        );
        assert_eq!(
            between(
                Section::Contexts,
                json!({"cluster": "", "user": ""}),
                json!({"cluster": "a", "user": "b"})
            ),
            None
        );
        assert_eq!(
            users(json!({"as": "x", "token": ""}), json!({"token": "t"})),
            None
        );
    }

    #[test]
    fn a_context_for_another_cluster_or_user_points_elsewhere() {
        let old = json!({"cluster": "a", "user": "b", "namespace": "n"});

        let compare = |new| between(Section::Contexts, old.clone(), new);
        assert_eq!(compare(json!({"cluster": "a", "user": "b"})), None);
        assert_eq!(
            compare(json!({"cluster": "x", "user": "b"})),
            Some(Elsewhere::Cluster("a".into()))
        );
        assert_eq!(
            compare(json!({"cluster": "a", "user": "x"})),
            Some(Elsewhere::User("b".into()))
        );
    }

    #[test]
    fn oidc_users_are_told_apart_by_issuer_client_and_subject() {
        let token = |sub| jwt("https://i/", sub, 1);
        let old = || oidc("https://i/idp", "kubernetes", &token("ada"));

        assert_eq!(
            users(old(), oidc("https://i/idp/", "kubernetes", &token("ada"))),
            None
        );
        assert_eq!(
            users(old(), oidc("https://i/idp", "kubernetes", "opaque")),
            None
        );
        assert_eq!(
            users(old(), oidc("https://j/idp", "kubernetes", &token("ada"))),
            Some(Elsewhere::Issuer)
        );
        assert_eq!(
            users(old(), oidc("https://i/idp", "other", &token("ada"))),
            Some(Elsewhere::ClientId)
        );
        assert_eq!(
            users(old(), oidc("https://i/idp", "kubernetes", &token("bob"))),
            Some(Elsewhere::Subject)
        );
    }

    #[test]
    fn a_token_is_the_same_user_as_the_oidc_entry_that_it_came_from() {
        let bare = |sub| json!({"token": jwt("https://i", sub, 2)});
        let entry = oidc("https://i", "kubernetes", &jwt("https://i", "ada", 1));

        assert_eq!(users(bare("ada"), entry.clone()), None);
        assert_eq!(users(entry.clone(), bare("ada")), None);
        assert_eq!(users(bare("ada"), bare("ada")), None);
        assert_eq!(users(bare("bob"), entry), Some(Elsewhere::Subject));
        assert_eq!(
            users(bare("ada"), json!({"token": jwt("https://j", "ada", 2)})),
            Some(Elsewhere::Issuer)
        );
    }

    #[test]
    fn an_opaque_token_is_the_same_only_if_it_is_equal() {
        assert_eq!(users(json!({"token": "t"}), json!({"token": "t"})), None);
        assert_eq!(
            users(json!({"token": "t"}), json!({"token": "u"})),
            Some(Elsewhere::Credential)
        );
    }

    #[test]
    fn another_kind_of_credential_points_elsewhere() {
        let new = oidc("https://i", "kubernetes", "t");
        for old in [
            json!({"client-certificate-data": "x", "client-key-data": "y"}),
            json!({"exec": {"command": "aws"}}),
            json!({"username": "a", "password": "b"}),
            json!({"tokenFile": "/t"}),
            json!({"auth-provider": {"name": "gcp"}}),
            json!({"token": "t", "exec": {"command": "aws"}}),
        ] {
            assert_eq!(
                users(old.clone(), new.clone()),
                Some(Elsewhere::Credential),
                "{old}"
            );
            assert_eq!(users(old.clone(), old), None);
        }
    }
}
