/// A page without what no login reads: styles, drawings and comments
///
/// So people can read it, and find in it what was sent. Scripts stay as they are, since a comment may hold all of one.
pub(super) fn slim(page: &str) -> String {
    // Tags may be in capitals; the text has the same length, since only ASCII changes.
    let lower = page.to_ascii_lowercase();
    let mut found = String::with_capacity(page.len());
    let mut at = 0;
    while let Some(start) = lower
        .get(at..)
        .and_then(|rest| rest.find('<'))
        .map(|start| at + start)
    {
        found.push_str(&plain(page.get(at..start).unwrap_or_default()));
        let rest = lower.get(start..).unwrap_or_default();
        let part = PARTS.iter().find(|part| part.begins(rest));
        let end =
            part.and_then(|part| Some((part, start + rest.find(part.close)? + part.close.len())));
        at = match end {
            Some((part, end)) => {
                if part.stays {
                    found.push_str(page.get(start..end).unwrap_or_default());
                }
                end
            }
            None => {
                found.push('<');
                start + 1
            }
        };
    }
    found.push_str(&plain(page.get(at..).unwrap_or_default()));
    let mut lines: Vec<&str> = found.lines().map(str::trim_end).collect();
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    lines.join("\n")
}

/// Writes out the character references of signs that need none, as some servers write `&#x2B;` for `+`
fn plain(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        found.push_str(before);
        let (code, end) = after.split_once(';').unwrap_or((after, ""));
        let number = match code.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => code.parse(),
        };
        let sign = number.ok().and_then(char::from_u32);
        match sign.filter(|sign| sign.is_ascii_graphic() && !"&<>\"'".contains(*sign)) {
            Some(sign) => {
                found.push(sign);
                rest = end;
            }
            None => {
                found.push_str("&#");
                rest = after;
            }
        }
    }
    found + rest
}

struct Part {
    open: &'static str,
    close: &'static str,
    stays: bool,
}

impl Part {
    fn begins(&self, rest: &str) -> bool {
        let after = rest.strip_prefix(self.open);
        let is_end =
            |after: &str| self.open == "<!--" || after.starts_with(['>', ' ', '\t', '\r', '\n']);
        after.is_some_and(is_end)
    }
}

const PARTS: [Part; 4] = [
    Part {
        open: "<!--",
        close: "-->",
        stays: false,
    },
    Part {
        open: "<style",
        close: "</style>",
        stays: false,
    },
    Part {
        open: "<svg",
        close: "</svg>",
        stays: false,
    },
    Part {
        open: "<script",
        close: "</script>",
        stays: true,
    },
];

#[cfg(test)]
mod tests {
    use super::slim;

    #[test]
    fn styles_drawings_and_comments_go() {
        let page = "<p>a<!-- b --></p>\n<STYLE type=x>c</STYLE>\n\n\n<svg\nd><path></svg>e<styled>f</styled>\n<!-- g";

        assert_eq!(slim(page), "<p>a</p>\n\ne<styled>f</styled>\n<!-- g");
    }

    #[test]
    fn signs_are_written_out_unless_they_mean_something() {
        let page = "<a b='&#x2B;&#x2f;&#61;&#x26;&#39;&#60;&#x;&#'>&#43;</a>";

        assert_eq!(slim(page), "<a b='+/=&#x26;&#39;&#60;&#x;&#'>+</a>");
    }

    #[test]
    fn scripts_stay() {
        let page = "<script><!-- var a = '<style>'; --></script><Script src=x></Script>é";

        assert_eq!(slim(page), page);
    }
}
