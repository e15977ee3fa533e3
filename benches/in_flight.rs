//! Many logins in flight in one process, each of another user: the memory that each takes, and the time of all.
//!
//! `in_flight.sh` starts the servers, which are a process of their own, and calls this one. Its argument is the number of logins. All
//! begin at once; the servers think about each password for so long that all of them are in flight then. What is counted is the
//! growth of the whole process, from after a first login to the highest point: connections, buffers and the allocator's gaps.

#![allow(clippy::print_stdout, reason = "a benchmark is there to be read")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, fs};

use doorward::{Credentials, Event, FrontDoor, Network, Portal, Secret, Walk};
use doorward_providers::Okta;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(logins) = env::args().find_map(|word| word.parse().ok()) else {
        println!("benches/in_flight.sh runs this with servers");
        return Ok(());
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(logins))
}

async fn measure(logins: usize) -> Result<(), Box<dyn Error>> {
    let settings = Settings::read()?;
    let flying = Arc::new(Flying::default());
    let first = settings.portal(&env::var("DOORWARD_USERNAME")?, &flying)?;
    first.open().await?;
    flying.landed();
    let size = size_of_val(&*first.open());
    fs::write("/proc/self/clear_refs", "5")?;
    let before = memory("VmRSS:")?;

    let start = Instant::now();
    let mut running = JoinSet::new();
    for number in 1..=logins {
        let portal = settings.portal(&format!("user-{number}"), &flying)?;
        let flying = Arc::clone(&flying);
        running.spawn(async move {
            let outcome = portal.open().await;
            flying.landed();
            outcome.map(|grant| grant.trail().hops().len())
        });
    }
    let mut requests = 0;
    while let Some(outcome) = running.join_next().await {
        requests += outcome??;
    }
    let took = start.elapsed().as_secs_f64();
    let peak = memory("VmHWM:")?;

    let most = flying.most.load(Ordering::Relaxed);
    let each = (peak - before) / most as f64;
    println!(
        "{logins} logins with {requests} requests in {took:.1} s, {most} of them in flight at once"
    );
    println!(
        "before {before:.0} KiB, at most {peak:.0} KiB: {each:.1} KiB for each login in flight"
    );
    println!("the future of a login has {size} bytes");
    Ok(())
}

/// What all logins have in common
struct Settings {
    portal: String,
    idp_url: String,
    password: Secret,
    network: Network,
}

impl Settings {
    fn read() -> Result<Self, Box<dyn Error>> {
        let ca = fs::read(env::var("DOORWARD_CA_FILE")?)?;
        Ok(Self {
            portal: env::var("DOORWARD_PORTAL")?,
            idp_url: env::var("DOORWARD_IDP_URL")?,
            password: Secret::new(env::var("DOORWARD_PASSWORD")?),
            network: Network::new().ca_pem(&ca)?.ca_only(),
        })
    }

    fn portal(&self, user: &str, flying: &Arc<Flying>) -> Result<Portal, doorward::Error> {
        let flying = Arc::clone(flying);
        let walk = Walk::new()
            .network(self.network.clone())
            .credentials(Credentials::new(user, self.password.clone())?)
            .idp_url(&self.idp_url)?
            .adapter(Okta::default())
            .on_event(move |event| flying.hear(event));
        Portal::new(&self.portal, walk)
    }
}

/// How many logins have had an answer, and are not done
#[derive(Default)]
struct Flying {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Flying {
    fn hear(&self, event: &Event<'_>) {
        if let Event::Hop(hop) = event
            && hop.number == 1
        {
            let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(now, Ordering::Relaxed);
        }
    }

    fn landed(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the kernel says of this process, in KiB
fn memory(name: &str) -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|line| line.split_whitespace().next());
    Ok(value.ok_or("the kernel does not tell")?.parse()?)
}
