//! The folder with the profiles: one file each.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;
use crate::folders::{self, writable_by_others};
use crate::profile::name::is_plain;
use crate::profile::{Profile, ProfileName};
use crate::whole_file::{Lock, Staged, make_folder, read_whole, try_write, unwritable};

/// The profiles of a user, one file each
///
/// A profile may name a command that is run for a password, so that a file or folder which others could write is
/// refused.
///
/// ```
/// use doorward::profile::{Profile, ProfileName, Profiles};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("profiles");
/// let profiles = Profiles::at(path);
/// let name = ProfileName::of("prod");
/// profiles.write(&name, &Profile::default())?;
/// assert_eq!(profiles.read(&name)?, Some(Profile::default()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Profiles {
    folder: PathBuf,
}

impl Profiles {
    /// Those in `folder`, which is made when one is written
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Those of the user: in `doorward/profiles` below `$XDG_CONFIG_HOME`, or `.config` in the home folder
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no home folder. Nothing else is guessed.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        match folders::config(variable) {
            Some(folder) => Ok(Self::at(folder.join("doorward").join("profiles"))),
            None => Err(Error::config("there is no home folder for the profiles")
                .hint("name a folder by --profile-dir or XDG_CONFIG_HOME")),
        }
    }

    /// The folder
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The profile called `name`; nothing if there is none
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it is no profile, or others can write it;
    /// [`Storage`](crate::ErrorKind::Storage): it cannot be read.
    pub fn read(&self, name: &ProfileName) -> Result<Option<Profile>, Error> {
        let path = self.path(name);
        let Some(text) = read_whole(&path, MAX_BYTES)? else {
            return Ok(None);
        };
        self.check(&path)?;
        let text = String::from_utf8(text);
        let text = text.map_err(|_| named(Error::config("the profile is no UTF-8 text"), &path))?;
        Profile::parse(&text)
            .map(Some)
            .map_err(|error| named(error, &path))
    }

    /// The profile called `name`
    ///
    /// # Errors
    ///
    /// As [`Self::read`], and [`Config`](crate::ErrorKind::Config) if there is none; it names the command that makes one.
    pub fn expect(&self, name: &ProfileName) -> Result<Profile, Error> {
        self.read(name)?.ok_or_else(|| {
            Error::config("there is no such profile")
                .at("profile", name.as_str())
                .at("folder", self.folder.to_string_lossy())
                .hint(format!(
                    "doorward profile add {name} --portal URL … makes it, and so does doorward login --profile {name} --portal URL …"
                ))
        })
    }

    /// Tries what [`Self::write`] will do, before a login is spent on it
    ///
    /// # Errors
    ///
    /// As [`Self::write`].
    pub fn prepare(&self, name: &ProfileName, profile: &Profile) -> Result<(), Error> {
        try_write(&self.path(name))?;
        self.may_write(name, profile)
    }

    /// Tries whether a profile can be written at all, where its name is not known yet
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): why it cannot.
    pub fn try_write(&self) -> Result<(), Error> {
        try_write(&self.folder.join("profile"))
    }

    /// Writes a profile, new or in the place of one of the same login
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the name is taken by a profile of another portal, provider or user;
    /// [`Storage`](crate::ErrorKind::Storage): it cannot be written.
    pub fn write(&self, name: &ProfileName, profile: &Profile) -> Result<(), Error> {
        let path = self.path(name);
        make_folder(&self.folder).map_err(|error| unwritable(&path, error))?;
        let _lock = Lock::take(&path, WAIT)?;
        self.may_write(name, profile)?;
        Staged::new(&path, profile.to_json().as_bytes())?.commit()
    }

    /// Removes a profile; whether there was one
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): it cannot be removed.
    pub fn remove(&self, name: &ProfileName) -> Result<bool, Error> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unwritable(&path, error)),
        }
    }

    /// The names of all profiles, sorted
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): the folder cannot be read.
    pub fn names(&self) -> Result<Vec<ProfileName>, Error> {
        let unreadable = |error| {
            Error::storage("the folder of the profiles cannot be read")
                .at("folder", self.folder.to_string_lossy())
                .because(error)
        };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(unreadable)?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(SUFFIX));
            names.extend(name.filter(|name| is_plain(name)).map(ProfileName::of));
        }
        names.sort();
        Ok(names)
    }

    fn may_write(&self, name: &ProfileName, profile: &Profile) -> Result<(), Error> {
        match self.read(name)? {
            Some(old) if !old.is_same_login(profile) => Err(Error::config(
                "there is a profile of this name for another portal, provider or user",
            )
            .at("profile", name.as_str())
            .hint(format!(
                "choose another name by --profile, or remove the old one by doorward profile remove {name}"
            ))),
            _ => Ok(()),
        }
    }

    /// Whoever can write a profile can have a command run
    fn check(&self, path: &Path) -> Result<(), Error> {
        for place in [path, &self.folder] {
            let exposed = place.metadata().ok().as_ref().and_then(writable_by_others);
            if let Some(exposed) = exposed {
                let (key, value) = exposed.context();
                return Err(named(Error::config("others can write a profile"), place)
                    .at(key, value)
                    .hint("chmod go-w closes it"));
            }
        }
        Ok(())
    }

    fn path(&self, name: &ProfileName) -> PathBuf {
        self.folder.join(format!("{name}{SUFFIX}"))
    }
}

