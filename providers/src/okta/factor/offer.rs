//! What Okta offers, in the words of the contract.

use doorward::passkey::Binary;
use doorward::{Error, Factor, Page, Passkey, Url, Visit, one_line};
use serde_json::Value;

use crate::okta::exchange::{at_home, is_challenge, post_token, state_token};
use crate::okta::factor::is_seedless;
use crate::okta::passkey::is_another;

/// The factors of an answer
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// Those that can be answered, if the caller has what it takes
    pub(super) known: Vec<Offer>,
    /// One that another provider answers
    pub(super) elsewhere: Option<Start>,
    /// The others, as Okta calls them
    unknown: Vec<String>,
}

/// A factor of a kind that is known
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) factor: Factor,
    pub(super) start: Start,
}

/// Where a factor begins
#[derive(Debug)]
pub(super) struct Start {
    /// Nothing for one that was begun already
    pub(super) verify: Option<Url>,
    /// The device, number or address, as Okta shows it
    pub(super) name: String,
}

enum Kind {
    Known(Factor),
    Elsewhere,
    Unknown,
}

impl Offers {
    /// Reads the list of `answer`, or the one factor whose challenge it is
    pub(super) fn of(answer: &Page, passkey: Option<&Passkey>) -> Self {
        let begun = is_challenge(answer);
        // The documentation's samples call the list `factor`; servers send `factors`, and `factor` for the one at work.
        let keys = match begun {
            true => ["factor", "factors"],
            false => ["factors", "factor"],
        };
        let embedded = answer.json().and_then(|json| json.get("_embedded"));
        let list = embedded.and_then(|embedded| keys.iter().find_map(|key| embedded.get(key)));
        let list = match list {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let mut offers = Self::default();
        for item in list.iter().take(MOST) {
            offers.take(item, answer, passkey);
        }
        offers.known.sort_by_key(|offer| is_seedless(&offer.factor));
        offers
    }

    fn take(&mut self, item: &Value, answer: &Page, passkey: Option<&Passkey>) {
        let begun = is_challenge(answer);
        let verify = text(item, "/_links/verify/href").and_then(|href| Url::parse(href).ok());
        let has_start = begun || verify.is_some();
        let start = Start {
            verify: verify
                .filter(|_| !begun)
                .map(|url| at_home(answer.url(), &url)),
            name: name(item),
        };
        match Kind::of(item) {
            Kind::Known(factor @ Factor::Webauthn(_))
                if is_another(credential_id(item), passkey) =>
            {
                let name = start.name;
                self.unknown
                    .push(format!("{factor} of another key ({name})"));
            }
            Kind::Known(factor) if has_start => self.known.push(Offer { factor, start }),
            Kind::Elsewhere if has_start => {
                self.elsewhere.get_or_insert(start);
            }
            _ => self.unknown.push(shown(item)),
        }
    }

    /// Adds to the error that none can be answered what was passed over
    pub(super) fn explain(&self, error: Error) -> Error {
        match self.unknown.is_empty() {
            true => error,
            false => error.at("unknown", self.unknown.join(", ")),
        }
    }
}

impl Start {
    /// Begins: has a push or a code sent, or a challenge made
    ///
    /// Gives the challenge, which is `answer` itself where the factor was begun already.
    pub(super) async fn challenge(
        &self,
        answer: Page,
        visit: &mut Visit<'_>,
    ) -> Result<Page, Error> {
        match &self.verify {
            Some(url) => post_token(url, &state_token(&answer)?, visit).await,
            None => Ok(answer),
        }
    }
}

impl Kind {
    /// Source: <https://developer.okta.com/docs/reference/api/factors/#factor-type>
    fn of(item: &Value) -> Self {
        let provider = text(item, "/provider").map(|provider| one_line(&provider.to_lowercase()));
        Self::Known(match text(item, "/factorType").unwrap_or_default() {
            "call" => Factor::Call(provider),
            "email" => Factor::Email(provider),
            "push" => Factor::Push(provider),
            "question" => Factor::Question(provider),
            "sms" => Factor::Sms(provider),
            "token" | "token:hardware" | "token:hotp" => Factor::Hotp(provider),
            "token:software:totp" => Factor::Totp(provider),
            "webauthn" => Factor::Webauthn(provider),
            "assertion:oidc" | "assertion:saml2" | "claims_provider" => return Self::Elsewhere,
            _ => return Self::Unknown,
        })
    }
}

/// The name of a credential, as Okta's profiles have it
pub(super) fn credential_id(item: &Value) -> Option<Binary> {
    let id = text(item, "/profile/credentialId")?;
    // Documented as base64url; the other alphabet costs nothing.
    let id = id.replace('+', "-").replace('/', "_");
    Binary::from_base64url(&id).ok()
}

/// A profile may be empty, and says less before the password than after
fn name(item: &Value) -> String {
    let told = [
        "/profile/name",
        "/profile/authenticatorName",
        "/profile/phoneNumber",
        "/profile/email",
        "/vendorName",
    ];
    let name = told.iter().find_map(|pointer| text(item, pointer));
    name.map_or_else(|| shown(item), one_line)
}

/// Kind and provider, in Okta's own words
fn shown(item: &Value) -> String {
    let text = |pointer| one_line(text(item, pointer).unwrap_or("?"));
    format!("{} ({})", text("/factorType"), text("/provider"))
}

fn text<'a>(item: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = item.pointer(pointer)?.as_str()?;
    Some(text).filter(|text| !text.is_empty())
}

