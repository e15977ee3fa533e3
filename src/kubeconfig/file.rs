//! The files that kubectl reads, and how a login's kubeconfig gets into them.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use crate::audit::{Audit, Source};
use crate::error::Error;
use crate::folders::home;
use crate::kubeconfig::{Kubeconfig, MergeHow, Merged};
use crate::whole_file::{
    Lock, folder_of, make_folder, resolve, sibling, try_write, unwritable, wait_until,
};

mod facts;
use facts::Machine;

mod plan;
use plan::{Document, Plan};

mod target;

/// The kubeconfig files that a login may change
///
/// One that was named, those of `$KUBECONFIG`, or the home folder's. They are merged as kubectl does it: a cluster, context or user that one of them has is changed where it stands,
/// new ones and the current context go to the first file that is there, or else to the last of the list. Each file is
/// written whole or not at all, under a lock, with links followed, and is readable for its owner alone (0600)
/// afterwards, whatever it was before. kubectl's own lock is waited for.
///
/// ```
/// use doorward::Kubeconfig;
/// use doorward::kubeconfig::{KubeconfigFiles, MergeHow};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("ci.kubeconfig");
/// let files = KubeconfigFiles::at(&path);
/// files.prepare()?; // before the login, so that none is spent in vain
/// let written = files.write(&Kubeconfig::new(), MergeHow::default())?;
/// assert_eq!(written.path(), path);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/>
#[derive(Clone, Debug)]
pub struct KubeconfigFiles {
    paths: Vec<PathBuf>,
    is_home: bool,
    wait: Duration,
}

