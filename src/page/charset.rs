//! In which character set a page is written: the byte order mark, then the header, then the page's own word.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// What a `Content-Type` header says
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MediaType {
    essence: String,
    charset: Option<String>,
}

impl MediaType {
    /// Reads a header's value; `None` if it names no type
    ///
    /// Source: <https://mimesniff.spec.whatwg.org/#parsing-a-mime-type>
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (essence, mut parameters) = header.split_once(';').unwrap_or((header, ""));
        let essence = essence.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || essence.contains(char::is_whitespace) {
            return None;
        }
        let mut charset = None;
        while charset.is_none() && !parameters.is_empty() {
            let (name, value, rest) = parameter(parameters);
            if name.eq_ignore_ascii_case("charset") {
                charset = Some(value);
            }
            parameters = rest;
        }
        Some(Self { essence, charset })
    }

    pub(super) fn is_html(&self) -> bool {
        matches!(&*self.essence, "text/html" | "application/xhtml+xml")
    }

    pub(super) fn is_json(&self) -> bool {
        matches!(&*self.essence, "application/json" | "text/json")
            || self.essence.ends_with("+json")
    }

    fn encoding(&self) -> Option<&'static Encoding> {
        Encoding::for_label(self.charset.as_deref()?.as_bytes())
    }
}

/// Text out of bytes, and the character set they were in
///
/// Bytes that are invalid become U+FFFD, as in a browser. Without a mark, a header or a `meta` element it is
/// UTF-8 where the bytes are valid UTF-8, else windows-1252.
///
/// Source: <https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding>
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    media_type: Option<&MediaType>,
    html: bool,
) -> (Cow<'a, str>, &'static Encoding) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        return (text.0, encoding);
    }
    let declared = media_type
        .and_then(MediaType::encoding)
        .or_else(|| html.then(|| prescan(bytes)).flatten());
    let encoding = declared.unwrap_or_else(|| match str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        Err(_) => WINDOWS_1252,
    });
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (text, encoding)
}

