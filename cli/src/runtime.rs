//! The one place where runtimes are started: a call that finds a kept token has none.

use std::future::Future;

use doorward::Error;
use tokio::runtime::{Builder, Runtime};

/// Runs `work` to its end on this thread
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = start()?;
    let outcome = runtime.block_on(work);
    // A name that is still being looked up would hold a plain drop for as long as the resolver likes.
    runtime.shutdown_background();
    outcome
}

/// A runtime on this thread
pub(crate) fn start() -> Result<Runtime, Error> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::transport("the network cannot be used").because(error))
}