impl KubeconfigFiles {
    /// The one file `path`, whatever the environment says
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::new(vec![path.into()], false)
    }

    /// These files, in the order in which kubectl would read them; an empty path does not count
    pub fn list(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut list = Vec::new();
        for path in paths {
            if !path.as_os_str().is_empty() && !list.contains(&path) {
                list.push(path);
            }
        }
        Self::new(list, false)
    }

    /// The files of `$KUBECONFIG`, or else `.kube/config` in the home folder
    ///
    /// `variable` gives the value of an environment variable, such as [`std::env::var_os`]. An empty one counts as unset,
    /// and so does an empty element of the list.
    ///
    /// # Errors
    ///
    /// `Config`: there is neither a list nor a home folder. Nothing else is guessed.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let named = set("KUBECONFIG").unwrap_or_default();
        let files = Self::list(std::env::split_paths(&named));
        if !files.paths.is_empty() {
            return Ok(files);
        }
        match home(set) {
            Some(home) => Ok(Self::new(vec![home.join(".kube").join("config")], true)),
            None => Err(Error::config("there is no home folder for the kubeconfig")
                .hint("name a file by --kubeconfig PATH or KUBECONFIG")),
        }
    }

    fn new(paths: Vec<PathBuf>, is_home: bool) -> Self {
        Self {
            paths,
            is_home,
            wait: WAIT,
        }
    }

    /// Waits for a lock no longer than `time`; 10 s by default
    #[must_use]
    pub fn wait_at_most(mut self, time: Duration) -> Self {
        self.wait = time;
        self
    }

    /// Whether this is the home folder's file, which on a shared CI machine belongs to other jobs, too
    pub fn is_home(&self) -> bool {
        self.is_home
    }

    /// The files, in the order in which kubectl reads them
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The file that gets what is new: the first one that is there, or else the last one
    pub fn default_path(&self) -> &Path {
        let there = self.paths.iter().find(|path| path.exists());
        there
            .or_else(|| self.paths.last())
            .map_or_else(|| Path::new(""), PathBuf::as_path)
    }

    /// Tries what [`Self::write`] will do, before a login is spent on it, and leaves nothing behind
    ///
    /// Every file that is there must be readable as a kubeconfig; the [default one](Self::default_path) must be writable,
    /// replaceable and free. That another file of the list is read-only is no error here: whether it has an entry
    /// that the login changes is not known yet.
    ///
    /// # Errors
    ///
    /// `Storage`: what is wrong, and what to do about it. A broken file is named with line and column.
    pub fn prepare(&self) -> Result<(), Error> {
        let path = self.default_path();
        try_write(path).map_err(advise)?;
        let target = resolve(path)?;
        self.wait_for_kubectl()?;
        if folder_of(&target).is_dir() {
            Lock::take(&target, self.wait).map_err(advise)?;
        }
        plan::read(self)?;
        Ok(())
    }

    /// Reads all files as kubectl sees them together
    ///
    /// Of each cluster, context and user the first file that has the name counts, and so does the first current
    /// context. A file that is not there is empty. Relative paths stand as in their file, where they start at that
    /// file's folder. No lock is waited for.
    ///
    /// # Errors
    ///
    /// `Storage`: a file cannot be read, or is broken.
    pub fn read(&self) -> Result<Kubeconfig, Error> {
        Ok(plan::view(&plan::read(self)?))
    }

    /// Says of each user what it is, what is wrong with it, how bad that is, and what would replace it
    ///
    /// The files are taken as kubectl sees them together, and one that is not there is empty. Files that they name are looked at: who
    /// can read them, and when a token or, with the feature `login`, a certificate ends. No program is run, nothing is
    /// verified, and no network is used. `variable` is as with [`Self::from_environment`]; it is asked for `PATH`.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use doorward::audit::{Rule, Severity};
    /// use doorward::kubeconfig::KubeconfigFiles;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("config");
    /// # std::fs::write(&path, "users: [{name: ci, user: {username: ci, password: hunter2}}]")?;
    /// let audit = KubeconfigFiles::at(path).audit(|name| std::env::var_os(name), SystemTime::now())?;
    ///
    /// assert_eq!(audit.worst(), Some(Severity::Error));
    /// assert!(audit.findings.iter().any(|finding| finding.rule == Rule::BasicAuth));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Storage`: a file cannot be read, or is broken. `Config`: `now` is no date of this era.
    pub fn audit(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
        now: SystemTime,
    ) -> Result<Audit, Error> {
        let now = Timestamp::try_from(now)
            .map_err(|error| Error::config("the machine's clock is far off").because(error))?;
        let documents = plan::read(self)?;
        let sources: Vec<Source<'_>> = documents.iter().map(Document::source).collect();
        Ok(Audit::of(&sources, &Machine::new(now, variable("PATH"))))
    }

    /// Merges `new` into the files
    ///
    /// The files are read again under the lock, so that no change by another doorward is lost, nor one that kubectl has
    /// finished; but a `kubectl config` that runs at the same time writes what it read before. After an error the files
    /// are as they were; only where entries of one login stand in several of them, one may be new and another old.
    ///
    /// # Errors
    ///
    /// `Config`: names are taken by entries that point elsewhere; [`MergeError`](super::MergeError) lists them. `Storage`:
    /// a file is broken or cannot be written, or somebody holds a lock.
    pub fn write(&self, new: &Kubeconfig, how: MergeHow) -> Result<Written, Error> {
        self.change(how, |_| Ok(Cow::Borrowed(new)))
    }

    /// Merges into the files what `change` makes of them
    ///
    /// `change` is shown all files [as kubectl sees them](Self::read), and gives back the entries that are to be merged, best
    /// those alone that change ([`Kubeconfig::only`]): an entry is written where it stands. As with [`Self::write`] the files
    /// are read under the lock. Where they change while `change` is at work, or where it is known only afterwards which
    /// files have to be locked, it is asked again with what they are then; so it should do nothing but look and answer.
    ///
    /// ```
    /// use doorward::Error;
    /// use doorward::kubeconfig::{ExecUser, KubeconfigFiles, MergeHow, Section};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("config");
    /// # let pasted = "users: [{name: ada, user: {auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i'}}}}]";
    /// # std::fs::write(&path, pasted)?;
    /// let files = KubeconfigFiles::at(path);
    /// files.edit(MergeHow::default().keep_current_context(true), |all| {
    ///     let mut user = all
    ///         .only(Section::Users, "ada")
    ///         .ok_or_else(|| Error::config("there is no such user"))?;
    ///     user.set_exec_user("ada", &ExecUser::credential("doorward", "prod"));
    ///     Ok(user)
    /// })?;
    /// assert_eq!(files.read()?.exec_user("ada").unwrap().profile(), Some("prod"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `change` says; nothing is written then. The rest is as with [`Self::write`].
    pub fn edit(
        &self,
        how: MergeHow,
        mut change: impl FnMut(&Kubeconfig) -> Result<Kubeconfig, Error>,
    ) -> Result<Written, Error> {
        self.change(how, |documents| {
            change(&plan::view(documents)).map(Cow::Owned)
        })
    }

    fn change<'a>(
        &self,
        how: MergeHow,
        mut new: impl FnMut(&[Document]) -> Result<Cow<'a, Kubeconfig>, Error>,
    ) -> Result<Written, Error> {
        let start = Instant::now();
        // Which of several files change is known only after a look at them; and a lock needs a folder, which is made only
        // for something to write.
        let mut targets = match self.paths.as_slice() {
            [path] => vec![resolve(path)?],
            _ => Vec::new(),
        };
        targets.retain(|target| folder_of(target).is_dir());
        let mut locks = self.lock(&targets)?;
        loop {
            self.wait_for_kubectl()?;
            let documents = plan::read(self)?;
            let new = new(&documents)?;
            let plan = Plan::new(self, documents, &new, how)?;
            if !plan
                .targets()
                .all(|target| targets.iter().any(|t| t == target))
            {
                drop(locks);
                targets.extend(plan.targets().map(Path::to_owned));
                targets.sort();
                targets.dedup();
                locks = self.lock(&targets)?;
                continue;
            }
            if let Some(written) = plan.carry_out().map_err(advise)? {
                return Ok(written);
            }
            if start.elapsed() > self.wait {
                return Err(
                    Error::storage("another program keeps changing the kubeconfig")
                        .at("file", self.default_path().to_string_lossy()),
                );
            }
        }
    }

    /// All at once and in one order, so that no two processes wait for each other
    fn lock(&self, targets: &[PathBuf]) -> Result<Vec<Lock>, Error> {
        let lock = |target: &PathBuf| {
            make_folder(folder_of(target)).map_err(|error| unwritable(target, error))?;
            Lock::take(target, self.wait)
        };
        targets
            .iter()
            .map(|target| lock(target).map_err(advise))
            .collect()
    }

    fn wait_for_kubectl(&self) -> Result<(), Error> {
        for named in &self.paths {
            // kubectl locks by the name that it was given, whatever link that is.
            for path in [named, &resolve(named)?] {
                let free = wait_until(self.wait, || Ok::<_, io::Error>(!kubectl_holds(path)));
                if !free.unwrap_or_default() {
                    return Err(Error::storage("kubectl holds its lock on the kubeconfig")
                        .at("lock", kubectl_lock(path).to_string_lossy())
                        .at("waited", format!("{} s", self.wait.as_secs()))
                        .hint("if no kubectl is running, one was killed: remove the lock"));
                }
            }
        }
        Ok(())
    }
}

/// What was written
#[derive(Clone, Debug)]
pub struct Written {
    path: PathBuf,
    files: Vec<PathBuf>,
    merged: Merged,
}

impl Written {
    /// The [default file](KubeconfigFiles::default_path), as it was named
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that were written, links followed
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What became of the entries
    pub fn merged(&self) -> &Merged {
        &self.merged
    }
}

/// The lock that kubectl makes while it changes `path`: a plain file, which stays if kubectl is killed
fn kubectl_lock(path: &Path) -> PathBuf {
    sibling(path, "", ".lock")
}

fn kubectl_holds(path: &Path) -> bool {
    kubectl_lock(path).symlink_metadata().is_ok()
}

/// Says which option helps, where the hint speaks of another file
fn advise(error: Error) -> Error {
    match error
        .next_step()
        .map(|hint| format!("{hint} (--kubeconfig PATH)"))
    {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

const WAIT: Duration = Duration::from_secs(10);
