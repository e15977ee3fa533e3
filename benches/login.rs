//! One whole login in process: portal, provider and back, over loopback TLS.
//!
//! The doubles run in a thread of the same process. Their own work (TLS, signatures, pages) is in these times, and on a
//! busy machine it is most of them; `compare.sh` counts doorward alone.

#![allow(clippy::unwrap_used, reason = "a benchmark may fail in any line")]

use criterion::Criterion;
use doorward::{FrontDoor, Portal};
use doorward_providers::Okta;
use doorward_testkit::{OktaSwitches, Testbed};
use tokio::runtime::Builder;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let switches = OktaSwitches {
        rate_limit: false,
        ..OktaSwitches::default()
    };
    let bed = Testbed::builder().okta(switches).start().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let portal = || {
        let walk = bed.walk().unwrap().adapter(Okta::default());
        Portal::new(&bed.portal_url(), walk).unwrap()
    };

    criterion.bench_function("the first login of a process", |bencher| {
        bencher.iter(|| runtime.block_on(portal().open()).unwrap());
    });
    let portal = portal();
    criterion.bench_function("a login over connections that are there", |bencher| {
        bencher.iter(|| runtime.block_on(portal.open()).unwrap());
    });
    criterion.final_summary();
}
