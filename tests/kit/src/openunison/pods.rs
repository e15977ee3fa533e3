//! The pods, each with sessions of its own in memory.

use std::collections::HashMap;

use crate::http::Ask;
use crate::openunison::cookies::{self, SESSION};
use crate::openunison::session::{Session, Step};
use crate::random;
use crate::world::World;

/// How the pods share the requests
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Affinity {
    /// One pod
    #[default]
    OnePod,
    /// Two pods; the ingress sets a cookie, and who does not send it back meets both in turn
    Cookie,
    /// Two pods that take turns, so that every login is lost
    Broken,
}

pub(super) struct Pods {
    affinity: Affinity,
    sessions: Vec<HashMap<String, Session>>,
    names: Vec<String>,
    here: usize,
}

impl Pods {
    pub(super) fn new(affinity: Affinity) -> Self {
        let pods = if affinity == Affinity::OnePod { 1 } else { 2 };
        Self {
            affinity,
            sessions: (0..pods).map(|_| HashMap::new()).collect(),
            names: (0..pods).map(|_| random::hex(40)).collect(),
            here: 0,
        }
    }

    /// Chooses the pod of this request; gives the ingress's own cookie
    pub(super) fn route(&mut self, ask: &Ask) -> Option<String> {
        let known = ask
            .cookie(AFFINITY_COOKIE)
            .and_then(|value| self.names.iter().position(|name| name == value));
        match (self.affinity, known) {
            (Affinity::OnePod, _) => None,
            (Affinity::Cookie, Some(pod)) => {
                self.here = pod;
                None
            }
            (Affinity::Cookie, None) => {
                self.here = 1 - self.here;
                let name = self.names.get(self.here)?;
                Some(format!(
                    "{AFFINITY_COOKIE}={name}; Path=/; Secure; HttpOnly"
                ))
            }
            (Affinity::Broken, _) => {
                self.here = 1 - self.here;
                None
            }
        }
    }

    /// The request's session at this pod, if it is known and not idle for too long
    pub(super) fn find(&mut self, ask: &Ask, idle: u64, now: u64) -> Option<&mut Session> {
        let sessions = self.sessions.get_mut(self.here)?;
        let session = sessions.get_mut(ask.cookie(SESSION)?)?;
        if session.used_at + idle < now {
            return None;
        }
        session.used_at = now;
        Some(session)
    }

    /// The request's session, or a new one with the cookies that say so
    pub(super) fn find_or_open(
        &mut self,
        ask: &Ask,
        idle: u64,
        world: &World,
    ) -> (Vec<String>, Option<&mut Session>) {
        let now = world.clock().millis();
        if self.find(ask, idle, now).is_some() {
            return (Vec::new(), self.find(ask, idle, now));
        }
        let lines = self.open(ask, world);
        let session = self.opened(&lines);
        (lines, session)
    }

    fn open(&mut self, ask: &Ask, world: &World) -> Vec<String> {
        let value = world.secret(cookies::session_value());
        let lines = vec![
            cookies::no_open_session(),
            cookies::line(ask, SESSION, &value),
        ];
        let session = Session {
            used_at: world.clock().millis(),
            ..Session::default()
        };
        if let Some(sessions) = self.sessions.get_mut(self.here) {
            sessions.insert(value, session);
        }
        lines
    }

    /// The session that [`Pods::open`] has just made
    fn opened(&mut self, lines: &[String]) -> Option<&mut Session> {
        let prefix = format!("{SESSION}=");
        let line = lines.iter().find_map(|line| line.strip_prefix(&prefix))?;
        let value = line.split(';').next()?;
        self.sessions.get_mut(self.here)?.get_mut(value)
    }

    pub(super) fn close(&mut self, ask: &Ask) {
        if let (Some(value), Some(sessions)) =
            (ask.cookie(SESSION), self.sessions.get_mut(self.here))
        {
            sessions.remove(value);
        }
    }

    /// Throws away the login under way: the portal does so at any request outside `/auth/`
    pub(super) fn leave_login(&mut self, ask: &Ask, world: &World) {
        if ICONS.iter().any(|icon| ask.path().ends_with(icon)) {
            return;
        }
        let Some(sessions) = self.sessions.get_mut(self.here) else {
            return;
        };
        let Some(session) = ask.cookie(SESSION).and_then(|id| sessions.get_mut(id)) else {
            return;
        };
        let away = matches!(
            session.step,
            Some(
                Step::AtProvider { .. }
                    | Step::AtSamlProvider { .. }
                    | Step::AtForm
                    | Step::AtTerms(_)
            )
        );
        if away && !STARTS.iter().any(|start| ask.path().starts_with(start)) {
            world.complain(format!(
                "{} was asked during a login, which ends it",
                ask.path()
            ));
        }
        session.step = None;
    }
}

const AFFINITY_COOKIE: &str = "openunison-orchestra";
const ICONS: [&str; 3] = [
    "/favicon.ico",
    "/apple-touch-icon.png",
    "/apple-touch-icon-precomposed.png",
];
/// A login may start over on purpose
const STARTS: [&str; 4] = ["/k8stoken", "/login/", "/cli-login", "/logout"];
