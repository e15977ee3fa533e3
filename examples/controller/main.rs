//! A controller that runs for days: a good token for each round, for each failure what its kind asks for, and a clean stop.
//!
//! Its variables are those of `login.rs`. `tests/clients/kube/examples/controller.rs` has a Kubernetes client that asks by itself.

mod settings;

use std::{process::ExitCode, time::Duration};

use doorward::store::FreshToken;
use doorward::{Error, ErrorKind, TokenSource};
use tokio::{pin, select, time::sleep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let work = async |token: FreshToken| eprintln!("{} until {}", token.user(), token.expires());
    match settings::source() {
        Ok(source) => run(&source, work, settings::stop()).await,
        Err(error) => tell(&error),
    }
}

/// Does `work` with a good token every 30 seconds, until `stop`
pub(crate) async fn run(
    source: &TokenSource,
    work: impl AsyncFn(FreshToken),
    stop: impl Future,
) -> ExitCode {
    pin!(stop);
    let mut failures = 0;
    loop {
        // Waited for even if `stop` comes: a renewal that is cut off may lose a refresh token that is good once.
        let wait = match source.token().await {
            Ok(token) => {
                failures = 0;
                work(token).await;
                Duration::from_secs(30)
            }
            Err(error) if error.kind().is_retryable() => {
                tell(&error);
                failures = (failures + 1).min(8);
                let backoff = Duration::from_secs(1 << failures);
                error.server_wait().unwrap_or(backoff)
            }
            Err(error) => {
                let outcome = tell(&error);
                // Who ends is started again, and each start would be an attempt, until the account is locked.
                if let ErrorKind::Rejected | ErrorKind::AccountState = error.kind() {
                    stop.await;
                }
                return outcome;
            }
        };
        select! { _ = &mut stop => return ExitCode::SUCCESS, () = sleep(wait) => {} }
    }
}

fn tell(error: &Error) -> ExitCode {
    eprintln!("{}: {error}", error.kind());
    ExitCode::FAILURE
}
