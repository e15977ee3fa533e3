//! A login's kubeconfig gets into the files that are there, and nothing in them is lost.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::error::Error as _;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use doorward::kubeconfig::{
    Change, Kubeconfig, KubeconfigFiles, MergeError, MergeHow, ParseKubeconfigError, Section,
};
use doorward::{Error, ErrorKind};

fn login(name: &str) -> Kubeconfig {
    Kubeconfig::parse(&format!(
        "apiVersion: v1
kind: Config
current-context: {name}
clusters: [{{name: {name}, cluster: {{server: 'https://{name}.example.com'}}}}]
contexts: [{{name: {name}, context: {{cluster: {name}, user: ada@{name}}}}}]
users: [{{name: ada@{name}, user: {{auth-provider: {{name: oidc, config: {{idp-issuer-url: 'https://i', client-id: c, id-token: canary}}}}}}}}]
"
    ))
    .unwrap()
}

fn read(path: impl AsRef<Path>) -> Kubeconfig {
    Kubeconfig::parse(&fs::read_to_string(path).unwrap()).unwrap()
}

fn names(kubeconfig: &Kubeconfig, section: Section) -> Vec<&str> {
    kubeconfig.names(section).collect()
}

fn listed(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn source<T: std::error::Error + 'static>(error: &Error) -> &T {
    error.source().unwrap().downcast_ref().unwrap()
}

fn from_environment(variables: &[(&str, OsString)]) -> Result<KubeconfigFiles, Error> {
    let variables: HashMap<_, _> = variables.iter().cloned().collect();
    KubeconfigFiles::from_environment(|name| variables.get(name).cloned())
}

fn list(paths: &[&Path]) -> KubeconfigFiles {
    let value = std::env::join_paths(paths).unwrap();
    from_environment(&[("KUBECONFIG", value)]).unwrap()
}

const OTHERS: &str = "\
# a comment
apiVersion: v1
x-tool: {deep: [1, {a: 'yes'}]}
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://10.0.0.1:6443
    extensions:
    - extension:
        last-update: Mon, 01 Jan 2026 00:00:00 UTC
        version: v1.33.0
      name: cluster_info
  name: minikube
contexts: [{name: minikube, context: {cluster: minikube, user: minikube}}]
current-context: minikube
kind: Config
preferences: {}
users: [{name: minikube, user: {client-certificate: /m/client.crt, client-key: /m/client.key}}]
";

#[test]
fn an_existing_file_with_other_clusters_keeps_all_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, OTHERS).unwrap();

    let written = KubeconfigFiles::at(&path)
        .write(&login("prod"), MergeHow::default())
        .unwrap();

    let before = Kubeconfig::parse(OTHERS).unwrap();
    let after = read(&path);
    for section in [Section::Clusters, Section::Contexts, Section::Users] {
        assert_eq!(
            after.entry(section, "minikube"),
            before.entry(section, "minikube")
        );
        assert_eq!(after.names(section).next(), Some("minikube"));
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(
        "apiVersion: v1\nx-tool:\n  deep:\n  - 1\n  - a: \"yes\"\nclusters:\n- cluster:\n    certificate-authority-data: LS0t"
    ));
    assert_eq!(after.current_context(), Some("prod"));
    assert_eq!(after.check(), Ok(()));
    assert_eq!(written.path(), path);
    assert!(
        written
            .merged()
            .changes()
            .all(|(_, _, change)| change == Change::Added)
    );
    assert_eq!(listed(folder.path()), ["config"]);
}

