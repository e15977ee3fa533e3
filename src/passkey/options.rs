//! The JSON forms of what a page asks its browser for.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::passkey::{Binary, PasskeyError};

/// What a page wants signed
///
/// Source: <https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialrequestoptionsjson>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestOptions {
    challenge: Option<String>,
    pub(super) rp_id: Option<String>,
    allow_credentials: Option<Vec<Descriptor>>,
    user_verification: Option<String>,
    public_key: Option<Box<Self>>,
}

/// What a page wants made
///
/// Source: <https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreationOptions {
    challenge: Option<String>,
    rp: Option<RelyingParty>,
    user: Option<User>,
    pub_key_cred_params: Option<Vec<Parameters>>,
    exclude_credentials: Option<Vec<Descriptor>>,
    authenticator_selection: Option<Selection>,
    public_key: Option<Box<Self>>,
}

#[derive(Debug, Deserialize)]
struct RelyingParty {
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Parameters {
    #[serde(rename = "type")]
    kind: Option<String>,
    alg: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    user_verification: Option<String>,
}

impl RequestOptions {
    /// Reads the options, or an object that holds them as `publicKey`
    pub(super) fn parse(json: &[u8]) -> Result<Self, PasskeyError> {
        let mut options: Self = read(json)?;
        Ok(options.public_key.take().map_or(options, |inner| *inner))
    }

    pub(super) fn challenge(&self) -> Result<Binary, PasskeyError> {
        binary("challenge", self.challenge.as_deref(), MOST_CHALLENGE)
    }

    pub(super) fn allowed(&self) -> Result<Vec<Binary>, PasskeyError> {
        ids("allowCredentials", self.allow_credentials.as_deref())
    }

    pub(super) fn wants_verification(&self) -> bool {
        is_wanted(self.user_verification.as_deref())
    }
}

impl CreationOptions {
    /// Reads the options, or an object that holds them as `publicKey`
    pub(super) fn parse(json: &[u8]) -> Result<Self, PasskeyError> {
        let mut options: Self = read(json)?;
        Ok(options.public_key.take().map_or(options, |inner| *inner))
    }

    pub(super) fn challenge(&self) -> Result<Binary, PasskeyError> {
        binary("challenge", self.challenge.as_deref(), MOST_CHALLENGE)
    }

    pub(super) fn rp_id(&self) -> Option<&str> {
        self.rp.as_ref()?.id.as_deref()
    }

    pub(super) fn user_handle(&self) -> Result<Binary, PasskeyError> {
        let id = self.user.as_ref().and_then(|user| user.id.as_deref());
        binary("user.id", id, MOST_USER_HANDLE)
    }

    pub(super) fn excluded(&self) -> Result<Vec<Binary>, PasskeyError> {
        ids("excludeCredentials", self.exclude_credentials.as_deref())
    }

    pub(super) fn wants_verification(&self) -> bool {
        let selection = self.authenticator_selection.as_ref();
        is_wanted(selection.and_then(|selection| selection.user_verification.as_deref()))
    }

    /// Whether ES256 will do; an empty list stands for the standard's own, which has it
    pub(super) fn check_algorithm(&self) -> Result<(), PasskeyError> {
        let list = self.pub_key_cred_params.as_deref();
        let list = list.ok_or(PasskeyError::Missing("pubKeyCredParams"))?;
        let is_es256 = |entry: &Parameters| {
            entry.alg == Some(ES256) && entry.kind.as_deref() == Some(PUBLIC_KEY)
        };
        match list.is_empty() || list.iter().any(is_es256) {
            true => Ok(()),
            false => Err(PasskeyError::NoCommonAlgorithm),
        }
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, PasskeyError> {
    if json.len() > MAX_BYTES {
        return Err(PasskeyError::RequestTooLong);
    }
    // The library's own messages may quote the text.
    serde_json::from_slice(json).map_err(|error| PasskeyError::Json {
        line: error.line(),
        column: error.column(),
    })
}

/// The identifiers in a list of credentials; those of a type that is not known are passed over, as in a browser
fn ids(name: &'static str, list: Option<&[Descriptor]>) -> Result<Vec<Binary>, PasskeyError> {
    let list = list.unwrap_or_default().iter();
    let known = list.filter(|entry| entry.kind.as_deref().is_none_or(|kind| kind == PUBLIC_KEY));
    let ids = known.map(|entry| binary(name, entry.id.as_deref(), MOST_CREDENTIAL_ID));
    ids.collect()
}

fn binary(name: &'static str, text: Option<&str>, most: usize) -> Result<Binary, PasskeyError> {
    let text = text.ok_or(PasskeyError::Missing(name))?;
    let binary = Binary::from_base64url(text).map_err(|_| PasskeyError::Field(name))?;
    match (1..=most).contains(&binary.as_bytes().len()) {
        true => Ok(binary),
        false => Err(PasskeyError::Field(name)),
    }
}

/// `preferred` is what no value, and one that is not known, stands for
fn is_wanted(user_verification: Option<&str>) -> bool {
    user_verification != Some("discouraged")
}

/// The name of the algorithm in COSE
pub(super) const ES256: i64 = -7;

/// The only type of credential
pub(super) const PUBLIC_KEY: &str = "public-key";

pub(super) const MOST_CHALLENGE: usize = 1024;

/// Source: <https://www.w3.org/TR/webauthn-3/#credential-id>
pub(super) const MOST_CREDENTIAL_ID: usize = 1023;

/// Source: <https://www.w3.org/TR/webauthn-3/#user-handle>
pub(super) const MOST_USER_HANDLE: usize = 64;

const MAX_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};
    use serde_json::json;

