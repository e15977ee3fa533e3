//! The ways in which one text is written: within URLs, pages, JSON and scripts, and packed in base64.

use std::fmt::Write as _;
use std::io::Read as _;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::DeflateDecoder;
use url::form_urlencoded;

/// `from` and `to` in every spelling that servers write, also in one within another; the plain one first
pub(super) fn both(from: &str, to: &str) -> Vec<(String, String)> {
    let mut found = vec![(from.to_owned(), to.to_owned())];
    for _ in 0..2 {
        for at in 0..found.len() {
            for spell in SPELLINGS {
                let Some((from, to)) = found.get(at).map(|(from, to)| (spell(from), spell(to)))
                else {
                    continue;
                };
                if from.len() <= LONGEST && !found.iter().any(|(known, _)| *known == from) {
                    found.push((from, to));
                }
            }
        }
    }
    found
}

/// Everything that `text` says when its escapes are undone and its base64 is unpacked, the text itself included
pub(super) fn readings(text: &str) -> Vec<String> {
    let mut found = vec![text.to_owned()];
    let mut size = text.len();
    let mut new = found.clone();
    for _ in 0..DEPTH {
        for text in std::mem::take(&mut new) {
            for reading in [
                percent_read(&text),
                percent_read(&text.replace('+', " ")),
                entities_read(&text),
                escapes_read(&text),
                unpacked(&text),
            ] {
                size += reading.len();
                if size <= MOST && !reading.is_empty() && !found.contains(&reading) {
                    found.push(reading.clone());
                    new.push(reading);
                }
            }
        }
    }
    found
}

/// The text when its escapes are undone, those of scripts and of URLs, also one within another
pub(super) fn undone(text: &str) -> String {
    let mut plain = text.to_owned();
    for _ in 0..DEPTH {
        let next = percent_read(&escapes_read(&plain));
        if next == plain {
            break;
        }
        plain = next;
    }
    plain
}

/// What stands in a run of base64, whichever of the two alphabets and wherever it begins
pub(super) fn base64_read(run: &str) -> Option<Vec<u8>> {
    let run = run.trim_end_matches('=');
    // A rest of one sign has no byte.
    let whole = run.get(..run.len() - usize::from(run.len() % 4 == 1))?;
    let engine = match whole.contains(['-', '_']) {
        true => URL_SAFE,
        false => STANDARD,
    };
    engine.decode(whole).ok()
}

/// Inflates what the redirect binding of SAML deflates
pub(super) fn inflated(bytes: &[u8]) -> Option<String> {
    let mut plain = Vec::new();
    let mut decoder = DeflateDecoder::new(bytes).take(MOST_INFLATED);
    decoder.read_to_end(&mut plain).ok()?;
    String::from_utf8(plain).ok()
}

type Spelling = fn(&str) -> String;

const SPELLINGS: [Spelling; 13] = [
    |text| form_urlencoded::byte_serialize(text.as_bytes()).collect(),
    |text| percent(text, false),
    |text| percent(text, true),
    // As mod_auth_mellon writes it.
    |text| percent(text, false).replace('-', "%2D"),
    |text| {
        let text = text.replace('#', "%23");
        url::Url::parse(&format!("https://x/?{text}")).map_or_else(
            |_| text.clone(),
            |url| url.query().unwrap_or_default().to_owned(),
        )
    },
    |text| named_entities(text, "&#39;"),
    |text| named_entities(text, "&#x27;"),
    |text| signs(text, |code| format!("&#x{code:x};")),
    |text| signs(text, |code| format!("&#{code};")),
    |text| json(text, &['<', '>', '&', '=', '\'']),
    |text| json(text, &[]).replace('/', "\\/"),
    |text| script(text, |code| format!("\\x{code:02X}")),
    |text| script(text, |code| format!("\\x{code:02x}")),
];

fn percent(text: &str, lower: bool) -> String {
    let mut found = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                found.push(char::from(byte))
            }
            _ if lower => {
                let _ = write!(found, "%{byte:02x}");
            }
            _ => {
                let _ = write!(found, "%{byte:02X}");
            }
        }
    }
    found
}

fn named_entities(text: &str, apostrophe: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', apostrophe)
}

fn signs(text: &str, write: fn(u32) -> String) -> String {
    let each = text.chars().map(|sign| match sign.is_ascii_alphanumeric() {
        true => sign.to_string(),
        false => write(u32::from(sign)),
    });
    each.collect()
}

fn script(text: &str, write: fn(u32) -> String) -> String {
    let each = text.chars().map(|sign| match sign {
        '/' => "\\/".to_owned(),
        '.' | '_' => sign.to_string(),
        _ if sign.is_ascii_alphanumeric() || !sign.is_ascii() => sign.to_string(),
        _ => write(u32::from(sign)),
    });
    each.collect()
}

fn json(text: &str, more: &[char]) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let each = inner.chars().map(|sign| match more.contains(&sign) {
        true => format!("\\u{:04x}", u32::from(sign)),
        false => sign.to_string(),
    });
    each.collect()
}