/// One `name=value` of a header, and what follows its `;`
fn parameter(text: &str) -> (&str, String, &str) {
    let end = text.find([';', '=']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let Some(value) = rest.strip_prefix('=') else {
        return (
            name.trim(),
            String::new(),
            rest.get(1..).unwrap_or_default(),
        );
    };
    let Some(quoted) = value.strip_prefix('"') else {
        let (value, rest) = value.split_once(';').unwrap_or((value, ""));
        return (name.trim(), value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            _ => value.push(c),
        }
    }
    let rest = chars.as_str();
    let rest = rest.split_once(';').map_or("", |(_, rest)| rest);
    (name.trim(), value, rest)
}

/// What the first `meta` elements say, before the page is parsed
///
/// Source: <https://html.spec.whatwg.org/multipage/parsing.html#prescan-a-byte-stream-to-determine-its-encoding>
fn prescan(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut rest = bytes.get(..PRESCANNED).unwrap_or(bytes);
    while !rest.is_empty() {
        if rest.starts_with(b"<!--") {
            // The dashes that open it may be the ones that close it.
            rest = after(&rest[2..], b"-->");
        } else if is_meta(rest) {
            let (encoding, tail) = meta(&rest[5..]);
            if encoding.is_some() {
                return encoding;
            }
            rest = tail;
        } else if starts_tag(rest) {
            let end = rest
                .iter()
                .position(|byte| is_blank(*byte) || *byte == b'>');
            rest = &rest[end.unwrap_or(rest.len())..];
            while let Some((_, _, tail)) = attribute(rest) {
                rest = tail;
            }
        } else if let [b'<', b'!' | b'/' | b'?', ..] = rest {
            rest = after(rest, b">");
        } else {
            rest = &rest[1..];
        }
    }
    None
}

/// Reads a `meta` tag's attributes
fn meta(mut rest: &[u8]) -> (Option<&'static Encoding>, &[u8]) {
    let mut seen: Vec<Vec<u8>> = Vec::new();
    let (mut pragma, mut charset, mut content) = (false, None, None);
    while let Some((name, value, tail)) = attribute(rest) {
        rest = tail;
        if seen.contains(&name) {
            continue;
        }
        match &*name {
            b"http-equiv" => pragma = value == b"content-type",
            b"charset" => charset = Some(Encoding::for_label(&value)),
            b"content" if content.is_none() => {
                content = charset_of(&value).and_then(Encoding::for_label);
            }
            _ => {}
        }
        seen.push(name);
    }
    let encoding = match charset {
        Some(encoding) => encoding,
        None if pragma => content,
        None => None,
    };
    (encoding.map(as_declared_in_a_page), rest)
}

/// A page that can say it in ASCII is not UTF-16
fn as_declared_in_a_page(encoding: &'static Encoding) -> &'static Encoding {
    match encoding {
        _ if encoding == UTF_16BE || encoding == UTF_16LE => UTF_8,
        _ if encoding == X_USER_DEFINED => WINDOWS_1252,
        _ => encoding,
    }
}

/// The character set in a `meta` element's `content`, such as `text/html; charset=utf-8`
///
/// Source: <https://html.spec.whatwg.org/multipage/urls-and-fetching.html#extracting-character-encodings-from-meta-elements>
fn charset_of(content: &[u8]) -> Option<&[u8]> {
    let mut rest = content;
    loop {
        let found = rest
            .windows(7)
            .position(|word| word.eq_ignore_ascii_case(b"charset"))?;
        rest = rest[found + 7..].trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            let value = value.trim_ascii_start();
            return match value {
                [quote @ (b'"' | b'\''), quoted @ ..] => {
                    let end = quoted.iter().position(|byte| byte == quote)?;
                    Some(&quoted[..end])
                }
                _ => {
                    let end = value
                        .iter()
                        .position(|byte| is_blank(*byte) || *byte == b';');
                    Some(&value[..end.unwrap_or(value.len())])
                }
            };
        }
    }
}

/// The next attribute's name and value in lower case, and what follows
///
/// Source: <https://html.spec.whatwg.org/multipage/parsing.html#concept-get-attributes-when-sniffing>
fn attribute(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>, &[u8])> {
    let start = bytes
        .iter()
        .position(|byte| !is_blank(*byte) && *byte != b'/')?;
    let bytes = &bytes[start..];
    if bytes.first() == Some(&b'>') {
        return None;
    }
    let ends_name = |(i, byte): (usize, &u8)| {
        is_blank(*byte) || matches!(byte, b'/' | b'>') || (*byte == b'=' && i > 0)
    };
    let end = bytes.iter().enumerate().position(ends_name)?;
    let (name, rest) = bytes.split_at(end);
    let name = name.to_ascii_lowercase();
    let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else {
        return Some((name, Vec::new(), rest));
    };
    let value = value.trim_ascii_start();
    let (value, rest) = match value {
        [quote @ (b'"' | b'\''), quoted @ ..] => {
            let end = quoted.iter().position(|byte| byte == quote)?;
            (&quoted[..end], &quoted[end + 1..])
        }
        _ => {
            let end = value
                .iter()
                .position(|byte| is_blank(*byte) || *byte == b'>')?;
            value.split_at(end)
        }
    };
    Some((name, value.to_ascii_lowercase(), rest))
}

fn after<'a>(bytes: &'a [u8], mark: &[u8]) -> &'a [u8] {
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    found.map_or(&[], |start| &bytes[start + mark.len()..])
}

fn is_meta(bytes: &[u8]) -> bool {
    let name = bytes.get(..5).unwrap_or_default();
    name.eq_ignore_ascii_case(b"<meta")
        && bytes
            .get(5)
            .is_some_and(|byte| is_blank(*byte) || *byte == b'/')
}

