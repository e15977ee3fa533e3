//! The whole way on this machine: a portal, a provider and an API server of our own, and the real kubectl.
//!
//! `cargo run --example demo` needs no network and leaves nothing behind.

#![allow(clippy::print_stdout, reason = "a demo is there to be read")]

mod shell;

use std::error::Error;

use doorward::kubeconfig::{KubeconfigFiles, MergeHow, UserAuth};
use doorward::{Event, FrontDoor, Portal};
use doorward_providers::Okta;
use doorward_testkit::{Names, Testbed};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // macOS has no 127.0.0.2: there the servers get names that only doorward can resolve.
    let by_address = Testbed::builder().names(Names::Loopback).start();
    let kubectl_gets_there = by_address.is_ok();
    let bed = by_address.or_else(|_| Testbed::start())?;
    let (portal, provider) = (bed.portal_url(), bed.okta_url());
    println!("Three servers run in this process now, on loopback TLS with a throw-away CA:");
    println!("  PORTAL   {portal}\n  PROVIDER {provider}");
    println!("  CLUSTER  {}\n", bed.api_url());

    println!("A portal sends us to a provider's login page; an adapter signs in there;");
    println!("the walk brings us back:");
    let names = [(portal.clone(), "PORTAL"), (provider, "PROVIDER")];
    let walk = bed.walk()?.adapter(Okta::default());
    let walk = walk.on_event(move |event| match event {
        Event::Hop(hop) => println!("  {}", shell::renamed(&hop.to_string(), &names)),
        Event::SignedIn { adapter, .. } => println!("     (the adapter `{adapter}` signed in)"),
        _ => {}
    });
    let grant = Portal::new(&portal, walk)?.open().await?;
    let requests = grant.trail().hops().len();
    println!(
        "{requests} requests, and the token is for {}.\n",
        grant.subject()
    );

    println!("The token becomes a kubeconfig (long values are cut here):");
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider)?;
    println!("{}", shell::cut(kubeconfig.to_yaml().expose_secret()));

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    KubeconfigFiles::at(&file).write(&kubeconfig, MergeHow::default())?;
    match kubectl_gets_there {
        true => shell::list_pods(&file),
        false => Ok(()),
    }
}