    use super::{CreationOptions, MAX_BYTES, RequestOptions};
    use crate::passkey::{Binary, PasskeyError};

    fn creation(change: impl FnOnce(&mut serde_json::Value)) -> CreationOptions {
        let mut options = json!({
            "rp": { "name": "Example", "id": "example.com" },
            "user": { "id": "Y2k", "name": "ci", "displayName": "CI" },
            "challenge": "AAEC",
            "pubKeyCredParams": [{ "type": "public-key", "alg": -8 }, { "type": "public-key", "alg": -7 }],
            "timeout": 60000,
            "excludeCredentials": [{ "type": "public-key", "id": "AQ", "transports": ["usb"] }],
            "authenticatorSelection": { "userVerification": "required", "residentKey": "preferred" },
            "attestation": "direct",
            "extensions": { "credProps": true },
        });
        change(&mut options);
        CreationOptions::parse(options.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_a_page_wants_made_is_read() {
        let options = creation(|_| {});

        assert_eq!(options.challenge(), Ok(Binary::new([0, 1, 2])));
        assert_eq!(options.rp_id(), Some("example.com"));
        assert_eq!(options.user_handle(), Ok(Binary::new("ci")));
        assert_eq!(options.excluded(), Ok(vec![Binary::new([1])]));
        assert_eq!(options.check_algorithm(), Ok(()));
        assert!(options.wants_verification());
    }

    #[test]
    fn es256_must_be_among_the_algorithms() {
        let check = |list| creation(|options| options["pubKeyCredParams"] = list).check_algorithm();

        assert_eq!(check(json!([])), Ok(()));
        for list in [
            json!([{ "type": "public-key", "alg": -257 }]),
            json!([{ "type": "other", "alg": -7 }]),
            json!([{}]),
        ] {
            assert_eq!(check(list), Err(PasskeyError::NoCommonAlgorithm));
        }
        let missing = PasskeyError::Missing("pubKeyCredParams");
        assert_eq!(check(json!(null)), Err(missing));
    }

    #[test]
    fn fields_that_are_missing_or_odd_are_named() {
        let options = creation(|options| {
            options["challenge"] = json!("");
            options["user"]["id"] = json!("A".repeat(88));
            options["excludeCredentials"][0]["id"] = json!("+");
        });

        assert_eq!(options.challenge(), Err(PasskeyError::Field("challenge")));
        assert_eq!(options.user_handle(), Err(PasskeyError::Field("user.id")));
        let excluded = PasskeyError::Field("excludeCredentials");
        assert_eq!(options.excluded(), Err(excluded));
        let options = creation(|options| {
            for name in ["challenge", "user", "rp", "authenticatorSelection"] {
                options[name] = json!(null);
            }
        });
        assert_eq!(options.challenge(), Err(PasskeyError::Missing("challenge")));
        assert_eq!(options.user_handle(), Err(PasskeyError::Missing("user.id")));
        assert_eq!(options.rp_id(), None);
        assert!(options.wants_verification());
    }

    #[test]
    fn what_a_page_wants_signed_is_read_with_and_without_its_wrapping() {
        let options = json!({
            "challenge": "AAEC",
            "rpId": "example.com",
            "allowCredentials": [
                { "type": "public-key", "id": "AQ==" },
                { "type": "password", "id": "canary" },
                { "id": "Ag" },
            ],
            "userVerification": "discouraged",
        });
        for json in [options.clone(), json!({ "publicKey": options, "x": 1 })] {
            let options = RequestOptions::parse(json.to_string().as_bytes()).unwrap();

            assert_eq!(options.challenge(), Ok(Binary::new([0, 1, 2])));
            assert_eq!(options.rp_id.as_deref(), Some("example.com"));
            let allowed = vec![Binary::new([1]), Binary::new([2])];
            assert_eq!(options.allowed(), Ok(allowed));
            assert!(!options.wants_verification());
        }
    }

    #[test]
    fn what_is_no_request_is_refused_without_its_text() {
        let deep = format!("{}1", r#"{"publicKey":"#.repeat(5000));
        for odd in [
            "",
            "canary",
            "[",
            "\"canary\"",
            r#"{"challenge":1}"#,
            r#"{"challenge":"canary","challenge":"AA"}"#,
            r#"{"challenge":"AA"} canary"#,
            r#"{"allowCredentials":["canary"]}"#,
            &deep,
        ] {
            let error = RequestOptions::parse(odd.as_bytes()).unwrap_err();

            assert!(matches!(error, PasskeyError::Json { .. }), "{odd}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
        let long = " ".repeat(MAX_BYTES + 1);
        let error = RequestOptions::parse(long.as_bytes()).unwrap_err();
        assert_eq!(error, PasskeyError::RequestTooLong);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            let _ = RequestOptions::parse(&bytes);
            let json = json!({ "challenge": text, "user": { "id": text } }).to_string();
            let options = CreationOptions::parse(json.as_bytes()).unwrap();
            let _ = options.challenge();
            let _ = options.user_handle();
        }
    }
}
