//! The org as a SAML identity provider.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use url::form_urlencoded;

use crate::clock::iso_date;
use crate::http::{Answer, Ask, encode, escape_html};
use crate::okta::sso::cookies_lost;
use crate::okta::{Okta, SAML_PATH, pages};
use crate::person::Person;
use crate::random;
use crate::world::{OKTA_HOST, World};

impl Okta {
    pub(super) fn saml(&mut self, ask: &Ask, world: &World) -> Answer {
        let request = match self.read_request(ask, world) {
            Ok(request) => request,
            Err(problem) => {
                world.complain(format!("the SAML request was refused: {problem}"));
                return Answer::html(400, pages::message("Acme - Bad Request", problem));
            }
        };
        let Some(place) = self.session_place(ask, world) else {
            let resume = if ask.method() == "GET" {
                ask.uri()
            } else {
                let field = |name: &str| encode(&ask.field(name).unwrap_or_default());
                format!(
                    "{SAML_PATH}?SAMLRequest={}&RelayState={}",
                    field("SAMLRequest"),
                    field("RelayState")
                )
            };
            return self.send_to_login(&resume, ask, world);
        };
        if self.wants_step_up(place) {
            return self.step_up(place, ask.uri(), ask, world);
        }
        if self.switches.unassigned {
            let text = "User is not assigned to this application.";
            return Answer::html(403, pages::message("Acme - Error", text));
        }
        let person = self
            .sessions
            .get(place)
            .map(|session| session.person.clone());
        let (Some(person), Some(portal)) = (person, self.portal.clone()) else {
            return cookies_lost(world);
        };
        let id = attribute(&request, "ID").unwrap_or_default();
        let response = world.secret(response(&id, &portal.acs, &person, world));
        self.assertions.insert(response.clone(), person);
        let relay_state = if self.switches.empty_relay_state {
            String::new()
        } else {
            ask.param("RelayState").unwrap_or_default()
        };
        let fields = [
            ("SAMLResponse", response.as_str()),
            ("RelayState", relay_state.as_str()),
        ];
        Answer::html(200, pages::auto_post(&portal.acs, &fields))
    }

    /// The request's XML, if it is the portal's own
    fn read_request(&self, ask: &Ask, world: &World) -> Result<String, &'static str> {
        let portal = self.portal.as_ref().ok_or("no app is registered")?;
        if ask.path() != SAML_PATH {
            return Err("The app does not exist.");
        }
        let sent = ask.param("SAMLRequest").ok_or("SAMLRequest is missing.")?;
        let xml = read_xml(&sent).ok_or("SAMLRequest cannot be read.")?;
        if attribute(&xml, "AssertionConsumerServiceURL").as_deref() != Some(&portal.acs) {
            return Err("The assertion consumer service is not the app's.");
        }
        // The signature covers the query as it was written: any other encoding breaks it.
        if let Some((signed, signature)) = ask.raw_query().split_once("&Signature=") {
            let signature = form_urlencoded::parse(format!("s={signature}").as_bytes())
                .next()
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default();
            if !world.keys.verify(signed, &signature) {
                return Err("The signature of the request is not valid.");
            }
        }
        Ok(xml)
    }
}

/// Deflated in a query, plain in a form
fn read_xml(sent: &str) -> Option<String> {
    let raw = STANDARD.decode(sent).ok()?;
    let mut xml = String::new();
    let inflated = DeflateDecoder::new(raw.as_slice())
        .take(LARGEST_REQUEST)
        .read_to_string(&mut xml);
    match inflated {
        Ok(_) => Some(xml),
        Err(_) => String::from_utf8(raw).ok(),
    }
}

fn attribute(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

fn response(in_response_to: &str, acs: &str, person: &Person, world: &World) -> String {
    let now = world.clock().seconds();
    let groups: String = person
        .groups
        .iter()
        .map(|group| {
            format!(
                "<saml2:AttributeValue>{}</saml2:AttributeValue>",
                escape_html(group)
            )
        })
        .collect();
    let issuer = format!(
        "http://www.okta.com/{}",
        SAML_PATH.split('/').nth(3).unwrap_or(OKTA_HOST)
    );
    let assertion = format!(
        "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"id{}\" \
         IssueInstant=\"{}\" Version=\"2.0\"><saml2:Issuer>{issuer}</saml2:Issuer><saml2:Subject>\
         <saml2:NameID>{}</saml2:NameID><saml2:SubjectConfirmation \
         Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml2:SubjectConfirmationData \
         InResponseTo=\"{in_response_to}\" NotOnOrAfter=\"{}\" Recipient=\"{acs}\"/>\
         </saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions NotBefore=\"{}\" \
         NotOnOrAfter=\"{}\"><saml2:AudienceRestriction><saml2:Audience>{acs}</saml2:Audience>\
         </saml2:AudienceRestriction></saml2:Conditions><saml2:AttributeStatement>\
         <saml2:Attribute Name=\"memberOf\">{groups}</saml2:Attribute></saml2:AttributeStatement>\
         </saml2:Assertion>",
        random::alphanumeric(30),
        iso_date(now),
        escape_html(&person.login),
        iso_date(now + 300),
        iso_date(now - 300),
        iso_date(now + 300),
    );
    let signature = world.keys.sign(&assertion);
    STANDARD.encode(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><saml2p:Response \
         xmlns:saml2p=\"urn:oasis:names:tc:SAML:2.0:protocol\" Destination=\"{acs}\" ID=\"id{}\" \
         InResponseTo=\"{in_response_to}\" IssueInstant=\"{}\" Version=\"2.0\"><saml2p:Status>\
         <saml2p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></saml2p:Status>\
         <ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignatureValue>{signature}\
         </ds:SignatureValue></ds:Signature>{assertion}</saml2p:Response>",
        random::alphanumeric(30),
        iso_date(now),
    ))
}

const LARGEST_REQUEST: u64 = 1 << 20;
