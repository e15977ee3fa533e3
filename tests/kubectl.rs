//! The real kubectl works with the kubeconfig of a login, for as long as the tokens let it.
//!
//! Nothing here waits for a token to end: the servers' clock goes ahead of kubectl's. kubectl refreshes a token whose
//! end is less than ten seconds away by its own clock, so that one with a short life is refreshed at the first use.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use doorward::kubeconfig::{KubeconfigFiles, MergeHow, OidcUser, Section, UserAuth};
use doorward::{FrontDoor, Kubeconfig, Portal};
use doorward_providers::Okta;
use doorward_testkit::{Names, PORTAL_HOST, PortalSwitches, Testbed, kubectl, output_within};
use tempfile::TempDir;

/// A login, the file that it wrote, and a kubectl that knows nothing else
struct LoggedIn {
    bed: Testbed,
    folder: TempDir,
    kubectl: PathBuf,
}

impl LoggedIn {
    /// Nothing where this machine has no kubectl
    async fn new(auth: &UserAuth, token_life: Duration) -> Option<Self> {
        let kubectl = kubectl()?;
        let portal = PortalSwitches {
            token_life,
            ..PortalSwitches::default()
        };
        let bed = Testbed::builder().names(Names::Loopback).portal(portal);
        let bed = bed.start().unwrap();
        let walk = bed.walk().unwrap().adapter(Okta::default());
        let portal = Portal::new(&bed.portal_url(), walk).unwrap();
        let kubeconfig = portal.open().await.unwrap().kubeconfig(auth).unwrap();
        let this = Self {
            bed,
            folder: tempfile::tempdir().unwrap(),
            kubectl,
        };
        let files = KubeconfigFiles::at(this.file());
        files.write(&kubeconfig, MergeHow::default()).unwrap();
        Some(this)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// What `kubectl get pods` prints, or its complaint
    fn pods(&self) -> Result<String, String> {
        let mut command = Command::new(&self.kubectl);
        command
            .args(["get", "pods", "--request-timeout=30s", "--kubeconfig"])
            .arg(self.file())
            .env("HOME", self.folder.path())
            .env_remove("KUBECONFIG");
        let output = output_within(Duration::from_secs(60), &mut command).unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err(String::from_utf8(output.stderr).unwrap()),
        }
    }

    /// The user as it stands in the file now
    fn user(&self) -> OidcUser {
        let text = std::fs::read_to_string(self.file()).unwrap();
        let kubeconfig = Kubeconfig::parse(&text).unwrap();
        let name = kubeconfig.names(Section::Users).next().unwrap();
        kubeconfig.oidc_user(name).unwrap()
    }

    fn refreshes(&self) -> usize {
        self.bed.count(PORTAL_HOST, "/auth/idp/k8sIdp/token")
    }
}

#[tokio::test]
async fn the_real_kubectl_lists_pods() {
    for auth in [&UserAuth::AuthProvider, &UserAuth::Token] {
        let Some(login) = LoggedIn::new(auth, A_MINUTE).await else {
            return;
        };

        let pods = login.pods().unwrap();

        assert!(pods.contains("hello"), "{auth:?}: {pods}");
        assert_eq!(login.refreshes(), 0);
        assert_eq!(login.bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn kubectl_refreshes_after_the_token_has_ended() {
    let Some(login) = LoggedIn::new(&UserAuth::AuthProvider, SHORT).await else {
        return;
    };
    let before = login.user();

    login.bed.clock().advance(A_MINUTE);
    let first = login.pods().unwrap();

    assert!(first.contains("hello"), "{first}");
    assert_eq!(login.refreshes(), 1);
    let after = login.user();
    let tokens = |user: &OidcUser| {
        let refresh_token = user.refresh_token.clone().unwrap();
        [user.id_token.clone(), refresh_token].map(|token| token.expose_secret().to_owned())
    };
    assert_ne!(tokens(&before)[0], tokens(&after)[0]);
    assert_ne!(tokens(&before)[1], tokens(&after)[1]);
    // The new token's end is far away for kubectl, whose clock is behind.
    let second = login.pods().unwrap();
    assert!(second.contains("hello"), "{second}");
    assert_eq!(login.refreshes(), 1);
    assert_eq!(login.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn every_refresh_gives_the_token_for_the_next() {
    let Some(login) = LoggedIn::new(&UserAuth::AuthProvider, SHORT).await else {
        return;
    };

    for run in 1..=3 {
        let pods = login.pods().unwrap();

        assert!(pods.contains("hello"), "{pods}");
        assert!(login.refreshes() >= run);
    }
    // A refresh token that was spent before would be refused, and noted.
    assert_eq!(login.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_kubeconfig_works_until_it_ends() {
    let Some(login) = LoggedIn::new(&UserAuth::Token, A_MINUTE).await else {
        return;
    };
    login.pods().unwrap();

    login.bed.clock().advance(A_MINUTE);
    let complaint = login.pods().unwrap_err();

    assert!(complaint.contains("Unauthorized"), "{complaint}");
    assert_eq!(login.refreshes(), 0);
}

/// As OpenUnison sets it
const A_MINUTE: Duration = Duration::from_secs(60);
/// Too short for kubectl, which wants ten seconds more
const SHORT: Duration = Duration::from_secs(9);
