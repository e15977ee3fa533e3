//! A walk as one page of HTML with a drawing in it: a lane for each origin, a box for each request.
//!
//! The page needs no script and nothing from elsewhere, and forbids both. Every text in it is foreign until it is escaped.

mod drawing;

use std::time::Duration;

use doorward::{Error, ErrorKind, Hop, one_line};

use self::drawing::{Drawing, Tone};

/// What is drawn: requests, and how it ended
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    title: &'static str,
    lanes: Vec<String>,
    boxes: Vec<Request>,
    end: Option<End>,
}

/// A request, and what came of it
#[derive(Clone, Debug)]
struct Request {
    lane: usize,
    /// Method and path
    what: String,
    /// Status, and what the answer was
    answer: String,
    took: Option<Duration>,
    fails: bool,
}

#[derive(Clone, Debug)]
struct End {
    lane: usize,
    text: String,
    hint: Option<String>,
    is_good: bool,
}

impl Picture {
    pub(crate) fn new(title: &'static str) -> Self {
        Self {
            title,
            lanes: Vec::new(),
            boxes: Vec::new(),
            end: None,
        }
    }

    /// Adds a request that was answered
    pub(crate) fn hop(&mut self, hop: &Hop) {
        let lane = self.lane(&hop.host);
        self.boxes.push(Request {
            lane,
            what: format!("{} {}", hop.method, hop.path),
            answer: format!("{} {}", hop.status, hop.what),
            took: Some(hop.took),
            fails: false,
        });
    }

    /// Says how it ended, at the place where the last request was
    pub(crate) fn ends_well(&mut self, text: &str) {
        let lane = self.boxes.last().map_or(0, |last| last.lane);
        self.end = Some(End {
            lane,
            text: one_line(text),
            hint: None,
            is_good: true,
        });
    }

    /// The same of a place where a login would end in vain
    pub(crate) fn ends_in_vain(&mut self, text: &str) {
        self.ends_well(text);
        if let Some(end) = &mut self.end {
            end.is_good = false;
        }
        if let Some(last) = self.boxes.last_mut() {
            last.fails = true;
        }
    }

    /// Says at which origin it failed, and by what; nothing stands for the place where the last request was
    pub(crate) fn fails_at(&mut self, origin: &str, error: &Error) {
        let host = origin.trim_start_matches("https://");
        let last = self.boxes.last().map(|last| last.lane);
        let lane = match (host.is_empty(), last) {
            (true, Some(last)) => last,
            (true, None) => self.lane("(no request was made)"),
            (false, _) => self.lane_like(host),
        };
        let is_silent = matches!(error.kind(), ErrorKind::Transport) || last != Some(lane);
        match self.boxes.last_mut().filter(|_| !is_silent) {
            Some(last) => last.fails = true,
            None => self.boxes.push(Request {
                lane,
                what: "the next request".to_owned(),
                answer: "no answer".to_owned(),
                took: None,
                fails: true,
            }),
        }
        self.end = Some(End {
            lane,
            text: format!("{}: {}", error.kind(), one_line(error.message())),
            hint: error.next_step().map(one_line),
            is_good: false,
        });
    }

    /// The same, where the error alone tells the host
    pub(crate) fn fails(&mut self, error: &Error) {
        let host = error
            .context()
            .find_map(|(key, value)| (key == "host").then(|| value.to_owned()));
        let is_of_network = matches!(error.kind(), ErrorKind::Transport | ErrorKind::Config);
        let host = host.filter(|_| is_of_network).unwrap_or_default();
        self.fails_at(&host, error);
    }

    /// The whole page
    pub(crate) fn to_html(&self) -> String {
        let total: Duration = self.boxes.iter().filter_map(|request| request.took).sum();
        let sum = format!(
            "{}, {}, {} in all, as doorward {} saw it",
            count(
                self.boxes
                    .iter()
                    .filter(|request| request.took.is_some())
                    .count(),
                "request"
            ),
            count(self.lanes.len(), "origin"),
            time(total),
            env!("CARGO_PKG_VERSION"),
        );
        let verdict = self.end.as_ref().map(|end| {
            let class = if end.is_good { "good" } else { "bad" };
            let hint = end
                .hint
                .iter()
                .map(|hint| format!("<br><span class=hint>{}</span>", escape(hint)));
            format!(
                "<p class={class}>{}{}</p>\n",
                escape(&end.text),
                hint.collect::<String>()
            )
        });
        format!(
            "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
             <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=viewport content=\"width=device-width, initial-scale=1\">\n<meta name=referrer content=no-referrer>\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p class=sum>{}</p>\n{}\
             <div class=drawing>\n{}</div>\n{}</body>\n</html>\n",
            escape(&sum),
            verdict.unwrap_or_default(),
            self.svg(),
            self.table(),
            title = escape(self.title),
        )
    }

    fn svg(&self) -> String {
        let mut drawing = Drawing::new(&self.lanes);
        let slowest = self.boxes.iter().filter_map(|request| request.took).max();
        for (at, request) in self.boxes.iter().enumerate() {
            let share = match (request.took, slowest) {
                (Some(took), Some(slowest)) if !slowest.is_zero() => {
                    took.as_secs_f64() / slowest.as_secs_f64()
                }
                _ => 0.0,
            };
            let number = request.took.map(|_| at + 1);
            let tone = if request.fails {
                Tone::Bad
            } else {
                Tone::Plain
            };
            let took = request.took.map(time).unwrap_or_default();
            let is_slow = request.took.is_some_and(|took| took >= SLOW);
            drawing.request(
                request.lane,
                number,
                [&request.what, &request.answer, &took],
                share,
                is_slow,
                tone,
            );
        }
        if let Some(end) = &self.end {
            drawing.end(
                end.lane,
                &end.text,
                if end.is_good { Tone::Good } else { Tone::Bad },
            );
        }
        drawing.finish(self.title)
    }

