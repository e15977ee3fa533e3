//! A login at the Okta org that takes one factor step after the other.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::{OktaFactor, OktaSwitches, OrgFactor, PASSWORD, Testbed, USER};
use serde_json::{Value, json};

use crate::driver::{Browser, Page};
use crate::okta::plain;

/// A login with its newest state
pub(crate) struct Login<'a> {
    pub(crate) browser: Browser<'a>,
    /// The page that it started on
    pub(crate) page: Page,
    /// The newest answer that had a state
    pub(crate) state: Page,
}

impl<'a> Login<'a> {
    /// Signs in with the password
    pub(crate) fn start(bed: &'a Testbed, user: &str) -> Result<Self, Box<dyn Error>> {
        Self::with(Browser::new(bed)?, user)
    }

    pub(crate) fn with(mut browser: Browser<'a>, user: &str) -> Result<Self, Box<dyn Error>> {
        let page = browser.start()?;
        let body = json!({"username": user, "password": PASSWORD});
        let state = browser.authn(&page, &body)?;
        Ok(Self {
            browser,
            page,
            state,
        })
    }

    /// Posts to a link of the newest state, and takes its answer for the newest if it has a status
    pub(crate) fn post(&mut self, href: &str, body: Value) -> Result<Page, Box<dyn Error>> {
        let mut body = body;
        body["stateToken"] = json!(self.state.string("/stateToken")?);
        let answer = self.browser.post_json(href, &body)?;
        if answer.string("/status").is_ok() {
            self.state = answer.clone();
        }
        Ok(answer)
    }

    /// Posts to the verify link that the list of factors gives
    pub(crate) fn verify(
        &mut self,
        factor: &OktaFactor,
        body: Value,
    ) -> Result<Page, Box<dyn Error>> {
        let href = format!(
            "{}/api/v1/authn/factors/{}/verify",
            self.browser.bed.okta_url(),
            factor.id()
        );
        self.post(&href, body)
    }

    /// Sends a code to the verify link
    pub(crate) fn code(&mut self, factor: &OktaFactor, code: &str) -> Result<Page, Box<dyn Error>> {
        self.verify(factor, json!({"passCode": code}))
    }

    /// Posts to the next link
    pub(crate) fn next(&mut self, body: Value) -> Result<Page, Box<dyn Error>> {
        let href = self.state.string("/_links/next/href")?;
        self.post(&href, body)
    }

    pub(crate) fn link(&mut self, name: &str) -> Result<Page, Box<dyn Error>> {
        let href = self.state.string(&format!("/_links/{name}/href"))?;
        self.post(&href, json!({}))
    }

    pub(crate) fn status(&self) -> Result<String, Box<dyn Error>> {
        self.state.string("/status")
    }

    /// Spends the session token, and goes on until there is a page
    pub(crate) fn finish(&mut self) -> Result<Page, Box<dyn Error>> {
        let token = self.state.string("/sessionToken")?;
        let resume = self.page.query("fromURI").ok_or("no fromURI")?;
        let resume = self.page.url.join(&resume)?;
        self.browser
            .okta_finish(&self.page, &token, resume.as_str())
    }

    /// Starts over with the state token of a step-up's page
    pub(crate) fn step_up(&mut self, extra: Page) -> Result<(), Box<dyn Error>> {
        let token = plain(&extra.between("var stateToken = '", "'").ok_or("no token")?);
        self.state = self.browser.authn(&extra, &json!({"stateToken": token}))?;
        Ok(())
    }
}

/// An org that asks [`USER`] for this factor after the password; its clock stands still
pub(crate) fn asking(factor: &OktaFactor) -> Result<Testbed, Box<dyn Error>> {
    asking_with(factor, OktaSwitches::default())
}

pub(crate) fn asking_with(
    factor: &OktaFactor,
    switches: OktaSwitches,
) -> Result<Testbed, Box<dyn Error>> {
    let org_factor = match switches.org_factor {
        OrgFactor::Never => OrgFactor::Always,
        chosen => chosen,
    };
    let switches = OktaSwitches {
        org_factor,
        ..switches
    };
    let bed = Testbed::builder()
        .enroll(USER, factor)
        .okta(switches)
        .start()?;
    bed.clock().hold();
    Ok(bed)
}

/// The code of now, or of so many steps from now
pub(crate) fn code(bed: &Testbed, totp: &OktaFactor, steps: i64) -> Result<String, Box<dyn Error>> {
    let at = bed.clock().seconds().saturating_add_signed(30 * steps);
    Ok(totp.code_at(at).ok_or("no codes by time")?)
}

/// A code that is none of the near ones
pub(crate) fn wrong(bed: &Testbed, totp: &OktaFactor) -> Result<String, Box<dyn Error>> {
    let near: Vec<String> = (-12..=12)
        .map(|steps| code(bed, totp, steps))
        .collect::<Result<_, _>>()?;
    let wrong = (0..).map(|number| format!("{number:06}"));
    Ok(wrong
        .take(100)
        .find(|code| !near.contains(code))
        .ok_or("no wrong code")?)
}

pub(crate) fn wait(bed: &Testbed, seconds: u64) {
    bed.clock().advance(Duration::from_secs(seconds));
}

/// Status and code of an error
pub(crate) fn error(page: &Page) -> Result<(u16, String), Box<dyn Error>> {
    Ok((page.status, page.string("/errorCode")?))
}
