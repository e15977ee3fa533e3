//! Private keys as text: PEM, of whose kinds the label tells.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::{Error, Secret};

/// The bytes of a key, and what they are
pub(super) struct Document {
    pub(super) kind: Kind,
    pub(super) der: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// `ENCRYPTED PRIVATE KEY`
    Encrypted,
    /// `PRIVATE KEY`
    Pkcs8,
    /// `RSA PRIVATE KEY`
    Pkcs1,
    /// `EC PRIVATE KEY`
    Sec1,
}

/// The one private key in `text`; what else is in it, such as the parameters of a curve, is left out
pub(super) fn parse(text: &str) -> Result<Document, Error> {
    let mut found = None;
    let mut other = None;
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = label(line, "-----BEGIN ") else {
            continue;
        };
        // Made large enough at once: a text that grows leaves copies behind.
        let mut body = Zeroizing::new(String::with_capacity(text.len()));
        let mut is_whole = false;
        for line in lines.by_ref() {
            if line.starts_with("-----") {
                is_whole = self::label(line, "-----END ") == Some(label);
                break;
            }
            body.push_str(line);
        }
        let kind = match label {
            "ENCRYPTED PRIVATE KEY" => Kind::Encrypted,
            "PRIVATE KEY" => Kind::Pkcs8,
            "RSA PRIVATE KEY" => Kind::Pkcs1,
            "EC PRIVATE KEY" => Kind::Sec1,
            label => {
                other = Some(label);
                continue;
            }
        };
        if found.is_some() {
            return Err(Error::config(
                "the key file holds more than one private key",
            ));
        }
        // Older tools encrypt within the text, by a key that is derived too cheaply.
        if body.contains("Proc-Type:") {
            return Err(Error::config("the key is encrypted in an old form")
                .hint("openssl pkcs8 -topk8 -in OLD -out NEW makes it PKCS#8"));
        }
        let der = STANDARD
            .decode(body.as_bytes())
            .ok()
            .filter(|_| is_whole)
            .map(Zeroizing::new);
        found = Some(Document {
            kind,
            der: der.ok_or_else(|| Error::config("the PEM text of the key is damaged"))?,
        });
    }
    found.ok_or_else(|| match other {
        Some("OPENSSH PRIVATE KEY") => Error::config("the key has the form of OpenSSH")
            .hint("ssh-keygen -p -m PKCS8 -f COPY gives a copy of it the form that is wanted"),
        Some(label) if label.contains("PUBLIC KEY") || label.contains("CERTIFICATE") => {
            Error::config("the key file holds no private key, but what is public")
        }
        _ => Error::config("the key file holds no private key in PEM form").hint(
            "doorward jwt keygen makes one; openssl pkey -in OLD -out NEW reads most other forms",
        ),
    })
}

/// A key as text
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7468#section-2>
pub(super) fn write(label: &str, der: &[u8]) -> Secret {
    let body = Zeroizing::new(STANDARD.encode(der));
    // Made large enough at once: a text that grows leaves copies behind.
    let mut text = String::with_capacity(body.len() + body.len() / LINE + 2 * label.len() + 64);
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in body.as_bytes().chunks(LINE) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    Secret::new(text)
}

fn label<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    line.strip_prefix(before)?.strip_suffix("-----")
}

const LINE: usize = 64;

#[cfg(test)]
mod tests {
    use super::{Kind, parse};
    use crate::ErrorKind;

    #[test]
    fn the_label_says_what_it_is() {
        for (label, kind) in [
            ("ENCRYPTED PRIVATE KEY", Kind::Encrypted),
            ("PRIVATE KEY", Kind::Pkcs8),
            ("RSA PRIVATE KEY", Kind::Pkcs1),
            ("EC PRIVATE KEY", Kind::Sec1),
        ] {
            let text = format!(
                "Bag Attributes\r\n-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n\
                 -----BEGIN {label}-----\r\nAA\r\nEC\r\n-----END {label}-----\r\n"
            );

            let document = parse(&text).unwrap();

            assert_eq!((document.kind, &document.der[..]), (kind, &[0, 1, 2][..]));
        }
    }

    #[test]
    fn what_holds_no_single_whole_key_is_refused_without_a_word_of_it() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n";
        for text in [
            "",
            "canary",
            "-----BEGIN PRIVATE KEY-----\ncanary=\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAEC\n",
            "-----BEGIN PRIVATE KEY-----\nAAEC\n-----END EC PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END RSA PRIVATE KEY-----\n",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAEC\n-----END OPENSSH PRIVATE KEY-----\n",
            "-----BEGIN PUBLIC KEY-----\nAAEC\n-----END PUBLIC KEY-----\n",
            &key.repeat(2),
        ] {
            let error = parse(text).err().unwrap();

            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!format!("{error:?}").contains("canary"));
        }
    }
}
