use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::store::{Claim, Stored, TokenStore};
use crate::{Error, Secret};

/// A store that ends with the process; clones share it
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    texts: HashMap<String, (u64, Secret)>,
    claimed: HashSet<String>,
    changes: u64,
}

impl MemoryStore {
    /// An empty one
    pub fn new() -> Self {
        Self::default()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, key: &str) -> Result<Option<Stored>, Error> {
        let content = self.content();
        let found = content.texts.get(key);
        Ok(found.map(|(version, text)| Stored::new(text.clone(), version.to_string())))
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        seen: Option<&str>,
        new: Option<&Secret>,
    ) -> Result<bool, Error> {
        let mut content = self.content();
        let there = content
            .texts
            .get(key)
            .map(|(version, _)| version.to_string());
        if there.as_deref() != seen {
            return Ok(false);
        }
        content.changes += 1;
        let version = content.changes;
        match new {
            Some(text) => drop(content.texts.insert(key.into(), (version, text.clone()))),
            None => drop(content.texts.remove(key)),
        }
        Ok(true)
    }

    async fn claim(&self, key: &str) -> Result<Option<Claim>, Error> {
        let is_free = self.content().claimed.insert(key.into());
        Ok(is_free.then(|| {
            Claim::new(Held {
                store: self.clone(),
                key: key.into(),
            })
        }))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("keys", &self.content().texts.len())
            .finish()
    }
}

struct Held {
    store: MemoryStore,
    key: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.store.content().claimed.remove(&self.key);
    }
}
