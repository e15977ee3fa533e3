//! The portal, the provider and the API server as a process of their own, until stdin ends.
//!
//! Prints the settings of a login as shell variables, in the names that doorward's command line reads. Each line that
//! comes by stdin is answered by the number of requests since the last one.

#![allow(clippy::print_stdout, reason = "a shell reads it")]

use std::error::Error;
use std::fs;
use std::io;

use doorward_testkit::{Names, OktaSwitches, PASSWORD, Testbed, USER};

fn main() -> Result<(), Box<dyn Error>> {
    let switches = OktaSwitches {
        rate_limit: false,
        ..OktaSwitches::default()
    };
    let bed = Testbed::builder().names(Names::Loopback).okta(switches);
    let bed = bed.start()?;
    let folder = tempfile::tempdir()?;
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, bed.ca_pem())?;

    for (name, value) in [
        ("PORTAL", bed.portal_url().as_str()),
        ("IDP_URL", &bed.okta_url()),
        ("CA_FILE", &ca_file.to_string_lossy()),
        ("USERNAME", USER),
        ("PASSWORD", PASSWORD),
    ] {
        println!("DOORWARD_{name}={}", shlex::try_quote(value)?);
    }
    println!();

    let mut before = 0;
    for line in io::stdin().lines() {
        line?;
        let now = bed.seen().len();
        println!("{}", now - before);
        before = now;
    }
    match bed.complaints().as_slice() {
        [] => Ok(()),
        complaints => Err(complaints.join("\n").into()),
    }
}
