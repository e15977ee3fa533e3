//! A change that is made on the ground of what all files say: where it stands, whole or not at all, and with nothing lost.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use doorward::kubeconfig::{
    Change, ExecUser, Kubeconfig, KubeconfigFiles, MergeHow, Section, UserAuth,
};
use doorward::{Error, ErrorKind, Secret};
use tempfile::TempDir;

/// A folder with two files, which are a list
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(first: &str, second: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("first"), first).unwrap();
        fs::write(folder.path().join("second"), second).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self) -> KubeconfigFiles {
        list(&[&self.path("first"), &self.path("second")])
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn list(paths: &[&Path]) -> KubeconfigFiles {
    let value = std::env::join_paths(paths).unwrap();
    KubeconfigFiles::from_environment(|name| (name == "KUBECONFIG").then(|| value.clone())).unwrap()
}

fn keep() -> MergeHow {
    MergeHow::default().keep_current_context(true)
}

/// What `doorward kubeconfig use-exec` does to the user `ada@k`
fn use_exec(all: &Kubeconfig) -> Result<Kubeconfig, Error> {
    let missing = || Error::config("there is no such user");
    let mut user = all.only(Section::Users, "ada@k").ok_or_else(missing)?;
    user.set_exec_user(
        "ada@k",
        &ExecUser::new("doorward", ["credential", "--profile=ci"]),
    );
    Ok(user)
}

/// One more argument for the plug-in of `ada@k`
fn one_more(all: &Kubeconfig) -> Result<Kubeconfig, Error> {
    let mut user = all.only(Section::Users, "ada@k").unwrap();
    let exec = all.exec_user("ada@k").unwrap().arg("-v");
    user.set_exec_user("ada@k", &exec);
    Ok(user)
}

fn args(files: &KubeconfigFiles) -> usize {
    files.read().unwrap().exec_user("ada@k").unwrap().args.len()
}

const FIRST: &str =
    "# mine\ncurrent-context: other\nclusters: [{name: other, cluster: {server: 'https://o'}}]\n";

const SECOND: &str = "\
current-context: k
users:
- name: bob
  user: {token: bobs}
- x-item: 1
  name: ada@k
  user:
    x-before: 1
    auth-provider:
      name: oidc
      config:
        client-id: kubernetes
        id-token: canary
        idp-issuer-url: https://i
        refresh-token: canary
    as: admin
";

const SECOND_WITH_EXEC: &str = "\
current-context: k
users:
- name: bob
  user:
    token: bobs
- x-item: 1
  name: ada@k
  user:
    x-before: 1
    as: admin
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - credential
      - --profile=ci
      command: doorward
      interactiveMode: Never
      provideClusterInfo: true
";

#[test]
fn an_entry_in_the_second_file_is_changed_there_and_nothing_else() {
    let place = Place::new(FIRST, SECOND);

    let written = place.files().edit(keep(), use_exec).unwrap();

    assert_eq!(place.text("first"), FIRST);
    assert_eq!(place.text("second"), SECOND_WITH_EXEC);
    assert_eq!(written.files(), [place.path("second")]);
    assert_eq!(
        written.merged().changes().collect::<Vec<_>>(),
        [(Section::Users, "ada@k", Change::Updated)]
    );
    assert_eq!(place.names(), ["first", "second"]);

    // Once more it is the same.
    place.files().edit(keep(), use_exec).unwrap();
    assert_eq!(place.text("second"), SECOND_WITH_EXEC);
}

#[test]
fn the_change_is_shown_what_kubectl_sees() {
    let place = Place::new(
        "users: [{name: ada@k, user: {token: first}}]\nx-a: first",
        &format!("{SECOND}contexts: [{{name: k, context: {{}}}}]\nx-a: second\nx-b: second\n"),
    );

    let view = place.files().read().unwrap();
    place
        .files()
        .edit(keep(), |all| {
            assert_eq!(all, &view);
            Ok(Kubeconfig::parse("{}").unwrap())
        })
        .unwrap();

    assert_eq!(
        view,
        Kubeconfig::parse(
            "current-context: k
users: [{name: ada@k, user: {token: first}}, {name: bob, user: {token: bobs}}]
contexts: [{name: k, context: {}}]
x-a: first
x-b: second"
        )
        .unwrap()
    );
    assert_eq!(place.names(), ["first", "second"]);
}

#[test]
fn files_that_are_not_there_are_empty_to_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert_eq!(
        KubeconfigFiles::at(at("none")).read().unwrap(),
        Kubeconfig::new()
    );

    fs::write(at("second"), SECOND).unwrap();
    let view = list(&[&at("none"), &at("second")]).read().unwrap();
    assert_eq!(view.current_context(), Some("k"));
    assert!(view.oidc_user("ada@k").is_some());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_broken_file_is_storage_to_a_reader_and_an_editor() {
    let place = Place::new(FIRST, "users: canary");

    let read = place.files().read().unwrap_err();
    let edit = place.files().edit(keep(), |_| panic!("asked")).unwrap_err();

    for error in [read, edit] {
        assert_eq!(error.kind(), ErrorKind::Storage);
        let path = place.path("second");
        let file = error.context().next().unwrap();
        assert_eq!(file, ("file", path.to_str().unwrap()));
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[test]
fn where_the_change_fails_nothing_is_written() {
    let place = Place::new(FIRST, SECOND);
    let refuse = |_: &Kubeconfig| Err(Error::denied("not this one"));
    let new = KubeconfigFiles::at(place.path("new/config"));

    for files in [place.files(), KubeconfigFiles::at(place.path("first")), new] {
        let error = files.edit(keep(), refuse).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Denied);
        assert_eq!(error.message(), "not this one");
    }
    assert_eq!(place.text("first"), FIRST);
    assert_eq!(place.text("second"), SECOND);
    assert_eq!(place.names(), ["first", "second"]);
}

#[test]
fn an_edit_of_files_that_are_not_there_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("config");

    KubeconfigFiles::at(&path)
        .edit(keep(), |all| {
            assert_eq!(all, &Kubeconfig::new());
            Ok(Kubeconfig::parse(SECOND).unwrap())
        })
        .unwrap();

    let text = fs::read_to_string(path).unwrap();
    let (made, given) = (Kubeconfig::parse(&text), Kubeconfig::parse(SECOND));
    let user = |kubeconfig: &Kubeconfig| kubeconfig.entry(Section::Users, "ada@k").cloned();
    assert_eq!(user(&made.unwrap()), user(&given.unwrap()));
    assert!(text.contains("current-context: k\n"));
}

#[test]
fn a_change_that_points_elsewhere_is_refused_as_a_whole() {
    let place = Place::new(FIRST, SECOND);
    let change = |_: &Kubeconfig| {
        let text = "users: [{name: ada@k, user: {token: t}}, {name: new, user: {token: t}}]";
        Ok(Kubeconfig::parse(text).unwrap())
    };

    let error = place.files().edit(keep(), change).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(place.text("first"), FIRST);
    assert_eq!(place.text("second"), SECOND);
    place.files().edit(keep().replace(true), change).unwrap();
    assert!(place.text("first").contains("name: new"));
    assert!(!place.text("second").contains("canary"));
}

#[test]
fn editors_at_the_same_time_lose_nothing() {
    let place = &Place::new(FIRST, SECOND_WITH_EXEC);
    let single = || KubeconfigFiles::at(place.path("second"));

    std::thread::scope(|scope| {
        for files in [place.files(), single(), place.files(), single()] {
            scope.spawn(move || {
                for _ in 0..25 {
                    let files = files.clone().wait_at_most(Duration::from_secs(60));
                    files.edit(keep(), one_more).unwrap();
                }
            });
        }
    });

    assert_eq!(args(&place.files()), 2 + 100);
    assert_eq!(place.text("first"), FIRST);
    assert_eq!(place.names(), ["first", "second"]);
}

#[test]
fn a_writer_without_our_lock_is_noticed_and_the_change_asked_again() {
    let alone = Place::new("", SECOND_WITH_EXEC);
    let listed = Place::new(FIRST, SECOND_WITH_EXEC);
    let single = KubeconfigFiles::at(alone.path("second"));
    let other = format!("{FIRST}x-other: 1\n");
    for (files, place, name, new) in [
        (
            single,
            &alone,
            "second",
            SECOND_WITH_EXEC.replace("ci", "cd"),
        ),
        (
            listed.files(),
            &listed,
            "second",
            SECOND_WITH_EXEC.replace("ci", "cd"),
        ),
        // The view was made from this one, too, although it is not to be written.
        (listed.files(), &listed, "first", other.clone()),
    ] {
        let mut seen = Vec::new();
        files
            .edit(keep(), |all| {
                seen.push(all.clone());
                // Late: a list is asked for the first time before it is known what to lock.
                if seen.len() == 2 || files.paths().len() == 1 && seen.len() == 1 {
                    fs::write(place.path(name), &new).unwrap();
                }
                one_more(all)
            })
            .unwrap();

        let count = seen.len();
        assert!(seen[count - 1] != seen[count - 2] && count <= 3);
        let text = place.text("second");
        assert!(name == "first" || text.contains("--profile=cd"), "{text}");
        assert!(text.contains("- -v\n"), "{text}");
    }
    assert_eq!(listed.text("first"), other);
}

#[test]
fn somebody_who_never_stops_writing_is_not_waited_for_for_ever() {
    let place = Place::new(FIRST, SECOND_WITH_EXEC);
    let mut turn = 0;

    let error = KubeconfigFiles::at(place.path("second"))
        .wait_at_most(Duration::from_millis(20))
        .edit(keep(), |all| {
            turn += 1;
            fs::write(
                place.path("second"),
                format!("{SECOND_WITH_EXEC}x: {turn}\n"),
            )
            .unwrap();
            one_more(all)
        })
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(
        place.text("second"),
        format!("{SECOND_WITH_EXEC}x: {turn}\n")
    );
    assert_eq!(place.names(), ["first", "second"]);
}

#[test]
fn kubectls_lock_is_waited_for_before_the_change_is_asked() {
    let place = Place::new(FIRST, SECOND);
    fs::write(place.path("second.lock"), "").unwrap();

    let error = place
        .files()
        .wait_at_most(Duration::from_millis(20))
        .edit(keep(), |_| panic!("asked"))
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(error.context().next().unwrap().0, "lock");

    // One that appears while the change is at work counts, too.
    fs::remove_file(place.path("second.lock")).unwrap();
    let error = place
        .files()
        .wait_at_most(Duration::from_millis(20))
        .edit(keep(), |all| {
            fs::write(place.path("second.lock"), "").unwrap();
            use_exec(all)
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(place.text("second"), SECOND);
}

#[cfg(unix)]
#[test]
fn what_is_written_was_asked_under_the_lock() {
    let place = Place::new(FIRST, SECOND);
    let alone = KubeconfigFiles::at(place.path("second"));
    for files in [alone, place.files()] {
        let mut locked = Vec::new();

        files
            .edit(keep(), |all| {
                let lock = place.path(".second.doorward-lock");
                locked.push(lock.symlink_metadata().is_ok());
                use_exec(all)
            })
            .unwrap();

        assert_eq!(locked.last(), Some(&true), "{locked:?}");
    }
}

#[test]
fn a_login_with_a_plug_in_takes_over_the_user_that_was_pasted() {
    let answer = Kubeconfig::parse(
        "current-context: k
clusters: [{name: k, cluster: {server: 'https://k'}}]
contexts: [{name: k, context: {cluster: k, user: ada@k}}]
users:
- name: ada@k
  user:
    auth-provider: {name: oidc, config: {client-id: kubernetes, idp-issuer-url: 'https://i', id-token: canary2, refresh-token: canary2}}
",
    )
    .unwrap();
    let auth = UserAuth::Exec(ExecUser::credential("doorward", "k"));
    let new = answer
        .with_user_auth(&auth, &Secret::new("canary2"))
        .unwrap();
    let place = Place::new(FIRST, SECOND);

    place.files().write(&new, MergeHow::default()).unwrap();

    let view = place.files().read().unwrap();
    assert_eq!(view.current_context(), Some("k"));
    assert_eq!(view.exec_user("ada@k").unwrap().profile(), Some("k"));
    assert_eq!(view.entry(Section::Users, "ada@k").unwrap()["as"], "admin");
    assert_eq!(view.check(), Ok(()));
    for name in ["first", "second"] {
        assert!(!place.text(name).contains("canary"));
    }

    let other = Place::new(FIRST, &SECOND.replace("https://i", "https://j"));
    let error = other.files().write(&new, MergeHow::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("canary"));
    assert_eq!(other.text("first"), FIRST);
}
