//! Whether what a login keeps could be written, and is closed to others; nothing is left behind.

use std::time::Duration;

use doorward::Error;
use doorward::kubeconfig::KubeconfigFiles;
use doorward::profile::Profiles;
use doorward::store::FileStore;

use super::finding::Finding;
use crate::args::Doctor;
use crate::environment::Environment;
use crate::exec;
use crate::report::Report;

/// The checks `profiles`, `cache`, `runtime` and `kubeconfig`
pub(super) fn findings(
    options: &Doctor,
    environment: &Environment,
    report: &Report,
) -> Vec<Finding> {
    let folders = options.store().folders;
    let profiles = folders.profiles(environment).and_then(|profiles| {
        profiles.try_write()?;
        Ok(profiles.folder().to_string_lossy().into_owned())
    });
    let cache = folders
        .tokens(environment, report)
        .and_then(|tokens| cache(&tokens));
    let runtime = exec::try_place(options.runtime_dir.as_deref(), environment)
        .map(|place| place.to_string_lossy().into_owned());
    vec![
        told("profiles", "can be kept in", profiles),
        told("cache", "tokens can be kept in", cache),
        // Only `exec` needs it.
        match told("runtime", "exec has room in", runtime) {
            found if found.kind.is_some() => Finding {
                state: super::finding::State::Warning,
                kind: None,
                ..found
            },
            found => found,
        },
        told(
            "kubeconfig",
            "can be written:",
            kubeconfig(options, environment),
        ),
    ]
}

fn told(check: &'static str, what: &str, outcome: Result<String, Error>) -> Finding {
    match outcome {
        Ok(place) => Finding::ok(check, format!("{what} {place}")),
        Err(error) => Finding::failed(check, &error),
    }
}

/// A folder that is not there yet is not made
fn cache(tokens: &FileStore) -> Result<String, Error> {
    match tokens.folder().is_dir() {
        true => tokens.prepare()?,
        false => Profiles::at(tokens.folder()).try_write()?,
    }
    Ok(tokens.folder().to_string_lossy().into_owned())
}

fn kubeconfig(options: &Doctor, environment: &Environment) -> Result<String, Error> {
    let files = match &options.kubeconfig {
        Some(path) => KubeconfigFiles::at(path),
        None => KubeconfigFiles::from_environment(|name| environment.owned(name))?,
    };
    let files = files.wait_at_most(LOCK_WAIT);
    files.prepare()?;
    Ok(files.default_path().to_string_lossy().into_owned())
}

/// Whoever changes a kubeconfig is done by then
const LOCK_WAIT: Duration = Duration::from_secs(2);