#[test]
fn a_broken_file_is_storage_with_line_and_column_and_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    for (broken, line, column) in [
        (
            &b"users:\n- name: a\n  user: {token: canary: x}\n"[..],
            3,
            23,
        ),
        (b"clusters: canary", 1, 11),
        (b"a: canary\na: canary", 2, 1),
        (b"a: \xff canary", 1, 4),
        (b"apiVersion: v1\nkind: Secret\n", 2, 7),
    ] {
        fs::write(&path, broken).unwrap();
        let files = KubeconfigFiles::at(&path);

        for error in [
            files.prepare().unwrap_err(),
            files
                .write(&login("prod"), MergeHow::default().replace(true))
                .unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Storage);
            assert_eq!(
                error.context().next(),
                Some(("file", path.to_str().unwrap()))
            );
            let source: &ParseKubeconfigError = source(&error);
            assert_eq!((source.line(), source.column()), (line, column), "{source}");
            assert!(!format!("{error} {source} {error:?}").contains("canary"));
        }
        assert_eq!(fs::read(&path).unwrap(), broken);
        assert_eq!(listed(folder.path()), ["config"]);
    }
}

#[test]
fn an_empty_file_gets_the_login() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    for empty in ["", "\n", "---\n", "null\n", "# nothing\n"] {
        fs::write(&path, empty).unwrap();

        KubeconfigFiles::at(&path)
            .write(&login("prod"), MergeHow::default())
            .unwrap();

        assert_eq!(read(&path), login("prod"));
    }
}

#[test]
fn a_name_that_points_elsewhere_is_config_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let mine = "clusters: [{name: prod, cluster: {server: 'https://elsewhere'}}]\n\
                users: [{name: ada@prod, user: {token: canary}}]\n";
    fs::write(&path, mine).unwrap();
    let files = KubeconfigFiles::at(&path);

    let error = files
        .write(&login("prod"), MergeHow::default())
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    let conflicts: &MergeError = source(&error);
    assert_eq!(
        conflicts.conflicts().collect::<Vec<_>>(),
        [(Section::Clusters, "prod"), (Section::Users, "ada@prod")]
    );
    let hint = error.next_step().unwrap();
    assert!(hint.contains("--context-name") && hint.contains("--replace"));
    assert!(!format!("{error:?} {conflicts}").contains("canary"));
    assert_eq!(fs::read_to_string(&path).unwrap(), mine);

    // A name of its own needs no `--replace`.
    let mut own = login("prod");
    own.rename_context("mine").unwrap();
    files.write(&own, MergeHow::default()).unwrap();
    assert_eq!(names(&read(&path), Section::Clusters), ["prod", "mine"]);

    files
        .write(&login("prod"), MergeHow::default().replace(true))
        .unwrap();
    assert_eq!(
        read(&path).entry(Section::Clusters, "prod").unwrap()["server"],
        "https://prod.example.com"
    );
}

#[test]
fn the_current_context_is_kept_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let how = MergeHow::default().keep_current_context(true);

    KubeconfigFiles::at(&path).write(&login("a"), how).unwrap();
    assert_eq!(read(&path).current_context(), Some("a"));

    let written = KubeconfigFiles::at(&path).write(&login("b"), how).unwrap();
    assert_eq!(read(&path).current_context(), Some("a"));
    assert_eq!(written.merged().current_context(), None);
}

#[test]
fn without_a_list_it_is_the_home_folders_file() {
    let home = tempfile::tempdir().unwrap();
    for kubeconfig in [None, Some(""), Some(if cfg!(windows) { ";" } else { "::" })] {
        let mut variables = vec![("HOME", home.path().as_os_str().to_owned())];
        variables.extend(kubeconfig.map(|value| ("KUBECONFIG", value.into())));

        let files = from_environment(&variables).unwrap();

        assert_eq!(files.paths(), [home.path().join(".kube").join("config")]);
        assert!(files.is_home());
    }
}

#[test]
fn without_a_home_folder_nothing_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone").into_os_string();
    for home in [None, Some("".into()), Some("relative".into()), Some(gone)] {
        let variables: Vec<_> = home.map(|home| ("HOME", home)).into_iter().collect();

        let error = from_environment(&variables).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.next_step().unwrap().contains("--kubeconfig"));
    }
}

#[test]
fn a_named_file_is_the_only_one() {
    let files = KubeconfigFiles::at("some/file");

    assert_eq!(files.paths(), [Path::new("some/file")]);
    assert_eq!(files.default_path(), Path::new("some/file"));
    assert!(!files.is_home());
}