fn starts_tag(bytes: &[u8]) -> bool {
    match bytes {
        [b'<', b'/', first, ..] | [b'<', first, ..] => first.is_ascii_alphabetic(),
        _ => false,
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0C' | b'\r' | b' ')
}

const PRESCANNED: usize = 1024;

#[cfg(test)]
mod tests {
    use encoding_rs::{ISO_8859_2, SHIFT_JIS, UTF_8, UTF_16LE, WINDOWS_1252};
    use proptest::prelude::{any, prop, proptest};

    use super::{MediaType, decode};

    fn encoding(header: &str, bytes: &[u8]) -> &'static str {
        decode(bytes, MediaType::parse(header).as_ref(), true)
            .1
            .name()
    }

    #[test]
    fn a_media_type_ignores_its_parameters() {
        let json = [
            "application/json",
            "application/json;charset=UTF-8",
            "Application/ION+JSON; vendor-version=1.0.0",
        ];
        for header in json {
            assert!(MediaType::parse(header).unwrap().is_json(), "{header}");
        }
        for header in ["text/html", "TEXT/HTML ;charset=x", "application/xhtml+xml"] {
            assert!(MediaType::parse(header).unwrap().is_html(), "{header}");
        }
        for header in ["", "html", "/html", "text/", ";charset=utf-8"] {
            assert_eq!(MediaType::parse(header), None, "{header}");
        }
        assert!(!MediaType::parse("application/jsonp").unwrap().is_json());
    }

    #[test]
    fn the_header_names_the_character_set() {
        assert_eq!(
            encoding("text/html; charset=iso-8859-2", b""),
            ISO_8859_2.name()
        );
        assert_eq!(
            encoding("text/html;a=b;CHARSET=\"shift_jis\"", b""),
            SHIFT_JIS.name()
        );
        assert_eq!(
            encoding("text/html; a=\"x;charset=utf-16\"; charset=latin1", b""),
            WINDOWS_1252.name()
        );
        assert_eq!(encoding("text/html; charset=nonsense", b""), UTF_8.name());
    }

    #[test]
    fn a_byte_order_mark_beats_the_header() {
        let (text, encoding) = decode(
            b"\xEF\xBB\xBF\xC3\xA9",
            MediaType::parse("text/html; charset=latin1").as_ref(),
            true,
        );
        assert_eq!((&*text, encoding), ("é", UTF_8));

        let (text, encoding) = decode(b"\xFF\xFEa\0", None, true);
        assert_eq!((&*text, encoding), ("a", UTF_16LE));
    }

    #[test]
    fn a_header_beats_the_page() {
        let page = b"<meta charset=shift_jis>";
        assert_eq!(
            encoding("text/html; charset=iso-8859-2", page),
            ISO_8859_2.name()
        );
    }

    #[test]
    fn a_meta_element_names_the_character_set() {
        let pages: [&[u8]; 8] = [
            b"<meta charset=iso-8859-2>",
            b"<!doctype html><html><head><META CharSet='ISO-8859-2'/>",
            b"<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-2'>",
            b"<meta content='text/html; charset = \"iso-8859-2\"' http-equiv=content-type>",
            b"<!-- <meta charset=utf-8> --><meta charset=iso-8859-2>",
            b"<a title='<meta charset=utf-8>'><meta charset=iso-8859-2>",
            b"<!--><meta charset=iso-8859-2>",
            b"<meta name=x content='charset=utf-8'><meta charset=iso-8859-2 charset=utf-8>",
        ];
        for page in pages {
            assert_eq!(
                encoding("text/html", page),
                ISO_8859_2.name(),
                "{}",
                page.escape_ascii()
            );
        }
    }

    #[test]
    fn utf_16_in_a_meta_element_means_utf_8() {
        assert_eq!(
            encoding("text/html", b"<meta charset=utf-16>\xE9"),
            UTF_8.name()
        );
    }

    #[test]
    fn only_the_first_kilobyte_is_searched() {
        let page = [&[b' '; 1024][..], b"<meta charset=iso-8859-2>"].concat();
        assert_eq!(encoding("text/html", &page), UTF_8.name());
    }

    #[test]
    fn without_a_word_it_is_utf_8_or_windows_1252() {
        assert_eq!(decode("é".as_bytes(), None, true).0, "é");
        assert_eq!(decode(b"\xE9", None, true), ("é".into(), WINDOWS_1252));
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded(bytes in prop::collection::vec(any::<u8>(), 0..200), header in any::<String>()) {
            decode(&bytes, MediaType::parse(&header).as_ref(), true);
        }

        #[test]
        fn any_tags_are_prescanned(text in "[<>!/?='\"a \n-]{0,40}(<meta( (charset|content|http-equiv)=?['\"]?[a-z=;]{0,9}){0,3})?.{0,9}") {
            decode(text.as_bytes(), None, true);
        }
    }
}
