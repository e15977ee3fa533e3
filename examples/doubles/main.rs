//! The portal, the provider and the API server as a process of their own, until stdin ends.
//!
//! Arguments, in whole seconds: `--token-life` (60 if left out), `--session-life` (900), `--grace` (0), and `--thinking` (0), the
//! provider's time for each password; `--users` is how many accounts there are besides the one that is printed. It prints the
//! settings of a login as shell variables, in the names that doorward's command line reads, then `API_URL` (the API
//! server) and `ISSUER` (of the portal's tokens), and an empty line. Then each line of stdin is a question, answered by
//! one line: `questions.rs` lists them. It fails at the end if a client did what a real server would not forgive.

#![allow(clippy::print_stdout, reason = "a shell reads it")]

mod arguments;
mod questions;
mod servers;

use std::env;
use std::error::Error;
use std::fs;
use std::io;

use doorward_testkit::{PASSWORD, USER};

use arguments::Arguments;
use questions::Questions;

fn main() -> Result<(), Box<dyn Error>> {
    let bed = servers::start(Arguments::read(env::args().skip(1))?)?;
    let folder = tempfile::tempdir()?;
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, bed.ca_pem())?;

    let portal_url = bed.portal_url();
    for (name, value) in [
        ("DOORWARD_PORTAL", portal_url.as_str()),
        ("DOORWARD_IDP_URL", &bed.okta_url()),
        ("DOORWARD_CA_FILE", &ca_file.to_string_lossy()),
        ("DOORWARD_USERNAME", USER),
        ("DOORWARD_PASSWORD", PASSWORD),
        ("API_URL", &bed.api_url()),
        ("ISSUER", &format!("{portal_url}/auth/idp/k8sIdp")),
    ] {
        println!("{name}={}", shlex::try_quote(value)?);
    }
    println!();

    let mut questions = Questions::default();
    for line in io::stdin().lines() {
        let answer = questions.answer(line?.trim(), &bed);
        println!("{}", answer.unwrap_or_else(|why| format!("error {why}")));
    }
    match bed.complaints().as_slice() {
        [] => Ok(()),
        complaints => Err(complaints.join("\n").into()),
    }
}
