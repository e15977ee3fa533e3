//! All doubles of one testbed, and what stands before them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::http_date;
use crate::fault::{Fault, Trouble};
use crate::gate::Gate;
use crate::http::{Answer, Ask};
use crate::serve::Hosts;
use crate::world::World;

/// Answers one request
pub(crate) trait Service: Send {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer;

    /// Ends all OIDC sessions of somebody, and gives their number
    fn end_sessions(&mut self, login: &str) -> usize;
}

/// The doubles, their world and its troubles
pub(crate) struct Doubles {
    pub(crate) world: World,
    pub(crate) service: Mutex<Box<dyn Service>>,
    pub(crate) faults: Mutex<Vec<Fault>>,
    gate: Gate,
    /// Requests under way, by the session cookie that they carry
    under_way: Mutex<HashMap<String, String>>,
}

impl Doubles {
    pub(crate) fn new(
        world: World,
        service: Box<dyn Service>,
        faults: Vec<Fault>,
        gate: Gate,
    ) -> Self {
        Self {
            world,
            service: Mutex::new(service),
            faults: Mutex::new(faults),
            gate,
            under_way: Mutex::new(HashMap::new()),
        }
    }

    fn answer(&self, ask: &Ask) -> Answer {
        if let Some(answer) = self.gate.closed(ask, &self.world) {
            return answer;
        }
        // Every fault counts every request, but the first that is due is the one that is met.
        let mut due = None;
        for fault in held(&self.faults).iter_mut() {
            let trouble = fault.meet(ask).cloned();
            due = due.or(trouble);
        }
        if let Some(answer) = due.as_ref().and_then(|due| due.answer(&self.world)) {
            return answer;
        }
        let answer = held(&self.service).answer(ask, &self.world);
        match due {
            Some(Trouble::LostAnswer) => Answer::hang_up(),
            Some(slow) => answer.after(slow.pause()),
            None => answer,
        }
    }

    fn dated(&self, answer: Answer) -> Answer {
        let mut headers = answer.headers.iter();
        match headers.any(|(name, _)| name.eq_ignore_ascii_case("date")) {
            true => answer,
            false => answer.header("Date", http_date(self.world.clock().seconds())),
        }
    }

    /// Notes that a jar's request is under way; the login state of a portal allows one at a time
    fn enter(&self, ask: &Ask) -> Option<String> {
        let cookie = SESSION_COOKIES.iter().find_map(|&name| ask.cookie(name))?;
        let jar = format!("{} {cookie}", ask.site);
        let before = held(&self.under_way).insert(jar.clone(), ask.path.clone());
        if let Some(path) = before {
            self.world.complain(format!(
                "two requests at once on one jar: {path} and {}",
                ask.path
            ));
        }
        Some(jar)
    }

    fn leave(&self, jar: Option<String>) {
        if let Some(jar) = jar {
            held(&self.under_way).remove(&jar);
        }
    }
}

impl Hosts for Doubles {
    async fn exchange(&self, mut ask: Ask) -> Answer {
        if let Some(site) = self.world.site_at(ask.authority()) {
            ask.site = site.name.clone();
        }
        let jar = self.enter(&ask);
        let answer = self.answer(&ask);
        self.world.record.note(&ask, &answer);
        if !answer.pause.is_zero() {
            tokio::time::sleep(answer.pause).await;
        }
        self.leave(jar);
        self.dated(answer)
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const SESSION_COOKIES: [&str; 2] = ["tremolosession", "JSESSIONID"];
