use std::fmt;
use std::sync::Arc;

use crate::Hop;

/// What happens during a login, as it happens
///
/// For progress on a screen; the outcome is in what the login returns. No event holds a secret, a query or a page's text. More kinds may
/// come, so that a program has an arm for the others.
///
/// ```
/// use doorward::{Event, Walk};
///
/// let walk = Walk::new().on_event(|event| match event {
///     Event::Hop(hop) => eprintln!("{hop}"),
///     Event::SignedIn { adapter, origin } => eprintln!("{adapter} signed in at {origin}"),
///     Event::Number(number) => eprintln!("choose {number} on the phone"),
///     _ => {}
/// });
/// # let _ = walk;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An exchange was made
    Hop(&'a Hop),
    /// A person must choose this number on a phone
    Number(&'a str),
    /// A request was sent to a phone, named as the provider names it; a person must approve it there
    Push(&'a str),
    /// Something that a person may want to know, such as a wait that a server asked for
    Note(&'a str),
    /// An adapter, by its name, signed in at the provider with this origin
    SignedIn {
        /// The adapter's name
        adapter: &'static str,
        /// The provider's origin
        origin: &'a str,
    },
}

/// Who is told
#[derive(Clone, Default)]
pub(crate) struct Listener(Option<Arc<dyn Listen>>);

trait Listen: Fn(&Event<'_>) + Send + Sync {}

impl<F: Fn(&Event<'_>) + Send + Sync> Listen for F {}

impl Listener {
    pub(crate) fn new(callback: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        if let Some(callback) = &self.0 {
            callback(event);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Listener"
        } else {
            "no listener"
        })
    }
}