fn named(error: Error, path: &Path) -> Error {
    error.at("file", path.to_string_lossy())
}

const SUFFIX: &str = ".json";

const MAX_BYTES: usize = 256 << 10;

const WAIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Profile, ProfileName, Profiles};
    use crate::ErrorKind;

    fn profiles() -> (tempfile::TempDir, Profiles) {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::at(folder.path().join("doorward/profiles"));
        (folder, profiles)
    }

    fn of(portal: &str) -> Profile {
        Profile {
            portal: Some(portal.into()),
            ..Profile::default()
        }
    }

    #[test]
    fn a_profile_is_written_read_listed_and_removed() {
        let (_folder, profiles) = profiles();
        let (a, b) = (ProfileName::of("a"), ProfileName::of("b"));
        assert_eq!(profiles.names().unwrap(), []);
        assert_eq!(profiles.read(&a).unwrap(), None);

        profiles.write(&b, &of("https://b.test/")).unwrap();
        profiles.write(&a, &of("https://a.test/")).unwrap();
        fs::write(profiles.folder().join("notes.txt"), "").unwrap();

        assert_eq!(profiles.names().unwrap(), [a.clone(), b.clone()]);
        assert_eq!(profiles.expect(&a).unwrap(), of("https://a.test/"));
        assert!(profiles.remove(&a).unwrap());
        assert!(!profiles.remove(&a).unwrap());
        assert_eq!(profiles.names().unwrap(), [b]);
    }

    #[test]
    fn a_profile_of_another_login_is_never_overwritten() {
        let (_folder, profiles) = profiles();
        let name = ProfileName::of("a");
        profiles.write(&name, &of("https://a.test/")).unwrap();
        let mut newer = of("https://a.test/");
        newer.timeout = Some(9);
        profiles.write(&name, &newer).unwrap();

        for attempt in [Profiles::write, Profiles::prepare] {
            let error = attempt(&profiles, &name, &of("https://b.test/")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.next_step().unwrap().contains("profile remove a"));
        }

        assert_eq!(profiles.expect(&name).unwrap(), newer);
    }

    #[test]
    fn a_missing_profile_names_the_command_that_makes_it() {
        let (_folder, profiles) = profiles();

        let error = profiles.expect(&ProfileName::of("prod")).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error
                .next_step()
                .unwrap()
                .contains("doorward profile add prod")
        );
    }

    #[test]
    fn a_trial_leaves_nothing_behind() {
        let (folder, profiles) = profiles();

        profiles.prepare(&ProfileName::of("a"), &of("x")).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_profile_that_others_can_write_is_refused() {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;

        let (_folder, profiles) = profiles();
        let name = ProfileName::of("a");
        profiles.write(&name, &of("x")).unwrap();
        let path = profiles.path(&name);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

        for place in [path.as_path(), profiles.folder()] {
            let before = place.metadata().unwrap().permissions();
            set_permissions(place, Permissions::from_mode(0o777)).unwrap();
            assert_eq!(profiles.read(&name).unwrap_err().kind(), ErrorKind::Config);
            set_permissions(place, before).unwrap();
        }

        set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(profiles.read(&name).is_ok());
    }
}