/// Nobody has more factors than that
const MOST: usize = 50;

#[cfg(test)]
mod tests {
    use doorward::passkey::{Binary, Passkey};
    use doorward::{Error, Page};
    use serde_json::{Value, json};

    use super::Offers;

    fn item(kind: &str, provider: &str, profile: Value) -> Value {
        let href = format!("https://o.test/api/v1/authn/factors/{kind}/verify");
        json!({ "factorType": kind, "provider": provider, "profile": profile,
            "_links": { "verify": { "href": href, "hints": { "allow": ["POST"] } } } })
    }

    fn offers(key: &str, list: &Value, passkey: Option<&Passkey>) -> Offers {
        let status = match list {
            Value::Array(_) => "MFA_REQUIRED",
            _ => "MFA_CHALLENGE",
        };
        let body = json!({ "status": status, "_embedded": { key: list } });
        let headers = [("content-type", "application/json")];
        let url = "https://o.test/api/v1/authn";
        let page = Page::response(url, 200, &headers, &body.to_string()).unwrap();
        Offers::of(&page, passkey)
    }

    fn factors(offers: &Offers) -> Vec<String> {
        let known = offers.known.iter();
        known.map(|offer| offer.factor.to_string()).collect()
    }

    #[test]
    fn every_kind_has_its_factor_under_either_name_of_the_list() {
        let kinds = [
            ("call", "OKTA", "call:okta"),
            ("email", "OKTA", "email:okta"),
            ("push", "OKTA", "push:okta"),
            ("question", "OKTA", "question:okta"),
            ("sms", "OKTA", "sms:okta"),
            ("token", "RSA", "hotp:rsa"),
            ("token", "SYMANTEC", "hotp:symantec"),
            ("token:hardware", "YUBICO", "hotp:yubico"),
            ("token:hotp", "CUSTOM", "hotp:custom"),
            ("token:software:totp", "GOOGLE", "totp:google"),
            ("webauthn", "FIDO", "webauthn:fido"),
        ];
        let list = kinds.map(|(kind, provider, _)| item(kind, provider, json!({})));
        let expected = kinds.map(|(_, _, factor)| factor.to_owned());

        for key in ["factors", "factor"] {
            let offers = offers(key, &json!(list), None);

            assert_eq!(factors(&offers), expected);
            assert!(
                offers
                    .known
                    .iter()
                    .all(|offer| offer.start.verify.is_some())
            );
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_named() {
        let no_link = json!({ "factorType": "sms", "provider": "OKTA" });
        let list = json!([
            item("telepathy", "ACME\n::error::", json!({})),
            no_link,
            7,
            null,
            { "factorType": [], "provider": {}, "_links": [] },
            item("u2f", "FIDO", json!({})),
            item("web", "DUO", json!({})),
        ]);

        let offers = offers("factors", &list, None);

        assert!(offers.known.is_empty() && offers.elsewhere.is_none());
        let error = offers.explain(Error::unsupported("no")).to_string();
        for name in [
            "telepathy (ACME :\\:error:\\:)",
            "sms (OKTA)",
            "u2f (FIDO)",
            "web (DUO)",
        ] {
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn the_totp_whose_seed_nobody_sees_comes_last() {
        let list = json!([
            item("token:software:totp", "OKTA", json!({})),
            item("sms", "OKTA", json!({})),
            item("token:software:totp", "GOOGLE", json!({})),
        ]);

        let offers = offers("factors", &list, None);

        assert_eq!(factors(&offers), ["sms:okta", "totp:google", "totp:okta"]);
    }

    #[test]
    fn of_several_keys_the_one_of_the_passkey_is_offered() {
        let passkey = Passkey::generate("o.test", &Binary::new("ci")).unwrap();
        let own = passkey.credential_id().to_base64();
        let list = json!([
            item(
                "webauthn",
                "FIDO",
                json!({ "credentialId": "aGVsbG8", "authenticatorName": "A" })
            ),
            item(
                "webauthn",
                "FIDO",
                json!({ "credentialId": own, "authenticatorName": "B" })
            ),
        ]);

        let known = offers("factors", &list, Some(&passkey)).known;

        assert_eq!(known.len(), 1);
        assert_eq!(known[0].start.name, "B");
        assert_eq!(offers("factors", &list, None).known.len(), 2);
    }

    #[test]
    fn a_provider_elsewhere_is_kept_apart() {
        for kind in ["claims_provider", "assertion:saml2", "assertion:oidc"] {
            let mut list = item(kind, "CUSTOM", json!({}));
            list["vendorName"] = "Duo".into();

            let offers = offers("factors", &json!([list]), None);

            assert!(offers.known.is_empty());
            assert_eq!(offers.elsewhere.unwrap().name, "Duo", "{kind}");
        }
    }

    #[test]
    fn a_factor_at_work_is_begun_already() {
        let mut factor = item("push", "OKTA", json!({ "name": "Pixel" }));
        let begun = offers("factor", &factor, None);
        assert!(begun.known[0].start.verify.is_none());
        assert_eq!(begun.known[0].start.name, "Pixel");

        factor["_links"] = Value::Null;
        assert_eq!(factors(&offers("factor", &factor, None)), ["push:okta"]);
    }
}