#[test]
fn a_list_is_read_without_empty_and_repeated_elements() {
    let paths = ["", "/a", "", "/b", "/a"].map(Path::new);

    let files = list(&paths);

    assert_eq!(files.paths(), ["/a", "/b"].map(PathBuf::from));
}

#[test]
fn what_is_new_goes_to_the_first_file_that_is_there_or_else_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    let files = list(&[&a, &b, &c]);

    assert_eq!(files.default_path(), c);
    files.write(&login("x"), MergeHow::default()).unwrap();
    assert_eq!(listed(folder.path()), ["c"]);

    fs::write(&b, "").unwrap();
    let written = files.write(&login("y"), MergeHow::default()).unwrap();
    assert_eq!(written.path(), b);
    assert_eq!(names(&read(&b), Section::Contexts), ["y"]);
    assert_eq!(read(&b).current_context(), Some("y"));
    assert_eq!(names(&read(&c), Section::Contexts), ["x"]);
}

#[test]
fn an_entry_is_changed_in_the_file_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fs::write(&a, "x: 1\nclusters: [{name: other, cluster: {}}]\n").unwrap();
    let old = login("prod")
        .to_yaml()
        .expose_secret()
        .replace("canary", "old");
    fs::write(&b, old.replace("current-context: prod\n", "")).unwrap();

    let written = list(&[&a, &b])
        .write(&login("prod"), MergeHow::default())
        .unwrap();

    assert_eq!(
        fs::read_to_string(&a).unwrap(),
        "x: 1\nclusters:\n- name: other\n  cluster: {}\napiVersion: v1\nkind: Config\ncurrent-context: prod\n"
    );
    assert!(fs::read_to_string(&b).unwrap().contains("id-token: canary"));
    assert_eq!(read(&b).current_context(), None);
    assert_eq!(written.path(), a);
    assert_eq!(written.files().len(), 2);
}

#[test]
fn conflicts_are_found_across_the_list_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    let texts = [
        "users: [{name: ada@prod, user: {token: t}}]\n",
        "clusters: [{name: prod, cluster: {server: 'https://elsewhere'}}]\n",
    ];
    fs::write(&a, texts[0]).unwrap();
    fs::write(&b, texts[1]).unwrap();

    let error = list(&[&a, &b])
        .write(&login("prod"), MergeHow::default())
        .unwrap_err();

    let conflicts: &MergeError = source(&error);
    assert_eq!(conflicts.conflicts().count(), 2);
    assert_eq!(fs::read_to_string(&a).unwrap(), texts[0]);
    assert_eq!(fs::read_to_string(&b).unwrap(), texts[1]);
}

#[test]
fn the_current_context_of_any_file_in_the_list_counts() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fs::write(&a, "").unwrap();
    fs::write(&b, "current-context: mine\n").unwrap();

    list(&[&a, &b])
        .write(
            &login("prod"),
            MergeHow::default().keep_current_context(true),
        )
        .unwrap();

    assert_eq!(read(&a).current_context(), None);
    assert_eq!(read(&b).current_context(), Some("mine"));
}

#[test]
fn a_trial_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();

    KubeconfigFiles::at(folder.path().join("new/config"))
        .prepare()
        .unwrap();
    KubeconfigFiles::at(folder.path().join("config"))
        .prepare()
        .unwrap();

    assert!(listed(folder.path()).is_empty());
}

