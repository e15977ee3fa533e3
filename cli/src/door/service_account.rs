//! The service account that a profile names.

use std::time::Duration;

use doorward::{ClusterAccess, Error, FrontDoor, ServiceAccount};

use crate::door::Door;

/// The service account that the profile names
pub(super) fn front(door: &Door) -> Result<Box<dyn FrontDoor>, Error> {
    let settings = door.profile.service_account.as_ref();
    let settings =
        settings.ok_or_else(|| Error::config("the profile has no service account to ask for"))?;
    let access = match settings.kubeconfig.is_empty() {
        true => ClusterAccess::of_pod(|name| door.environment.owned(name))?,
        false => {
            let files = settings.kubeconfig.iter().cloned();
            ClusterAccess::of_kubeconfig(files, settings.context.clone())
        }
    };
    let mut account = ServiceAccount::new(&settings.namespace, &settings.name, access)?;
    for audience in &settings.audience {
        account = account.audience(audience);
    }
    if let Some(seconds) = settings.duration {
        account = account.duration(Duration::from_secs(seconds));
    }
    let listener = door.report.clone();
    Ok(Box::new(
        account
            .network(door.network.clone())
            .on_event(move |event| listener.event(event)),
    ))
}
