//! A login at the Identity Engine, form by form.

use std::error::Error;

use doorward_testkit::{IdxSwitches, OktaFactor, OktaSwitches, PASSWORD, Round, Testbed, USER};
use reqwest::Method;
use serde_json::{Value, json};

use crate::driver::{Browser, Page};
use crate::okta::plain;

/// A login, with the last document
pub(crate) struct Login<'a> {
    pub(crate) browser: Browser<'a>,
    /// The page at the app's own URL
    pub(crate) page: Page,
    pub(crate) token: String,
    pub(crate) document: Page,
}

pub(crate) fn bed(idx: IdxSwitches) -> Result<Testbed, Box<dyn Error>> {
    bed_with(idx, &[])
}

/// An org where [`USER`] has these factors
pub(crate) fn bed_with<'a>(
    idx: IdxSwitches,
    factors: impl IntoIterator<Item = &'a OktaFactor>,
) -> Result<Testbed, Box<dyn Error>> {
    enrolled(org(idx), factors)
}

pub(crate) fn enrolled<'a>(
    okta: OktaSwitches,
    factors: impl IntoIterator<Item = &'a OktaFactor>,
) -> Result<Testbed, Box<dyn Error>> {
    let builder = Testbed::builder().okta(okta);
    let builder = factors
        .into_iter()
        .fold(builder, |builder, factor| builder.enroll(USER, factor));
    Ok(builder.start()?)
}

/// An org that asks for the password and a factor
pub(crate) fn two_steps() -> IdxSwitches {
    IdxSwitches {
        policy: vec![Round::Password, Round::Factor],
        ..IdxSwitches::default()
    }
}

/// The vendor's own app with all its methods
pub(crate) fn okta_verify(push: OktaFactor) -> Vec<OktaFactor> {
    vec![OktaFactor::fastpass(), push, OktaFactor::totp("OKTA")]
}

pub(crate) fn org(idx: IdxSwitches) -> OktaSwitches {
    OktaSwitches {
        identity_engine: true,
        idx,
        ..OktaSwitches::default()
    }
}

impl<'a> Login<'a> {
    /// A login up to the first document
    pub(crate) fn start(bed: &'a Testbed) -> Result<Self, Box<dyn Error>> {
        let mut browser = Browser::new(bed)?;
        let page = browser.start()?;
        Self::on(browser, page)
    }

    /// A login on a page that is there already
    pub(crate) fn on(mut browser: Browser<'a>, page: Page) -> Result<Self, Box<dyn Error>> {
        let token = page
            .between("\\x22stateToken\\x22\\x3A\\x22", "\\x22")
            .ok_or("no token")?;
        let token = plain(&token);
        let document = introspect(&mut browser, &page, &token)?;
        Ok(Self {
            browser,
            page,
            token,
            document,
        })
    }

    /// A login up to the first factor, with user name and password sent
    pub(crate) fn past_password(bed: &'a Testbed) -> Result<Self, Box<dyn Error>> {
        let mut login = Self::start(bed)?;
        login.send("identify", json!({"identifier": USER}))?;
        login.send("challenge-authenticator", passcode(PASSWORD))?;
        Ok(login)
    }

    /// The remediation of that name
    pub(crate) fn form(&self, name: &str) -> Result<Value, Box<dyn Error>> {
        let document = self.document.json()?;
        let found = remediations(&document)
            .into_iter()
            .find(|one| one.get("name") == Some(&json!(name)));
        Ok(found.ok_or_else(|| format!("no {name} in {}", self.document.text))?)
    }

