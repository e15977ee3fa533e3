//! Where a user's own files belong, and whether others can get at them.

use std::ffi::OsString;
use std::fs::Metadata;
use std::path::PathBuf;

/// The folder for caches: `$XDG_CACHE_HOME`, or else `.cache` in the home folder
///
/// Source: <https://specifications.freedesktop.org/basedir-spec/latest/>
pub(crate) fn cache(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    find(&variable, "XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")
}

/// The folder for settings: `$XDG_CONFIG_HOME`, or else `.config` in the home folder
pub(crate) fn config(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    find(&variable, "XDG_CONFIG_HOME", ".config", "APPDATA")
}

fn find(
    variable: &impl Fn(&str) -> Option<OsString>,
    xdg: &str,
    in_home: &str,
    windows: &str,
) -> Option<PathBuf> {
    // A relative path counts as unset, as the specification asks.
    let folder = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let found = folder(xdg);
    if cfg!(windows) {
        return found.or_else(|| folder(windows));
    }
    found.or_else(|| Some(home(variable)?.join(in_home)))
}

/// The home folder; one that is not there is none: container users often have `/nonexistent`
pub(crate) fn home(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    ["HOME", "USERPROFILE"]
        .into_iter()
        .take(if cfg!(windows) { 2 } else { 1 })
        .filter_map(|name| variable(name).map(PathBuf::from))
        .find(|home| home.is_absolute() && home.is_dir())
}

/// How others can get at a file or folder
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exposed {
    /// It belongs to this user, who is another than ours
    Owner(u32),
    /// Its mode, which lets others in
    Mode(u32),
}

impl Exposed {
    /// How it is told in an error: a name and a value
    pub(crate) fn context(self) -> (&'static str, String) {
        match self {
            Self::Owner(uid) => ("owner", format!("user {uid}")),
            Self::Mode(mode) => ("mode", format!("{mode:04o}")),
        }
    }
}

/// Whether others than we could read or write it
#[cfg(unix)]
pub(crate) fn open_to_others(metadata: &Metadata) -> Option<Exposed> {
    use std::os::unix::fs::MetadataExt as _;

    match metadata.uid() {
        uid if uid != us() => Some(Exposed::Owner(uid)),
        _ => mode_for_others(metadata).map(Exposed::Mode),
    }
}

/// The mode of what is open to others than its owner
#[cfg(unix)]
pub(crate) fn mode_for_others(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    let mode = metadata.mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Whether others than we and root could write it
#[cfg(unix)]
pub(crate) fn writable_by_others(metadata: &Metadata) -> Option<Exposed> {
    use std::os::unix::fs::MetadataExt as _;

    let mode = metadata.mode() & 0o7777;
    match metadata.uid() {
        uid if uid != us() && uid != 0 => Some(Exposed::Owner(uid)),
        _ if mode & 0o022 != 0 => Some(Exposed::Mode(mode)),
        _ => None,
    }
}

#[cfg(unix)]
fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Other systems guard files by lists, which nobody reads here; a user's own folders are closed by default
#[cfg(not(unix))]
pub(crate) fn open_to_others(_: &Metadata) -> Option<Exposed> {
    None
}

/// As [`open_to_others`]
#[cfg(not(unix))]
pub(crate) fn mode_for_others(_: &Metadata) -> Option<u32> {
    None
}

/// As [`open_to_others`]
#[cfg(not(unix))]
pub(crate) fn writable_by_others(_: &Metadata) -> Option<Exposed> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Exposed, cache, config, open_to_others, writable_by_others};

    #[test]
    fn the_variables_of_the_specification_count_if_absolute() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let set = |xdg: &'static str| {
            move |name: &str| match name {
                "HOME" => Some(home.as_os_str().to_owned()),
                "XDG_CACHE_HOME" | "XDG_CONFIG_HOME" => (!xdg.is_empty()).then(|| xdg.into()),
                _ => None,
            }
        };

        assert_eq!(cache(set("/c")).unwrap(), Path::new("/c"));
        assert_eq!(config(set("/c")).unwrap(), Path::new("/c"));
        for odd in ["", "relative"] {
            assert_eq!(cache(set(odd)).unwrap(), home.join(".cache"));
            assert_eq!(config(set(odd)).unwrap(), home.join(".config"));
        }
    }

    #[test]
    fn without_a_home_folder_nothing_is_guessed() {
        for home in [None, Some("/nonexistent"), Some("relative")] {
            let variable = |name: &str| home.filter(|_| name == "HOME").map(Into::into);
            assert_eq!(cache(variable), None::<PathBuf>);
        }
    }

    #[test]
    fn a_mode_that_lets_others_in_is_seen() {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;

        let file = tempfile::NamedTempFile::new().unwrap();
        let with = |mode| {
            set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
            file.path().metadata().unwrap()
        };

        assert_eq!(open_to_others(&with(0o600)), None);
        assert_eq!(open_to_others(&with(0o640)), Some(Exposed::Mode(0o640)));
        assert_eq!(writable_by_others(&with(0o644)), None);
        assert_eq!(writable_by_others(&with(0o664)), Some(Exposed::Mode(0o664)));
    }
}