#[test]
fn kubectls_lock_is_waited_for_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let lock = folder.path().join("config.lock");
    fs::write(&path, OTHERS).unwrap();
    fs::write(&lock, "").unwrap();
    let files = KubeconfigFiles::at(&path).wait_at_most(Duration::from_millis(20));

    for error in [
        files.prepare().unwrap_err(),
        files.write(&login("a"), MergeHow::default()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert_eq!(
            error.context().next(),
            Some(("lock", lock.to_str().unwrap()))
        );
        assert!(error.next_step().unwrap().contains("kubectl"));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), OTHERS);
    assert_eq!(listed(folder.path()), ["config", "config.lock"]);

    // Given back meanwhile, it is only a wait.
    std::thread::scope(|scope| {
        let write =
            scope.spawn(|| KubeconfigFiles::at(&path).write(&login("a"), MergeHow::default()));
        fs::remove_file(&lock).unwrap();
        write.join().unwrap().unwrap();
    });
    assert_eq!(read(&path).current_context(), Some("a"));
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("config");

    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for turn in 0..20 {
                    let text = format!("clusters: [{{name: c{thread}-{turn}, cluster: {{}}}}]");
                    KubeconfigFiles::at(path)
                        .wait_at_most(Duration::from_secs(60))
                        .write(&Kubeconfig::parse(&text).unwrap(), MergeHow::default())
                        .unwrap();
                }
            });
        }
    });

    assert_eq!(read(path).names(Section::Clusters).count(), 160);
    assert_eq!(listed(folder.path()), ["config"]);
}

#[test]
fn readers_never_see_half_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("config");
    KubeconfigFiles::at(path)
        .write(&login("first"), MergeHow::default())
        .unwrap();

    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for turn in 0..20 {
                KubeconfigFiles::at(path)
                    .write(&login(&format!("c{turn}")), MergeHow::default())
                    .unwrap();
            }
        });
        while !writer.is_finished() {
            assert_eq!(read(path).check(), Ok(()));
        }
    });
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{KubeconfigFiles, MergeHow, OTHERS, Section, fs, list, listed, login, names, read};

    fn mode(path: impl AsRef<std::path::Path>) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".kube").join("config");
        let files = KubeconfigFiles::at(&path);

        files.write(&login("a"), MergeHow::default()).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);

        // Also the same login again into a file that others can read.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        files.write(&login("a"), MergeHow::default()).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_folder_that_may_not_be_written_is_refused_before_the_login() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, OTHERS).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
        if fs::write(folder.path().join("x"), "").is_ok() {
            eprintln!("SKIPPED: root may write everywhere");
            return;
        }
        let files = KubeconfigFiles::at(&path);

        for error in [
            files.prepare().unwrap_err(),
            files.write(&login("a"), MergeHow::default()).unwrap_err(),
        ] {
            assert_eq!(error.kind(), doorward::ErrorKind::Storage);
            assert!(error.next_step().unwrap().contains("--kubeconfig"));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), OTHERS);
    }

    #[test]
    fn links_are_followed_and_stay_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/config"), OTHERS).unwrap();
        symlink("real/config", at("second")).unwrap();
        symlink("second", at("first")).unwrap();

        let written = KubeconfigFiles::at(at("first"))
            .write(&login("a"), MergeHow::default())
            .unwrap();

        assert!(at("first").is_symlink() && at("second").is_symlink());
        assert_eq!(
            names(&read(at("real/config")), Section::Contexts),
            ["minikube", "a"]
        );
        assert_eq!(written.path(), at("first"));
        assert_eq!(listed(&at("real")), ["config"]);
    }

    #[test]
    fn a_link_to_nothing_yet_makes_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("new/config", at("link")).unwrap();

        let files = KubeconfigFiles::at(at("link"));
        files.prepare().unwrap();
        files.write(&login("a"), MergeHow::default()).unwrap();

        assert!(at("link").is_symlink());
        assert_eq!(read(at("new/config")).current_context(), Some("a"));
    }

    #[test]
    fn two_links_to_one_file_are_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("config", at("a")).unwrap();
        symlink("config", at("b")).unwrap();

        let written = list(&[&at("a"), &at("b")])
            .write(&login("x"), MergeHow::default())
            .unwrap();

        assert_eq!(written.files(), [at("config")]);
    }

    #[test]
    fn kubectls_lock_on_the_target_of_a_link_counts_too() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("config", at("link")).unwrap();
        fs::write(at("config.lock"), "").unwrap();

        let error = KubeconfigFiles::at(at("link"))
            .wait_at_most(std::time::Duration::from_millis(10))
            .write(&login("x"), MergeHow::default())
            .unwrap_err();

        assert_eq!(error.kind(), doorward::ErrorKind::Storage);
    }
}