    /// Names of all remediations, in order
    pub(crate) fn names(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let document = self.document.json()?;
        let names = remediations(&document);
        let names = names.iter().filter_map(|one| one.get("name")?.as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// Sends the form of that name with these values and its own handle
    pub(crate) fn send(&mut self, name: &str, values: Value) -> Result<&Page, Box<dyn Error>> {
        let form = self.form(name)?;
        self.send_form(&form, values)
    }

    pub(crate) fn send_form(
        &mut self,
        form: &Value,
        mut values: Value,
    ) -> Result<&Page, Box<dyn Error>> {
        let href = form.get("href").and_then(Value::as_str).ok_or("no href")?;
        values["stateHandle"] = handle_of(form).ok_or("no handle")?;
        let page = self.browser.post_json(href, &values)?;
        // A refusal without a handle does not change what can be sent.
        if page.string("/stateHandle").is_ok() || page.status == 200 {
            self.document = page;
            return Ok(&self.document);
        }
        self.document.status = page.status;
        Err(format!("{} {}", page.status, page.text).into())
    }

    /// The values of the option for an authenticator of that key
    pub(crate) fn option(&self, key: &str) -> Result<Value, Box<dyn Error>> {
        let document = self.document.json()?;
        let all = document.pointer("/authenticatorEnrollments/value");
        let all = all.and_then(Value::as_array).ok_or("no enrolments")?;
        let id = all
            .iter()
            .find(|one| one.get("key") == Some(&json!(key)))
            .and_then(|one| one.get("authenticatorId"));
        let id = id.ok_or_else(|| format!("no {key}"))?;
        let found = self
            .options()?
            .into_iter()
            .find(|one| one.get("id") == Some(id));
        Ok(found.ok_or_else(|| format!("no option for {key}"))?)
    }

    /// The fixed values of each option
    pub(crate) fn options(&self) -> Result<Vec<Value>, Box<dyn Error>> {
        let form = self.form("select-authenticator-authenticate")?;
        let options = form.pointer("/value/0/options").and_then(Value::as_array);
        let options = options.ok_or("no options")?.iter();
        Ok(options
            .map(|option| {
                let fields = option
                    .pointer("/value/form/value")
                    .or_else(|| option.pointer("/form/value"))
                    .and_then(Value::as_array);
                let mut values = json!({});
                for field in fields.into_iter().flatten() {
                    let name = field
                        .get("name")
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    if let Some(value) = field.get("value") {
                        values[name] = value.clone();
                    }
                }
                values
            })
            .collect())
    }

    /// Chooses an authenticator by its key, with a method if there are several
    pub(crate) fn choose(&mut self, key: &str, method: Option<&str>) -> Result<(), Box<dyn Error>> {
        let mut option = self.option(key)?;
        if let Some(method) = method {
            option["methodType"] = json!(method);
        }
        self.send(
            "select-authenticator-authenticate",
            json!({"authenticator": option}),
        )?;
        Ok(())
    }

    /// Answers with the current code of a factor
    pub(crate) fn answer_code(&mut self, one: &OktaFactor) -> Result<(), Box<dyn Error>> {
        let code = one
            .code_at(self.browser.bed.clock().seconds())
            .ok_or("no code")?;
        self.send("challenge-authenticator", passcode(&code))?;
        Ok(())
    }

    /// The key of the first global message
    pub(crate) fn message(&self) -> Result<String, Box<dyn Error>> {
        self.document.string("/messages/value/0/i18n/key")
    }

    /// The key of a message at a field of the answer
    pub(crate) fn field_message(&self) -> Result<String, Box<dyn Error>> {
        let form = self.form("challenge-authenticator")?;
        let fields = form
            .pointer("/value/0/form/value")
            .and_then(Value::as_array);
        let key = fields
            .into_iter()
            .flatten()
            .find_map(|field| field.pointer("/messages/value/0/i18n/key")?.as_str());
        Ok(key.ok_or("no message at a field")?.to_owned())
    }

    /// Follows the way out
    pub(crate) fn finish(&mut self) -> Result<Page, Box<dyn Error>> {
        let href = self.document.string("/success/href")?;
        self.browser.open(&href)
    }
}

pub(crate) fn introspect(
    browser: &mut Browser<'_>,
    page: &Page,
    token: &str,
) -> Result<Page, Box<dyn Error>> {
    let url = page.url.join("/idp/idx/introspect")?;
    let body = json!({"stateToken": token}).to_string();
    browser.send(Method::POST, url.as_str(), |request| {
        request
            .header("Accept", ION)
            .header("Content-Type", ION)
            .body(body)
    })
}

pub(crate) fn passcode(code: &str) -> Value {
    json!({"credentials": {"passcode": code}})
}

pub(crate) fn handle_of(form: &Value) -> Option<Value> {
    let fields = form.get("value")?.as_array()?;
    let handle = fields
        .iter()
        .find(|field| field.get("name") == Some(&json!("stateHandle")))?;
    handle.get("value").cloned()
}

fn remediations(document: &Value) -> Vec<Value> {
    let all = document.pointer("/remediation/value");
    all.and_then(Value::as_array).cloned().unwrap_or_default()
}

pub(crate) const ION: &str = "application/ion+json; okta-version=1.0.0";
