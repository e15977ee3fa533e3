//! Browsers as the org tells them apart: by host, by `JSESSIONID`, and by the device cookie `DT`.

use std::collections::{HashMap, HashSet};

use crate::clock::http_date;
use crate::http::Ask;
use crate::random;
use crate::world::World;

#[derive(Default)]
pub(super) struct Browsers {
    /// By site and `JSESSIONID`
    known: HashMap<(String, String), Browser>,
    devices: HashSet<String>,
    /// The browser of the request at hand
    here: Option<(String, String)>,
}

struct Browser {
    device: String,
    /// Whether it was shown a page to sign in on
    at_login: bool,
    /// Where a page goes on that does not say so in its URL
    from_uri: Option<String>,
}

impl Browsers {
    /// Finds the browser of a request, or makes one; gives the cookies that are new
    pub(super) fn meet(&mut self, ask: &Ask, world: &World) -> Vec<String> {
        let mut lines = Vec::new();
        let site = ask.site().to_owned();
        let sent = ask.cookie("JSESSIONID").unwrap_or_default().to_owned();
        let mut key = (site, sent);
        let device = match ask.cookie("DT") {
            Some(device) if self.devices.contains(device) => device.to_owned(),
            _ => {
                let device = world.secret(format!("DI1{}", random::base64url(18)));
                let end = http_date(world.clock().seconds() + DEVICE_LIFE);
                lines.push(format!(
                    "DT={device};Version=1;Path=/;Max-Age={DEVICE_LIFE};Secure;Expires={end};HttpOnly"
                ));
                self.devices.insert(device.clone());
                device
            }
        };
        if !self.known.contains_key(&key) {
            key.1 = world.secret(random::hex(32).to_ascii_uppercase());
            lines.push(format!("JSESSIONID={}; Path=/; Secure; HttpOnly", key.1));
            let browser = Browser {
                device,
                at_login: false,
                from_uri: None,
            };
            self.known.insert(key.clone(), browser);
        }
        // Noise that a browser keeps and sends back.
        if ask.cookie("t").is_none() {
            lines.push("t=default; Path=/".to_owned());
        }
        self.here = Some(key);
        lines
    }

    /// Notes that this browser is shown a page to sign in on
    pub(super) fn show_login(&mut self, from_uri: Option<String>) {
        if let Some(browser) = self.here() {
            browser.at_login = true;
            if from_uri.is_some() {
                browser.from_uri = from_uri;
            }
        }
    }

    pub(super) fn kept_uri(&mut self) -> Option<String> {
        self.here()?.from_uri.clone()
    }

    /// The device token of the request at hand
    pub(super) fn device(&self) -> Option<String> {
        let browser = self.known.get(self.here.as_ref()?)?;
        Some(browser.device.clone())
    }

    /// Whether this is the very browser that was shown the page
    pub(super) fn may_finish(&mut self, ask: &Ask) -> bool {
        let device = ask.cookie("DT").map(str::to_owned);
        self.here()
            .is_some_and(|browser| browser.at_login && Some(&browser.device) == device.as_ref())
    }

    /// The browser of the request at hand, to be known again
    pub(super) fn stamp(&mut self) -> Stamp {
        let device = self.here().map(|browser| browser.device.clone());
        let (site, session) = self.here.clone().unwrap_or_default();
        Stamp {
            site,
            session,
            device: device.unwrap_or_default(),
        }
    }

    fn here(&mut self) -> Option<&mut Browser> {
        self.known.get_mut(self.here.as_ref()?)
    }
}

/// A browser by its host and its two cookies
pub(super) struct Stamp {
    site: String,
    session: String,
    device: String,
}

impl Stamp {
    /// Whether a request comes from that browser, with both cookies
    pub(super) fn fits(&self, ask: &Ask) -> bool {
        ask.site() == self.site
            && ask.cookie("JSESSIONID") == Some(&self.session)
            && ask.cookie("DT") == Some(&self.device)
    }
}

/// What a login page takes away: old sessions, with an end in the past
pub(super) fn cleared() -> Vec<String> {
    ["sid", "xids", "t", "oktaStateToken"]
        .map(|name| {
            format!("{name}=\"\";Version=1;Path=/;Max-Age=0;Expires=Thu, 01 Jan 1970 00:00:10 GMT")
        })
        .to_vec()
}

const DEVICE_LIFE: u64 = 63_072_000;
