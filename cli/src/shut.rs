//! The way to what is kept for a profile, where nobody is to log in.

use async_trait::async_trait;
use doorward::store::FileStore;
use doorward::{Error, FrontDoor, Grant, Network, Profile, TokenSource};

/// What is kept for `profile`, behind a door that `error` keeps shut
pub(crate) fn source(profile: &Profile, tokens: FileStore, error: Error) -> TokenSource {
    TokenSource::new(Shut(error)).store(tokens, &profile.cache_key())
}

/// The door of a profile that needs none, or whose settings are not sound any more, such as one whose CA file is gone
#[derive(Debug)]
struct Shut(Error);

#[async_trait]
impl FrontDoor for Shut {
    async fn open(&self) -> Result<Grant, Error> {
        Err(self.0.clone())
    }

    fn network(&self) -> Network {
        // Whom the profile would believe is not known, so that nobody is believed, and nothing sent.
        Network::new().ca_only()
    }
}
