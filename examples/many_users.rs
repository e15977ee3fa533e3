//! Many users in one process: one network client, not too many logins at once, and a kubeconfig for each.
//!
//! `many_users SECRETS KUBECONFIGS`, with `DOORWARD_PORTAL` and `DOORWARD_IDP_URL`: SECRETS has a file for each user, with the password.

use std::path::{Path, PathBuf};
use std::{env, error, fs, process::ExitCode, sync::Arc};

use doorward::kubeconfig::{KubeconfigFiles, MergeHow, UserAuth};
use doorward::{Credentials, Devices, Error, FrontDoor, Network, Portal, SecretSource, Walk};
use doorward_providers::Okta;
use tokio::{sync::Semaphore, task::JoinSet};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn error::Error>> {
    let mut folders = env::args_os().skip(1).map(PathBuf::from);
    let (secrets, kubeconfigs) = folders.next().zip(folders.next()).ok_or("two folders")?;
    let network = Network::new(); // clones share its client, and so the connections
    let walk = Walk::new().network(network).adapter(Okta::default());
    let walk = walk.idp_url(&env::var("DOORWARD_IDP_URL")?)?;
    let failed = log_in_all(&env::var("DOORWARD_PORTAL")?, &walk, &secrets, &kubeconfigs).await?;
    for (user, error) in &failed {
        eprintln!("{user}: {}: {error}", error.kind());
    }
    Ok(ExitCode::from(u8::from(!failed.is_empty())))
}

/// Logs in each user with a file in `secrets`, and gives those who could not
pub(crate) async fn log_in_all(
    portal: &str,
    walk: &Walk,
    secrets: &Path,
    kubeconfigs: &Path,
) -> Result<Vec<(String, Error)>, Box<dyn error::Error>> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for secret in fs::read_dir(secrets)? {
        let path = secret?.path();
        let user = path.file_name().unwrap_or_default().to_string_lossy();
        let credentials = Credentials::with_source(&*user, SecretSource::file(&path))?;
        let walk = walk.clone().devices(Devices::new()); // else they share what providers know them by
        let portal = Portal::new(portal, walk.credentials(credentials))?;
        let file = kubeconfigs.join(&*user);
        let (user, places) = (user.into_owned(), Arc::clone(&places));
        running.spawn(async move {
            let _place = places.acquire().await;
            log_in(&portal, file).await.map_err(|error| (user, error))
        });
    }
    let ended = running.join_all().await.into_iter();
    Ok(ended.filter_map(Result::err).collect())
}

async fn log_in(portal: &Portal, file: PathBuf) -> Result<(), Error> {
    let kubeconfig = portal.open().await?.kubeconfig(&UserAuth::Token)?;
    let written = KubeconfigFiles::at(file).write(&kubeconfig, MergeHow::default());
    written.map(drop)
}

/// What the portal and the provider can bear; this process could bear thousands
const AT_ONCE: usize = 32;
