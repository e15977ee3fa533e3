//! How many connections come up at once: the others wait for their turn, or take one that is done with its request.

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::futures::TaskLocalFuture;
use tokio::task_local;
use tokio::time::timeout;
use tower::{Layer, Service};

/// The turns of one client, as a layer of what makes its connections
///
/// A connection that comes up costs more than one that is up. Without turns a thousand logins that begin at once would make a thousand
/// connections to the portal, although most of them could use one after another. Nothing waits for longer than [`PATIENCE`], so that a host
/// that does not answer holds up others for no longer, and whoever has a turn and does nothing blocks nobody.
#[derive(Clone)]
pub(super) struct Turns {
    turns: Arc<Semaphore>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl<S> Layer<S> for Turns {
    type Service = InTurn<S>;

    fn layer(&self, inner: S) -> InTurn<S> {
        InTurn {
            inner,
            turns: Arc::clone(&self.turns),
            state: State::Idle,
        }
    }
}

/// What makes connections, in turn
///
/// The wait is in `poll_ready`, which the connect time-out does not count.
pub(super) struct InTurn<S> {
    inner: S,
    turns: Arc<Semaphore>,
    state: State,
}

impl<S: Clone> Clone for InTurn<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            turns: Arc::clone(&self.turns),
            state: State::Idle,
        }
    }
}

impl<S, R> Service<R> for InTurn<S>
where
    S: Service<R, Error = Box<dyn StdError + Send + Sync>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if let State::Idle = self.state {
            let turn = Arc::clone(&self.turns).acquire_owned();
            self.state = State::Waiting(Box::pin(async move {
                // Too long a wait, or no turns any more: it goes without.
                timeout(PATIENCE, turn).await.ok()?.ok()
            }));
        }
        if let State::Waiting(waiting) = &mut self.state {
            // The request has got a connection that was free, and the client goes on with this one by itself.
            if WANTED.try_with(|()| ()).is_err() {
                return Poll::Ready(Err("nobody waits for this connection any more".into()));
            }
            self.state = State::Has(ready!(waiting.as_mut().poll(context)));
        }
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let turn = std::mem::replace(&mut self.state, State::Idle);
        let connecting = self.inner.call(request);
        Box::pin(async move {
            let outcome = connecting.await;
            drop(turn);
            outcome
        })
    }
}

/// Marks `request` as one that waits for its connection
pub(super) fn waiting<F: Future>(request: F) -> TaskLocalFuture<(), F> {
    WANTED.scope((), request)
}

enum State {
    Idle,
    Waiting(Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send + Sync>>),
    Has(#[allow(dead_code, reason = "it is there to be dropped")] Option<OwnedSemaphorePermit>),
}

task_local! {
    static WANTED: ();
}

/// How many connections of one client come up at once
const AT_ONCE: usize = 32;

/// How long a connection waits for its turn at most
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::error::Error as StdError;
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tokio::task::JoinSet;
    use tokio::time::{Instant, sleep};
    use tower::{Layer, Service};

    use super::{AT_ONCE, InTurn, PATIENCE, Turns, waiting};

    type Outcome = Result<(), Box<dyn StdError + Send + Sync>>;

    /// Takes as long as it is told to
    #[derive(Clone)]
    struct Slow;

    impl Service<Duration> for Slow {
        type Response = ();
        type Error = Box<dyn StdError + Send + Sync>;
        type Future = Pin<Box<dyn Future<Output = Outcome> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Outcome> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, time: Duration) -> Self::Future {
            Box::pin(async move {
                sleep(time).await;
                Ok(())
            })
        }
    }

    async fn connect(mut service: InTurn<Slow>, time: Duration) -> Outcome {
        poll_fn(|context| service.poll_ready(context)).await?;
        service.call(time).await
    }

    /// How long one connection more than there are turns for takes, if each takes `time`
    async fn one_too_many(time: Duration) -> Duration {
        let service = Turns::new().layer(Slow);
        let begin = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..=AT_ONCE {
            running.spawn(waiting(connect(service.clone(), time)));
        }
        while let Some(outcome) = running.join_next().await {
            outcome.unwrap().unwrap();
        }
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_has_its_turn_after_another() {
        let took = one_too_many(Duration::from_secs(1)).await;

        assert_eq!(took.as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn no_turn_is_waited_for_without_end() {
        let took = one_too_many(Duration::from_secs(60)).await;

        assert_eq!(took.as_secs(), 60 + PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_nobody_waits_for_is_not_made() {
        let service = Turns::new().layer(Slow);

        let alone = connect(service.clone(), Duration::from_secs(1)).await;
        let wanted = waiting(connect(service, Duration::from_secs(1))).await;

        assert!(alone.is_err());
        wanted.unwrap();
    }
}
