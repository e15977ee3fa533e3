//! The seed of time-based one-time codes, as providers show it at enrolment.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Secret as SeedBytes, Totp};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::{Error, Secret};

/// A seed, and how it becomes a code: algorithm, digits and period
///
/// ```
/// use doorward::Secret;
/// use doorward::code::TotpSeed;
///
/// let seed = TotpSeed::parse(&Secret::new("gezd gnbv gy3t qojq gezd gnbv gy3t qojq"))?;
/// let (code, end) = seed.code_at(59);
/// assert_eq!((code.expose_secret(), end), ("287082", 60));
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6238>
#[derive(Clone)]
pub struct TotpSeed {
    totp: Totp,
}

impl TotpSeed {
    /// Reads the base32 text of a seed, or the `otpauth://totp/…` URL of its QR code
    ///
    /// Blanks, dashes, case and padding do not matter. Base32 alone means SHA-1, six digits and 30 seconds. A URL may
    /// say otherwise: SHA-1, SHA-256 or SHA-512, six to eight digits, 10 to 3600 seconds; its label and issuer are not used.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it is neither, or out of these limits, or the URL is for codes that count
    /// instead (`otpauth://hotp`). No error quotes any of it.
    ///
    /// Source: <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>
    pub fn parse(text: &Secret) -> Result<Self, Error> {
        let text = text.expose_secret().trim();
        if text.is_empty() {
            return Err(Error::config("the TOTP seed is empty").hint(
                "CI systems give empty secrets to pull requests from forks and to unprotected branches",
            ));
        }
        if text.len() > MAX_TEXT {
            return Err(wrong("is longer than 4 KiB"));
        }
        match after_no_case(text, "otpauth://") {
            Some(url) => Self::from_url(url),
            None => Self::new(bytes(text)?, Algorithm::SHA1, 6, 30),
        }
    }

    fn from_url(url: &str) -> Result<Self, Error> {
        let url = url.split('#').next().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let kind = path.split('/').next().unwrap_or_default();
        if kind.eq_ignore_ascii_case("hotp") {
            return Err(wrong("is for codes that count, not for codes of the time")
                .hint("such codes can come from a command"));
        }
        if !kind.eq_ignore_ascii_case("totp") {
            return Err(wrong("is an otpauth:// URL of an unknown kind"));
        }

        let (mut secret, mut algorithm, mut digits, mut period) = (None, None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let seen = match name.as_ref() {
                "secret" => secret.replace(bytes(&value)?).is_some(),
                "algorithm" => algorithm.replace(algorithm_named(&value)?).is_some(),
                "digits" => digits.replace(number(&value)?).is_some(),
                "period" => period.replace(number(&value)?).is_some(),
                _ => false,
            };
            if seen {
                return Err(wrong("is a URL that says the same thing twice"));
            }
        }
        Self::new(
            secret.ok_or_else(|| wrong("is a URL without a secret"))?,
            algorithm.unwrap_or(Algorithm::SHA1),
            digits.unwrap_or(6),
            period.unwrap_or(30),
        )
    }

    fn new(seed: SeedBytes, algorithm: Algorithm, digits: u64, period: u64) -> Result<Self, Error> {
        let Some(digits) = u8::try_from(digits).ok().filter(|d| (6..=8).contains(d)) else {
            return Err(wrong("asks for codes of other than 6 to 8 digits"));
        };
        if !(10..=3600).contains(&period) {
            return Err(wrong("asks for a period of other than 10 to 3600 seconds"));
        }
        // RFC 4226 asks for 128 bits, which `build` would insist on; widespread authenticators are enrolled with 80.
        if seed.as_bytes().len() < MIN_BYTES {
            return Err(wrong("is too short: is it a code?"));
        }
        let builder = Builder::new()
            .with_algorithm(algorithm)
            .with_digits(digits)
            .with_step_duration(period)
            .with_secret(seed);
        Ok(Self {
            totp: builder.build_noncompliant(),
        })
    }

    /// The code at `seconds` after 1970-01-01 00:00 UTC, and the second at which its window ends
    pub fn code_at(&self, seconds: u64) -> (Secret, u64) {
        let code = Secret::new(self.totp.generate(seconds).to_string());
        (code, self.end_of(self.window_at(seconds)))
    }

