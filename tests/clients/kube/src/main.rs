//! Lists pods with a kubeconfig for some time, in several tasks: `list-pods KUBECONFIG SECONDS`.
//!
//! The first line of stdout is the number of calls, and how many of them failed. What failed first is on stderr.

#![allow(clippy::print_stdout, reason = "the driver reads it")]

use std::env;
use std::error::Error;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [path, seconds] = env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| USAGE)?;
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?;
    let pods: Api<Pod> = Api::all(Client::try_from(config)?);
    let end = Instant::now() + Duration::from_secs(seconds.parse()?);

    let mut running = JoinSet::new();
    for _ in 0..TASKS {
        running.spawn(list_until(end, pods.clone()));
    }
    let (mut calls, mut failures) = (0, 0);
    for (more_calls, more_failures) in running.join_all().await {
        calls += more_calls;
        failures += more_failures;
    }
    println!("{calls} {failures}");
    Ok(())
}

/// How many lists were asked for, and how many did not come
async fn list_until(end: Instant, pods: Api<Pod>) -> (u32, u32) {
    let (mut calls, mut failures) = (0, 0);
    while Instant::now() < end {
        calls += 1;
        let problem = match pods.list(&Default::default()).await {
            Ok(list) if list.items.len() == 1 => None,
            Ok(list) => Some(format!("{} pods", list.items.len())),
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            failures += 1;
            if failures == 1 {
                eprintln!("call {calls}: {problem}");
            }
        }
        sleep(PAUSE).await;
    }
    (calls, failures)
}

const USAGE: &str = "usage: list-pods KUBECONFIG SECONDS";

const TASKS: u32 = 4;

const PAUSE: Duration = Duration::from_millis(50);
