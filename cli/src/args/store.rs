//! The options of what is kept between two calls: profiles and tokens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Args;
use doorward::Error;
use doorward::code::Ledger;
use doorward::profile::{ProfileName, Profiles};
use doorward::store::FileStore;

use crate::environment::Environment;
use crate::report::Report;

/// Which profile, and where profiles and tokens are
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Profile and cache")]
pub(crate) struct StoreOptions {
    /// The profile's name: the settings of a login, kept for later ones; login writes it, and calls it like the context if no name is given
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    #[command(flatten)]
    pub(crate) folders: Folders,

    /// Keep no token and no device, and use none that is kept: each call logs in anew
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Try again what failed lately, such as a password that was refused in the last 15 minutes
    #[arg(long)]
    pub(crate) force: bool,
}

/// The folders alone
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Profile and cache")]
pub(crate) struct Folders {
    /// The folder of the profiles, instead of doorward/profiles in $XDG_CONFIG_HOME or ~/.config
    #[arg(long, value_name = "DIR")]
    pub(crate) profile_dir: Option<PathBuf>,

    /// The folder of the kept tokens and devices, instead of doorward in $XDG_CACHE_HOME or ~/.cache; it must be closed to others
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

impl StoreOptions {
    /// The name that was given
    pub(crate) fn name(&self) -> Option<ProfileName> {
        self.profile.as_deref().map(ProfileName::of)
    }

    /// Where tokens are kept, if they are
    pub(crate) fn tokens(
        &self,
        environment: &Environment,
        report: &Report,
    ) -> Result<Option<FileStore>, Error> {
        match self.no_cache {
            true => Ok(None),
            false => self.folders.tokens(environment, report).map(Some),
        }
    }

    /// Where the device of a named profile is kept, for a login that keeps nothing else; nothing where there is no such place
    pub(crate) fn known_devices(
        &self,
        environment: &Environment,
        report: &Report,
    ) -> Option<FileStore> {
        let is_kept = self.profile.is_some() && !self.no_cache;
        let tokens = is_kept.then(|| self.folders.tokens(environment, report));
        tokens.and_then(Result::ok)
    }

    /// Where used one-time codes are noted: beside the tokens, or in this process where nothing is kept
    pub(crate) fn ledger(&self, environment: &Environment) -> Ledger {
        match self.folders.cache(environment) {
            Ok(cache) if !self.no_cache => Ledger::at(cache.folder()),
            _ => Ledger::in_process(),
        }
    }
}

impl Folders {
    pub(crate) fn profiles(&self, environment: &Environment) -> Result<Profiles, Error> {
        match &self.profile_dir {
            Some(folder) => Ok(Profiles::at(absolute(folder)?)),
            None => Profiles::from_environment(|name| environment.owned(name)),
        }
    }

    pub(crate) fn tokens(
        &self,
        environment: &Environment,
        report: &Report,
    ) -> Result<FileStore, Error> {
        let store = self.cache(environment)?;
        // A file is looked at on each rung.
        let (report, said) = (report.clone(), Mutex::new(BTreeSet::new()));
        Ok(store.on_warning(move |line| {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.insert(line.to_owned()) {
                report.warn(line);
            }
        }))
    }

    fn cache(&self, environment: &Environment) -> Result<FileStore, Error> {
        match &self.cache_dir {
            Some(folder) => Ok(FileStore::at(absolute(folder)?)),
            None => FileStore::from_environment(|name| environment.owned(name)),
        }
    }
}

/// `path` as it is found from any folder: plug-ins are started in others
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|error| {
        Error::config("this path cannot be made absolute")
            .at("path", path.to_string_lossy())
            .because(error)
    })
}