    /// How long a code is valid
    pub fn period(&self) -> Duration {
        Duration::from_secs(self.totp.step())
    }

    /// The number of the window that `seconds` is in
    pub(super) fn window_at(&self, seconds: u64) -> u64 {
        seconds / self.totp.step()
    }

    /// The first second after a window
    pub(super) fn end_of(&self, window: u64) -> u64 {
        window.saturating_add(1).saturating_mul(self.totp.step())
    }

    /// A name that tells the few seeds of one user apart, and nothing about the seed
    ///
    /// It stands in names of files, and so in messages and logs. 16 bits of a hash are no test for a guessed seed: one in
    /// 65536 guesses fits, whatever the seed. Two seeds of one name would only wait for each other.
    pub(super) fn name(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"doorward: a queue for codes\n");
        hash.update(self.totp.algorithm().to_string());
        hash.update([self.totp.digits()]);
        hash.update(self.totp.step().to_be_bytes());
        hash.update(self.totp.secret().as_bytes());
        let hash = hash.finalize();
        hash.iter()
            .take(2)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for TotpSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TotpSeed")
            .field("algorithm", &format_args!("{}", self.totp.algorithm()))
            .field("digits", &self.totp.digits())
            .field("period", &self.period())
            .finish_non_exhaustive()
    }
}

/// The bytes of a base32 text as people write it
///
/// Bits beyond the last byte are dropped, as authenticators do it: some providers make up seeds of any length.
fn bytes(text: &str) -> Result<SeedBytes, Error> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let text = text.trim().trim_end_matches('=');
    plain.extend(
        text.chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase()),
    );
    SeedBytes::try_from_base32(plain.as_str())
        .map_err(|_| wrong("is neither base32 text nor an otpauth:// URL"))
}

fn algorithm_named(name: &str) -> Result<Algorithm, Error> {
    let name = name.to_ascii_uppercase().replace('-', "");
    match name.strip_prefix("HMAC").unwrap_or(&name) {
        "SHA1" => Ok(Algorithm::SHA1),
        "SHA256" => Ok(Algorithm::SHA256),
        "SHA512" => Ok(Algorithm::SHA512),
        _ => Err(wrong("asks for an unknown algorithm")
            .hint("SHA1, SHA256 and SHA512 are the algorithms of TOTP")),
    }
}

fn number(text: &str) -> Result<u64, Error> {
    text.parse()
        .map_err(|_| wrong("is a URL with digits or a period that are no number"))
}

/// What follows `prefix`, however that is written
fn after_no_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn wrong(problem: &str) -> Error {
    Error::config(format!("the TOTP seed {problem}"))
}

const MAX_TEXT: usize = 4 << 10;