/// Undoes `%3D` and the like, and leaves `+` as it is
fn percent_read(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                plain.push(code);
                at += 3;
            }
            None => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The character references that servers write for ASCII
fn entities_read(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let name = after
            .get(..after.find(';').unwrap_or(0))
            .filter(|name| name.len() <= 8)
            .unwrap_or_default();
        let sign = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name.strip_prefix('#').and_then(|code| {
                let code = match code.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => code.parse(),
                };
                char::from_u32(code.ok()?)
            }),
        };
        match sign {
            Some(sign) => {
                plain.push(sign);
                rest = after.get(name.len() + 1..).unwrap_or_default();
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain + rest
}

/// The escapes of JSON and scripts
fn escapes_read(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = |skip: usize, length: usize| {
            let digits = after.get(skip..skip + length)?;
            Some((
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?,
                skip + length,
            ))
        };
        let found = match after.chars().next() {
            Some('u') => code(1, 4),
            Some('x') => code(1, 2),
            Some('n') => Some(('\n', 1)),
            Some('r') => Some(('\r', 1)),
            Some('t') => Some(('\t', 1)),
            Some(other) => Some((other, other.len_utf8())),
            None => None,
        };
        match found {
            Some((sign, length)) => {
                plain.push(sign);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain + rest
}

/// What is packed in the text: its runs of base64, from each of the four places where a group may begin, and of hex
fn unpacked(text: &str) -> String {
    let mut found = String::new();
    let is_packed =
        |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '+' | '/' | '-' | '_');
    for run in text
        .split(|sign| !is_packed(sign))
        .filter(|run| run.len() >= SHORTEST)
    {
        for start in 0..4 {
            let bytes = run.get(start..).and_then(base64_read).unwrap_or_default();
            push_text(&mut found, &bytes);
            if let Some(inner) = inflated(&bytes).filter(|inner| start == 0 && !inner.is_empty()) {
                push_text(&mut found, inner.as_bytes());
            }
        }
        push_text(&mut found, &hex_read(run));
    }
    found
}

fn hex_read(run: &str) -> Vec<u8> {
    let pairs = (0..run.len() / 2).map(|at| {
        run.get(2 * at..2 * at + 2)
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    pairs.collect::<Option<Vec<u8>>>().unwrap_or_default()
}

/// Only what can be text, so that noise is not unpacked over and over
fn push_text(found: &mut String, bytes: &[u8]) {
    let is_text = |byte: &&u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t' | 0x80..);
    let count = bytes.iter().filter(is_text).count();
    if bytes.len() >= 4 && count * 10 >= bytes.len() * 7 {
        found.push_str(&String::from_utf8_lossy(bytes));
        found.push('\n');
    }
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Spellings within spellings grow fast, and a long text is found by its plain parts
const LONGEST: usize = 32 << 10;

/// How deep a text may be packed
const DEPTH: usize = 4;

/// All readings of one text together
const MOST: usize = 32 << 20;

const MOST_INFLATED: u64 = 1 << 20;

/// Shorter runs of base64 hold nothing worth keeping
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::{any, proptest};

    use super::{both, readings};

    const SECRET: &str = "p@ss&w<rd \"é\"/=+'%";

    #[test]
    fn every_spelling_is_read_again() {
        for (spelling, _) in both(SECRET, "x") {
            let readings = readings(&format!("<a href='/x?y={spelling}&z=1'>"));
            assert!(
                readings.iter().any(|text| text.contains(SECRET)),
                "{spelling}"
            );
        }
    }

    #[test]
    fn a_text_is_found_within_packed_text() {
        for before in ["", "a", "ab", "abc"] {
            let inner = format!("{before}{SECRET}{before}");
            let hex: String = inner.bytes().map(|byte| format!("{byte:02x}")).collect();
            let twice = STANDARD.encode(STANDARD.encode(&inner));
            for packed in [
                STANDARD.encode(&inner),
                URL_SAFE_NO_PAD.encode(&inner),
                twice,
                hex,
            ] {
                let readings = readings(&format!("value=\"{packed}\""));
                assert!(
                    readings.iter().any(|text| text.contains(SECRET)),
                    "{packed}"
                );
            }
        }
    }

    #[test]
    fn both_sides_are_spelt_alike() {
        let pairs = both("a.test:1", "b.test");

        assert!(pairs.contains(&("a.test%3A1".to_owned(), "b.test".to_owned())));
        let pairs = both("a&b", "c&d");
        assert!(pairs.contains(&("a&amp;b".to_owned(), "c&amp;d".to_owned())));
        assert!(pairs.contains(&("a%26amp%3Bb".to_owned(), "c%26amp%3Bd".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_has_readings(text in any::<String>()) {
            assert!(!readings(&text).is_empty());
            assert!(!both(&text, "x").is_empty());
        }
    }
}
