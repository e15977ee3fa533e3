//! A certificate that a server showed, as facts for people.

use std::time::SystemTime;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::fingerprint;
use crate::redact::one_line;

/// What a certificate says of itself; each text is one line, and fit to be shown
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Certificate {
    /// Whose it is
    pub subject: String,
    /// Who issued it
    pub issuer: String,
    /// Its fingerprint, as `openssl x509 -fingerprint -sha256` prints it
    pub sha256: String,
    /// The first and the last moment of its validity, where they can be read
    pub valid: Option<(Timestamp, Timestamp)>,
    /// The hosts that it is for; the first of many
    pub names: Vec<String>,
}

impl Certificate {
    /// Whole days until its end, negative after it; nothing where the end cannot be read
    pub fn days_left(&self, now: SystemTime) -> Option<i64> {
        let (_, end) = self.valid?;
        let now = Timestamp::try_from(now).ok()?;
        Some(end.duration_since(now).as_secs().div_euclid(24 * 60 * 60))
    }

    pub(super) fn read(der: &CertificateDer<'_>) -> Self {
        let sha256 = fingerprint(der);
        let Ok((_, parsed)) = X509Certificate::from_der(der) else {
            let unread = || "(cannot be read)".to_owned();
            return Self {
                subject: unread(),
                issuer: unread(),
                sha256,
                valid: None,
                names: Vec::new(),
            };
        };
        let time = |seconds: i64| Timestamp::from_second(seconds).ok();
        let validity = parsed.validity();
        let names = parsed.subject_alternative_name().ok().flatten();
        let names = names.map(|names| &names.value.general_names);
        let names = names.into_iter().flatten().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(one_line(name)),
            _ => None,
        });
        Self {
            subject: one_line(&parsed.subject().to_string()),
            issuer: one_line(&parsed.issuer().to_string()),
            sha256,
            valid: time(validity.not_before.timestamp()).zip(time(validity.not_after.timestamp())),
            names: names.take(MOST_NAMES).collect(),
        }
    }
}

const MOST_NAMES: usize = 16;
