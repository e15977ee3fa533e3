//! The subcommand `service-account`: a kubeconfig whose tokens are a service account's, and end.

use std::time::Duration;

use doorward::profile::ServiceAccountSettings;
use doorward::{ClusterAccess, Error, Profile};

use crate::args::ServiceAccountOptions;
use crate::environment::Environment;
use crate::report::Report;
use crate::{diagnostics, login, settings};

/// Asks for a token, and writes the kubeconfig that asks again
pub(crate) fn run(
    options: &ServiceAccountOptions,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    let access =
        ClusterAccess::from_environment(|name| environment.owned(name), options.context.clone())?
            // A later call has to find the same, from any folder, and after the current context has changed.
            .pinned()?;
    let mut settings = ServiceAccountSettings::default();
    options.namespace().clone_into(&mut settings.namespace);
    settings.name.clone_from(&options.name);
    settings.audience.clone_from(&options.audience);
    settings.duration = options.duration.as_ref().map(Duration::as_secs);
    settings.kubeconfig = access.files().to_vec();
    settings.context = access.context().map(str::to_owned);

    let mut profile = Profile::default();
    profile.service_account = Some(settings);
    settings::put_network(&mut profile, &options.network)?;
    if report.is_debugging() {
        diagnostics::start(report);
    }
    let profile = profile.absolute()?;
    login::log_in(profile, &options.ends(), None, environment, report).map(drop)
}