    /// The same as text, in full
    fn table(&self) -> String {
        let rows = self.boxes.iter().enumerate().map(|(at, request)| {
            let class = if request.fails { " class=fails" } else { "" };
            let host = self.lanes.get(request.lane).map_or("", String::as_str);
            format!(
                "<tr{class}><td>{}<td>{}<td>{}<td>{}<td>{}</tr>\n",
                at + 1,
                escape(host),
                escape(&request.what),
                escape(&request.answer),
                escape(&request.took.map(time).unwrap_or_default()),
            )
        });
        format!(
            "<table>\n<caption>The same in words</caption>\n<tr><th>#<th>origin<th>request<th>answer<th>time</tr>\n{}</table>\n",
            rows.collect::<String>()
        )
    }

    fn lane(&mut self, host: &str) -> usize {
        let host = one_line(host);
        let at = self.lanes.iter().position(|known| *known == host);
        at.unwrap_or_else(|| {
            self.lanes.push(host);
            self.lanes.len() - 1
        })
    }

    /// The lane of a host that may be told without its port
    fn lane_like(&mut self, host: &str) -> usize {
        let with_port = format!("{host}:");
        let last = self.boxes.last().map(|last| last.lane);
        let is_like = |lane: &&usize| {
            let known = self.lanes.get(**lane).map_or("", String::as_str);
            known == host || known.starts_with(&with_port)
        };
        let all: Vec<usize> = last.into_iter().chain(0..self.lanes.len()).collect();
        let found = all.iter().find(is_like).copied();
        found.unwrap_or_else(|| self.lane(host))
    }
}

/// Foreign text within HTML, in an element or in a quoted attribute
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in one_line(text).chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(sign),
        }
    }
    escaped
}

fn time(took: Duration) -> String {
    match took.as_millis() {
        0 => "under 1 ms".to_owned(),
        millis @ 1..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// What a person waits for
const SLOW: Duration = Duration::from_secs(1);

const STYLE: &str = "
:root { color-scheme: light dark; --page: #fff; --text: #1d2733; --dim: #5a6675; --lane: #f3f5f8; --edge: #c3cad4; --box: #fff;
  --mark: #2a5fc7; --good: #187a46; --bad: #bf2a2a; --slow: #9a6200; --bad-box: #fdecec; --good-box: #e7f6ed; }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --text: #e4e9ef; --dim: #9aa7b6; --lane: #1c222a; --edge: #3a4552;
  --box: #252d37; --mark: #7ba6f7; --good: #5ccf91; --bad: #ff8a80; --slow: #f0b95a; --bad-box: #3b2225; --good-box: #1c3527; } }
body { background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; margin: 24px; }
h1 { font-size: 20px; margin: 0; }
p { margin: 4px 0 12px; max-width: 80em; overflow-wrap: anywhere; }
.sum, .hint { color: var(--dim); }
.good, .bad { font-weight: 600; border-left: 4px solid; padding: 4px 0 4px 10px; }
.good { border-color: var(--good); } .bad { border-color: var(--bad); }
.hint { font-weight: 400; }
.drawing { overflow-x: auto; margin: 16px 0 24px; }
svg { display: block; }
svg text { fill: var(--text); font: 13px system-ui, sans-serif; }
svg .host { font-weight: 600; } svg .path { font: 12px ui-monospace, Menlo, Consolas, monospace; } svg .dim { fill: var(--dim); }
svg .slow { fill: var(--slow); font-weight: 600; }
svg .lane { fill: var(--lane); } svg .box { fill: var(--box); stroke: var(--edge); }
svg .number { fill: var(--mark); } svg .figure { fill: var(--page); font-weight: 600; font-size: 11px; }
svg .way { fill: none; stroke: var(--mark); stroke-width: 1.6; } svg .tip { fill: var(--mark); }
svg .share { fill: var(--mark); opacity: .55; }
svg .fails .box { fill: var(--bad-box); stroke: var(--bad); stroke-width: 2; } svg .fails .number, svg .fails .share { fill: var(--bad); }
svg .silent .box { stroke-dasharray: 5 4; }
svg .end-good { fill: var(--good-box); stroke: var(--good); stroke-width: 1.5; } svg .end-bad { fill: var(--bad-box); stroke: var(--bad); stroke-width: 2; }
table { border-collapse: collapse; font-size: 13px; } caption { text-align: left; color: var(--dim); padding: 4px 0; }
td, th { text-align: left; vertical-align: top; padding: 3px 14px 3px 0; border-top: 1px solid var(--edge); overflow-wrap: anywhere; }
tr.fails td { color: var(--bad); font-weight: 600; }
";

#[cfg(test)]
mod tests {
    use doorward::Error;

    use super::{Picture, escape};

    #[test]
    fn foreign_text_is_no_markup() {
        let error = Error::transport("<script>x</script>").hint("\"><img src=x onerror=y>");
        let mut picture = Picture::new("A walk");

        picture.fails_at("https://a.test<b>&'\"", &error);

        let html = picture.to_html();
        assert!(
            !html.contains("<script") && !html.contains("<img") && !html.contains("<b>"),
            "{html}"
        );
        assert!(html.contains("a.test&lt;b&gt;&amp;&#39;&quot;"), "{html}");
        assert_eq!(escape("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let mut picture = Picture::new("A walk");
        picture.fails_at("", &Error::config("no"));

        let html = picture.to_html();

        for outside in [
            "http://", "https://", "url(", "src=", "href=", "<script", "@import",
        ] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("default-src 'none'"));
        assert!(
            html.contains("no answer") && html.contains("Config: no"),
            "{html}"
        );
    }
}
