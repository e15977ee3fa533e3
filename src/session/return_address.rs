//! Reads where the answer to a sign-in request is to go, before anything secret is sent.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use scraper::{Html, Selector};
use url::{Url, form_urlencoded};

use crate::Request;

/// The URL to which the provider is asked to send its answer, where the request says so
///
/// Read from `redirect_uri` (OpenID Connect, OAuth), `wreply` (WS-Federation), and the
/// `AssertionConsumerServiceURL` within a `SAMLRequest`, in the query or in the form.
pub(crate) fn return_address(request: &Request) -> Option<Url> {
    let parameter = |name: &str| {
        let form = request
            .form()
            .and_then(|form| form.value(name))
            .map(str::to_owned);
        form.or_else(|| query_value(request.url(), name))
    };
    let address = parameter("redirect_uri")
        .or_else(|| parameter("wreply"))
        .or_else(|| consumer_service(&parameter("SAMLRequest")?))?;
    Url::parse(&address).ok()
}

fn query_value(url: &Url, name: &str) -> Option<String> {
    let query = url.query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The POST binding encodes the XML in base64; the redirect binding deflates it first
///
/// Source: <https://docs.oasis-open.org/security/saml/v2.0/saml-bindings-2.0-os.pdf>, 3.4.4.1 and 3.5.4
fn consumer_service(request: &str) -> Option<String> {
    let packed: String = request.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(packed).ok()?;
    let plain = match bytes.trim_ascii_start().starts_with(b"<") {
        true => bytes,
        false => {
            let mut plain = Vec::new();
            DeflateDecoder::new(bytes.as_slice())
                .take(XML_LIMIT)
                .read_to_end(&mut plain)
                .ok()?;
            plain
        }
    };
    let limit = usize::try_from(XML_LIMIT).unwrap_or(usize::MAX);
    if plain.len() >= limit {
        return None;
    }
    let xml = String::from_utf8(plain).ok()?;
    // An HTML parser finds the attribute just as well, in lower case: no XML parser for one attribute.
    let start = xml.find("AuthnRequest")?;
    let open = xml.get(..start)?.rfind('<')?;
    let close = open + xml.get(open..)?.find('>')?;
    let tag = xml.get(open + 1..close)?.trim_end_matches('/');
    let attributes = tag.split_once(char::is_whitespace)?.1;
    let html = Html::parse_fragment(&format!("<p {attributes}>"));
    let selector = Selector::parse("p").ok()?;
    let value = html
        .select(&selector)
        .next()?
        .value()
        .attr("assertionconsumerserviceurl")?;
    Some(value.to_owned())
}

const XML_LIMIT: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use url::Url;

    use super::return_address;
    use crate::Request;
    use crate::page::Form;

    const XML: &str = r#"<?xml version="1.0"?><samlp:AuthnRequest xmlns:samlp="urn:x" ID="f1"
        AssertionConsumerServiceURL="https://portal.test/auth/saml2?a=1&amp;b=2" IsPassive="false"><x/></samlp:AuthnRequest>"#;

    fn address(url: &str) -> Option<String> {
        return_address(&Request::get(&Url::parse(url).unwrap())).map(String::from)
    }

    fn deflated(xml: &str) -> String {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(xml.as_bytes()).unwrap();
        STANDARD.encode(encoder.finish().unwrap())
    }

    #[test]
    fn redirect_uri_and_wreply_are_read() {
        let oidc = "https://idp.test/auth?redirect_uri=https%3A%2F%2Fportal.test%2Fauth%2Foidc&state=a%3Db";
        assert_eq!(
            address(oidc).as_deref(),
            Some("https://portal.test/auth/oidc")
        );
        assert_eq!(
            address("https://idp.test/?wreply=https://rp.test/").as_deref(),
            Some("https://rp.test/")
        );
        assert_eq!(address("https://idp.test/?client_id=1"), None);
    }

    #[test]
    fn a_deflated_saml_request_is_read() {
        let mut url = Url::parse("https://idp.test/sso").unwrap();
        url.query_pairs_mut()
            .append_pair("SAMLRequest", &deflated(XML));

        assert_eq!(
            address(url.as_str()).as_deref(),
            Some("https://portal.test/auth/saml2?a=1&b=2")
        );
    }

    #[test]
    fn a_posted_saml_request_is_read() {
        let mut form = Form::post(&Url::parse("https://idp.test/sso").unwrap());
        form.set("SAMLRequest", &STANDARD.encode(XML));

        let address = return_address(&Request::submit(form)).unwrap();

        assert_eq!(address.host_str(), Some("portal.test"));
    }

    #[test]
    fn a_bomb_or_garbage_gives_no_address() {
        let bomb = deflated(&"<AuthnRequest ".repeat(1_000_000));
        for text in [
            bomb.as_str(),
            "!!!",
            "AAAA",
            &STANDARD.encode("<AuthnRequest"),
            &STANDARD.encode("AuthnRequest>"),
        ] {
            let mut url = Url::parse("https://idp.test/sso").unwrap();
            url.query_pairs_mut().append_pair("SAMLRequest", text);
            assert_eq!(address(url.as_str()), None);
        }
    }
}
