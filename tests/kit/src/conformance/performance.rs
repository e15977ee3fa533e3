use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use doorward::recording::Case;
use doorward::{Error, IdpAdapter, Url, Walk};

use super::shown::{forms, of_error};
use super::{Findings, Variant};
use crate::replay::{CANARY, End, How, Notes, Replay};

/// The logins of one recording
pub(super) struct Performance {
    name: String,
    case: Case,
    adapters: Vec<Arc<dyn IdpAdapter>>,
    replay: Replay,
}

/// How a login ended, and what was noticed on the way
pub(super) struct Ended {
    end: End,
    pub(super) notes: Notes,
    /// What a program could print of it, by its name
    shown: Vec<(&'static str, String)>,
    /// Secrets, as they could be written, by their placeholders
    secrets: Vec<(String, Vec<String>)>,
}

impl Performance {
    pub(super) fn of(
        name: &str,
        case: &Case,
        adapters: Vec<Arc<dyn IdpAdapter>>,
    ) -> Result<Self, Findings> {
        Ok(Self {
            name: name.to_owned(),
            case: case.clone(),
            adapters,
            replay: Replay::start(case).map_err(|error| Findings::one(name, error))?,
        })
    }

    pub(super) fn as_recorded(&self) -> Result<Ended, Findings> {
        self.replay
            .begin(self.case.exchanges.clone(), How::Strictly);
        self.log_in()
            .map_err(|error| Findings::one(&self.name, error))
    }

    pub(super) fn changed(&self, variant: &Variant) -> Result<Ended, Findings> {
        self.replay.begin(variant.exchanges.clone(), How::Loosely);
        self.log_in()
            .map_err(|error| Findings::one(&self.name, error))
    }

    /// Whether `url` is of the origin that the login begins at
    pub(super) fn is_at_the_portal(&self, url: &str) -> bool {
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
        origin(url) == origin(self.replay.portal_url())
    }

    fn log_in(&self) -> Result<Ended, Error> {
        let heard = Arc::new(Mutex::new(String::new()));
        let events = Arc::clone(&heard);
        let adapters = self.adapters.iter().cloned();
        let walk = adapters
            .fold(self.replay.own_walk()?, Walk::shared_adapter)
            .on_event(move |event| {
                let mut heard = events.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push_str(&format!("{event:?}\n"));
            });
        let mut shown = vec![("the walk's Debug", format!("{walk:?}"))];
        let (end, log) = self.replay.run(walk)?;
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        shown.push(("an event", heard));
        shown.push(("the log", log));
        match &end {
            End::Granted(grant) => shown.push(("the grant's Debug", format!("{grant:?}"))),
            End::Failed(error) => shown.extend(of_error(error)),
            End::Panicked(_) => shown.push(("a panic", end.told())),
            End::Endless => {}
        }
        let secrets = self.replay.secrets().all().iter();
        Ok(Ended {
            notes: self.replay.notes(),
            shown,
            secrets: secrets
                .map(|(name, value)| (name.clone(), forms(value)))
                .collect(),
            end,
        })
    }
}

impl Ended {
    /// `a token`, or the name of an error's kind
    pub(super) fn kind_or_token(&self) -> &'static str {
        match &self.end {
            End::Granted(_) => "a token",
            End::Failed(error) => error.kind().as_str(),
            End::Panicked(_) => "a panic",
            End::Endless => "no end",
        }
    }

    /// The same with the message
    pub(super) fn told(&self) -> String {
        self.end.told()
    }

    /// Why it is no end
    pub(super) fn no_end(&self) -> Option<String> {
        match &self.end {
            End::Granted(_) | End::Failed(_) => None,
            End::Panicked(_) | End::Endless => {
                Some(format!("the login ended with {}", self.told()))
            }
        }
    }

    /// How often which password was sent to which host
    pub(super) fn passwords(&self) -> BTreeMap<(String, String), usize> {
        let mut times = BTreeMap::new();
        for (secret, host) in &self.notes.sent {
            if secret.starts_with("{{password") {
                *times.entry((secret.clone(), host.clone())).or_default() += 1;
            }
        }
        times
    }

    /// Which secrets stand in what a program could print
    pub(super) fn leaks(&self) -> Vec<(&str, &'static str)> {
        let mut found = Vec::new();
        for (what, text) in &self.shown {
            let before = found.len();
            for (name, forms) in &self.secrets {
                if forms.iter().any(|form| text.contains(form)) {
                    found.push((name.as_str(), *what));
                }
            }
            // Written in some other way, or in part.
            if found.len() == before && text.contains(CANARY) {
                found.push(("a password or an answer", *what));
            }
        }
        found
    }
}