const MIN_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::TotpSeed;
    use crate::{Error, ErrorKind, Secret};

    /// `12345678901234567890`
    const SHA1: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    /// The same, to 32 bytes
    const SHA256: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
    /// The same, to 64 bytes
    const SHA512: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
        GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA";

    fn parse(text: impl Into<String>) -> Result<TotpSeed, Error> {
        TotpSeed::parse(&Secret::new(text))
    }

    fn code(text: &str, seconds: u64) -> String {
        let (code, _) = parse(text).unwrap().code_at(seconds);
        code.expose_secret().to_owned()
    }

    /// Source: <https://www.rfc-editor.org/rfc/rfc6238#appendix-B>
    #[test]
    fn codes_are_those_of_the_standard() {
        let table = [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"),
            (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ];
        let url = |secret, algorithm| {
            format!("otpauth://totp/x?secret={secret}&algorithm={algorithm}&digits=8")
        };
        for (seconds, sha1, sha256, sha512) in table {
            assert_eq!(code(&url(SHA1, "SHA1"), seconds), sha1);
            assert_eq!(code(&url(SHA256, "SHA256"), seconds), sha256);
            assert_eq!(code(&url(SHA512, "SHA512"), seconds), sha512);
        }
    }

    #[test]
    fn a_window_ends_when_the_next_begins() {
        let seed = parse(SHA1).unwrap();
        assert_eq!(seed.code_at(0).1, 30);
        assert_eq!(seed.code_at(29).1, 30);
        assert_eq!(seed.code_at(30).1, 60);
        assert_eq!(seed.code_at(u64::MAX).1, u64::MAX);

        let seed = parse(format!("otpauth://totp/x?secret={SHA1}&period=60")).unwrap();
        assert_eq!(seed.code_at(61).1, 120);
        assert_eq!(
            seed.code_at(119).0.expose_secret(),
            code(SHA1, 30),
            "the same number of windows have passed"
        );
    }

    #[test]
    fn base32_is_read_as_people_write_it() {
        let shapes = [
            "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
            " GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ======",
            "otpauth://totp/Acme:ci@acme.example?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq&issuer=Acme",
            "OTPAUTH://TOTP/?issuer=a%26b&secret=GEZD%20GNBV+GY3TQOJQGEZDGNBVGY3TQOJQ%3D&image=x#top",
            "otpauth://totp?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=HmacSHA1&period=30",
        ];
        for text in shapes {
            assert_eq!(code(text, 59), "287082", "{text}");
        }
    }

    #[test]
    fn a_seed_of_80_bits_will_do_and_a_code_will_not() {
        assert_eq!(code("JBSWY3DPEHPK3PXP", 0).len(), 6);
        assert_eq!(code("JBSWY3DPEHPK3PXPJ", 0), code("JBSWY3DPEHPK3PXP", 0));

        for short in ["234567", "23456723", "A"] {
            let error = parse(short).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("too short"));
        }
    }

    #[test]
    fn what_is_no_seed_is_a_wrong_setting_and_not_quoted() {
        let url = |rest: &str| format!("otpauth://totp/CANARY?secret={SHA1}&{rest}");
        let wrong = [
            String::new(),
            " \n".into(),
            "CANARY-0189".into(),
            "CANARYÄÖÜ".into(),
            "=".into(),
            "A".repeat(4097),
            "otpauth://hotp/CANARY?secret=GEZDGNBVGY3TQOJQ&counter=1".into(),
            "otpauth://yaotp/CANARY".into(),
            "otpauth://totp/CANARY".into(),
            "otpauth://totp/CANARY?secret=".into(),
            "otpauth://totp/CANARY?secret=CANARY-0189".into(),
            url("digits=5"),
            url("digits=9"),
            url("digits=262"),
            url("digits=CANARY"),
            url("period=0"),
            url("period=9"),
            url("period=3601"),
            url("period=99999999999999999999999"),
            url("algorithm=MD5CANARY"),
            url("digits=6&digits=6"),
            url("secret=GEZDGNBVGY3TQOJQ"),
            "https://CANARY.example/".into(),
        ];
        for text in wrong {
            let error = parse(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("CANARY") && !shown.contains("GEZD"),
                "{shown}"
            );
        }
        let error = parse("otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ").unwrap_err();
        assert!(error.to_string().contains("codes that count"));
    }

    #[test]
    fn debug_shows_no_seed() {
        let seed = parse(SHA1).unwrap();

        let shown = format!("{seed:?}");

        assert_eq!(
            shown,
            "TotpSeed { algorithm: SHA1, digits: 6, period: 30s, .. }"
        );
    }

    #[test]
    fn a_seed_has_a_short_name_that_depends_on_all_of_it() {
        let name = |text: &str| parse(text).unwrap().name();
        let others = ["digits=7", "period=60", "algorithm=SHA256"]
            .map(|rest| name(&format!("otpauth://totp/x?secret={SHA1}&{rest}")));

        assert_eq!(name(SHA1).len(), 4);
        assert_eq!(name(SHA1), name(&SHA1.to_lowercase()));
        assert!(!others.contains(&name(SHA1)));
        assert_ne!(name(SHA1), name(SHA256));
    }

    proptest! {
        #[test]
        fn any_text_is_a_seed_or_an_error(text in any::<String>(), query in "[a-z]{0,9}=[A-Z2-7%=&]{0,30}") {
            for text in [text.clone(), format!("otpauth://totp/{text}?{query}")] {
                if let Ok(seed) = parse(text) {
                    assert!(seed.code_at(59).1 > 59);
                }
            }
        }

        #[test]
        fn a_code_has_its_digits_at_any_time(seconds in any::<u64>(), digits in 6usize..=8) {
            let seed = parse(format!("otpauth://totp/x?secret={SHA1}&digits={digits}")).unwrap();
            let (code, _) = seed.code_at(seconds);
            assert_eq!(code.expose_secret().len(), digits);
            assert!(code.expose_secret().bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
