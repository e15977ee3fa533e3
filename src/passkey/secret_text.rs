//! A passkey as one text: `name: value` lines and a PEM private key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::passkey::key::SigningKey;
use crate::passkey::rp_id::check_domain;
use crate::passkey::{Binary, Passkey, PasskeyError, SignCounter};
use crate::passkey::{check_credential_id, check_user_handle};
use crate::secret::Secret;

/// Reads the lines, or the base64 of them
pub(super) fn parse(text: &str) -> Result<Passkey, PasskeyError> {
    if text.len() > MAX_BYTES {
        return Err(PasskeyError::TextTooLong);
    }
    if text.contains(BEGIN) {
        return Reader::default().read(text);
    }
    let mut packed = Zeroizing::new(String::with_capacity(text.len()));
    packed.extend(text.split_ascii_whitespace());
    let lines = decode(&packed).ok_or(PasskeyError::NoKey)?;
    match str::from_utf8(&lines) {
        Ok(lines) if lines.contains(BEGIN) => Reader::default().read(lines),
        _ => Err(PasskeyError::NoKey),
    }
}

/// Writes what [`parse`] reads
pub(super) fn print(passkey: &Passkey) -> Result<Secret, PasskeyError> {
    let der = passkey.key.to_pkcs8()?;
    let mut base64 = Zeroizing::new(vec![0; der.len() * 2 + 4]);
    let length = STANDARD.encode_slice(&*der, &mut base64);
    let length = length.map_err(|_| PasskeyError::Cryptography)?;

    // Made large enough at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(MAX_BYTES));
    let mut line = |parts: &[&str]| {
        text.extend(parts.iter().copied());
        text.push('\n');
    };
    if let Some(rp_id) = &passkey.rp_id {
        line(&[RP_ID, ": ", rp_id]);
    }
    if let Some(user_handle) = &passkey.user_handle {
        line(&[USER_HANDLE, ": ", &user_handle.to_base64url()]);
    }
    line(&[CREDENTIAL_ID, ": ", &passkey.credential_id.to_base64url()]);
    if passkey.counter == SignCounter::Clock {
        line(&[SIGN_COUNTER, ": ", CLOCK]);
    }
    line(&[BEGIN, PKCS8, DASHES]);
    for chunk in base64.get(..length).unwrap_or_default().chunks(64) {
        line(&[str::from_utf8(chunk).unwrap_or_default()]);
    }
    line(&[END, PKCS8, DASHES]);
    Ok(Secret::new(text.as_str()))
}

/// What the lines said so far
#[derive(Default)]
struct Reader {
    key: Option<SigningKey>,
    credential_id: Option<Binary>,
    rp_id: Option<String>,
    user_handle: Option<Binary>,
    counter: Option<SignCounter>,
}

impl Reader {
    fn read(mut self, text: &str) -> Result<Passkey, PasskeyError> {
        let mut lines = text.lines().map(str::trim).zip(1..);
        while let Some((line, number)) = lines.next() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some(label) = boundary(line, BEGIN) else {
                self.set(line).ok_or(PasskeyError::Line(number))?;
                continue;
            };
            let mut body = Zeroizing::new(String::with_capacity(text.len()));
            loop {
                let (line, number) = lines.next().ok_or(PasskeyError::Line(number))?;
                match boundary(line, END) {
                    Some(end) if end == label => break,
                    Some(_) => return Err(PasskeyError::Line(number)),
                    None if line.starts_with("Proc-Type:") => {
                        return Err(PasskeyError::EncryptedKey);
                    }
                    None if line.starts_with(BEGIN) => return Err(PasskeyError::Line(number)),
                    None => body.push_str(line),
                }
            }
            match label {
                PKCS8 | SEC1 if self.key.is_some() => return Err(PasskeyError::SeveralKeys),
                PKCS8 | SEC1 => {
                    let der = decode(&body).ok_or(PasskeyError::Line(number))?;
                    self.key = Some(SigningKey::from_der(&der)?);
                }
                "ENCRYPTED PRIVATE KEY" => return Err(PasskeyError::EncryptedKey),
                // `openssl ecparam -genkey` writes the curve's name before the key
                "EC PARAMETERS" => {}
                _ if label.ends_with("PRIVATE KEY") => return Err(PasskeyError::WrongKey),
                _ => return Err(PasskeyError::Line(number)),
            }
        }
        let key = self.key.ok_or(PasskeyError::NoKey)?;
        Ok(Passkey {
            credential_id: self.credential_id.unwrap_or_else(|| key.derived_id()),
            key,
            rp_id: self.rp_id,
            user_handle: self.user_handle,
            counter: self.counter.unwrap_or_default(),
        })
    }

    /// Takes a line `name: value`, if it is known, new and has a value that can be
    fn set(&mut self, line: &str) -> Option<()> {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        match name {
            RP_ID if self.rp_id.is_none() => {
                check_domain(value).ok()?;
                self.rp_id = Some(value.to_owned());
            }
            USER_HANDLE if self.user_handle.is_none() => {
                let handle = Binary::from_base64url(value).ok()?;
                check_user_handle(&handle).ok()?;
                self.user_handle = Some(handle);
            }
            CREDENTIAL_ID if self.credential_id.is_none() => {
                let id = Binary::from_base64url(value).ok()?;
                self.credential_id = Some(check_credential_id(id)?);
            }
            SIGN_COUNTER if self.counter.is_none() => {
                self.counter = Some(match value {
                    CLOCK => SignCounter::Clock,
                    ZERO => SignCounter::Zero,
                    _ => return None,
                });
            }
            _ => return None,
        }
        Some(())
    }
}

/// `PRIVATE KEY` of `-----BEGIN PRIVATE KEY-----`
fn boundary<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix(DASHES)
}

fn decode(base64: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; base64.len()]);
    let length = STANDARD.decode_slice(base64, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

const MAX_BYTES: usize = 16 << 10;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const PKCS8: &str = "PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";

const RP_ID: &str = "rp-id";
const USER_HANDLE: &str = "user-handle";
const CREDENTIAL_ID: &str = "credential-id";
const SIGN_COUNTER: &str = "sign-counter";
const CLOCK: &str = "clock";
const ZERO: &str = "zero";

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::{MAX_BYTES, parse};
    use crate::passkey::{Binary, Passkey, PasskeyError, SignCounter};
    use crate::secret::Secret;

    fn refusal(text: &str) -> PasskeyError {
        let error = parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
        error
    }

    fn passkey() -> Passkey {
        Passkey::generate("id.example.com", &Binary::new("ci")).unwrap()
    }

    #[test]
    fn what_is_printed_is_read() {
        for counter in [SignCounter::Zero, SignCounter::Clock] {
            let passkey = passkey().with_sign_counter(counter);
            let text = passkey.to_secret().unwrap();

            let again = Passkey::parse(&text).unwrap();

            assert_eq!(again.rp_id(), Some("id.example.com"));
            assert_eq!(again.user_handle(), Some(&Binary::new("ci")));
            assert_eq!(again.credential_id(), passkey.credential_id());
            assert_eq!(again.counter, counter);
            assert_eq!(again.key.point(), passkey.key.point());
            let printed = again.to_secret().unwrap();
            assert_eq!(printed.expose_secret(), text.expose_secret());
        }
    }

    #[test]
    fn the_printed_text_is_ascii_lines() {
        let text = passkey().to_secret().unwrap();
        let text = text.expose_secret();

        assert!(text.starts_with("rp-id: id.example.com\nuser-handle: Y2k\ncredential-id: "));
        assert!(text.ends_with("\n-----END PRIVATE KEY-----\n"));
        assert!(text.lines().all(|line| line.len() < 80));
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)));
    }

    #[test]
    fn the_base64_of_the_text_is_one_line_that_is_read() {
        let text = passkey().to_secret().unwrap();
        let line = STANDARD.encode(text.expose_secret());

        let again = Passkey::parse(&Secret::new(line)).unwrap();

        assert_eq!(again.rp_id(), Some("id.example.com"));
    }

    #[test]
    fn keys_as_openssl_writes_them_are_enough() {
        let pkcs8 = parse(TEST_PKCS8).unwrap();
        for text in [TEST_SEC1, TEST_ECPARAM, &TEST_SEC1.replace('\n', "\r\n")] {
            let passkey = parse(text).unwrap();

            assert_eq!(passkey.key.point(), pkcs8.key.point());
            // By `openssl pkey -pubout -outform DER | openssl sha256`
            assert_eq!(passkey.credential_id().to_base64url(), TEST_ID);
            assert_eq!(passkey.rp_id(), None);
            assert_eq!(passkey.user_handle(), None);
        }
    }

    #[test]
    fn values_may_stand_before_and_after_the_key_in_any_order() {
        let text =
            format!("# CI\n\n  credential-id: AAEC\n{TEST_SEC1}\nuser-handle:Y2k=\nrp-id: a.test");

        let passkey = parse(&text).unwrap();

        assert_eq!(passkey.credential_id().as_bytes(), [0, 1, 2]);
        assert_eq!(passkey.user_handle(), Some(&Binary::new("ci")));
        assert_eq!(passkey.rp_id(), Some("a.test"));
    }

    #[test]
    fn a_line_that_is_not_understood_is_named_by_its_number() {
        for line in [
            "canary",
            "canary: 1",
            "Rp-Id: a.test",
            "rp-id: Canary",
            "rp-id:",
            "user-handle:",
            "user-handle: +canary",
            "credential-id: canary=canary",
            "sign-counter: canary",
            "-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----",
        ] {
            let after = format!("{TEST_SEC1}{line}");
            assert_eq!(refusal(&after), PasskeyError::Line(6), "{line}");
            let before = format!("{line}\n{TEST_SEC1}");
            assert_eq!(refusal(&before), PasskeyError::Line(1), "{line}");
        }
        let twice = format!("rp-id: a.test\nrp-id: a.test\n{TEST_SEC1}");
        assert_eq!(refusal(&twice), PasskeyError::Line(2));
        let damaged = TEST_SEC1.replace("MHcC", "M!cC");
        assert_eq!(refusal(&damaged), PasskeyError::Line(1));
        let open = "-----BEGIN PRIVATE KEY-----\ncanary";
        assert_eq!(refusal(open), PasskeyError::Line(1));
        let nested = format!("{open}\n{TEST_SEC1}");
        assert_eq!(refusal(&nested), PasskeyError::Line(3));
        let crossed = format!("{open}\n-----END EC PRIVATE KEY-----");
        assert_eq!(refusal(&crossed), PasskeyError::Line(3));
        let long = format!("credential-id: {}\n{TEST_SEC1}", "A".repeat(1368));
        assert_eq!(refusal(&long), PasskeyError::Line(1));
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_for_what_it_is() {
        let block = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        for (text, error) in [
            (String::new(), PasskeyError::NoKey),
            ("canary".into(), PasskeyError::NoKey),
            ("Y2FuYXJ5".into(), PasskeyError::NoKey),
            (
                block("EC PARAMETERS", "BggqhkjOPQMBBw=="),
                PasskeyError::NoKey,
            ),
            (
                block("ENCRYPTED PRIVATE KEY", "canary"),
                PasskeyError::EncryptedKey,
            ),
            (
                block("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\ncanary"),
                PasskeyError::EncryptedKey,
            ),
            (block("RSA PRIVATE KEY", "canary"), PasskeyError::WrongKey),
            (
                block("OPENSSH PRIVATE KEY", "canary"),
                PasskeyError::WrongKey,
            ),
            (block("PRIVATE KEY", "Y2FuYXJ5"), PasskeyError::WrongKey),
            (
                format!("{TEST_SEC1}{TEST_PKCS8}"),
                PasskeyError::SeveralKeys,
            ),
            ("x".repeat(MAX_BYTES + 1), PasskeyError::TextTooLong),
        ] {
            assert_eq!(refusal(&text), error);
        }
        // The private key of one pair, the public key of another
        let mixed = TEST_SEC1.replace("536KxRP+LO3b", "536KxRP+LO3A");
        assert_ne!(mixed, TEST_SEC1);
        assert_eq!(refusal(&mixed), PasskeyError::WrongKey);
    }

    #[test]
    fn a_text_cut_off_anywhere_is_an_error() {
        for end in 0..TEST_SEC1.trim_end().len() {
            assert!(parse(&TEST_SEC1[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), at in 0..TEST_SEC1.len(), with in any::<char>()) {
            let _ = parse(&text);
            let _ = parse(&format!("{text}\n{TEST_SEC1}"));
            let mut changed: Vec<char> = TEST_SEC1.chars().collect();
            changed[at] = with;
            let _ = parse(&changed.into_iter().collect::<String>());
        }
    }

    /// Keys of tests, which are used nowhere else; by `openssl ecparam -name prime256v1 -genkey`, `openssl ec`, `openssl pkcs8`
    const TEST_ECPARAM: &str = "\
-----BEGIN EC PARAMETERS-----\n\
BggqhkjOPQMBBw==\n\
-----END EC PARAMETERS-----\n\
-----BEGIN EC PRIVATE KEY-----\n\
MHcCAQEEIBU4536KxRP+LO3b2f86v/IBUrdnoLMSjHKFwmR7iHPXoAoGCCqGSM49\n\
AwEHoUQDQgAEWr6+wuo83dRocTHbqT2tTucS05DEEq+B5s73a6UFspLttuBlb8qe\n\
YXGFcc/9HkC0/bvCJ3FYAgxgNIYkimY/cg==\n\
-----END EC PRIVATE KEY-----\n\
";

    const TEST_SEC1: &str = "\
-----BEGIN EC PRIVATE KEY-----\n\
MHcCAQEEIBU4536KxRP+LO3b2f86v/IBUrdnoLMSjHKFwmR7iHPXoAoGCCqGSM49\n\
AwEHoUQDQgAEWr6+wuo83dRocTHbqT2tTucS05DEEq+B5s73a6UFspLttuBlb8qe\n\
YXGFcc/9HkC0/bvCJ3FYAgxgNIYkimY/cg==\n\
-----END EC PRIVATE KEY-----\n\
";

    const TEST_PKCS8: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFTjnforFE/4s7dvZ\n\
/zq/8gFSt2egsxKMcoXCZHuIc9ehRANCAARavr7C6jzd1GhxMdupPa1O5xLTkMQS\n\
r4HmzvdrpQWyku224GVvyp5hcYVxz/0eQLT9u8IncVgCDGA0hiSKZj9y\n\
-----END PRIVATE KEY-----\n\
";

    const TEST_ID: &str = "WQHNrJQUJ-gnpVPINxUBWb8bBg5lztNn2IomaHgfi-8";
}
