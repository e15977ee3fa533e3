//! The drawing itself: where boxes, lanes and arrows are, as SVG.

use std::fmt::Write as _;

use super::escape;

/// How a box looks
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
}

/// A drawing that grows downwards
pub(super) struct Drawing {
    lanes: Vec<String>,
    /// What lies over the lanes
    body: String,
    /// The lower edge of the last box, and its middle
    last: Option<(f64, f64)>,
    y: f64,
}

impl Drawing {
    pub(super) fn new(lanes: &[String]) -> Self {
        Self {
            lanes: lanes.to_vec(),
            body: String::new(),
            last: None,
            y: HEAD + GAP,
        }
    }

    /// A box for a request: what was asked, what came, and how long it took
    pub(super) fn request(
        &mut self,
        lane: usize,
        number: Option<usize>,
        [what, answer, took]: [&str; 3],
        share: f64,
        is_slow: bool,
        tone: Tone,
    ) {
        let x = left(lane);
        self.arrow(lane);
        let y = self.y;
        let class = match (tone, number) {
            (Tone::Bad, None) => "fails silent",
            (Tone::Bad, _) => "fails",
            _ => "",
        };
        let _ = write!(
            self.body,
            "<g class=\"{class}\"><title>{}</title><rect class=box x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{TALL}\" rx=\"6\"/>",
            escape(&format!("{what} — {answer} {took}"))
        );
        let figure = number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let _ = write!(
            self.body,
            "<circle class=number cx=\"{}\" cy=\"{}\" r=\"11\"/><text class=figure x=\"{}\" y=\"{}\" text-anchor=middle>{figure}</text>",
            x + 20.0,
            y + 18.0,
            x + 20.0,
            y + 22.0
        );
        let _ = write!(
            self.body,
            "<text class=path x=\"{}\" y=\"{}\">{}</text><text class=dim x=\"{}\" y=\"{}\">{}</text>",
            x + 38.0,
            y + 22.0,
            escape(&cut_within(what, PATH_SIGNS)),
            x + 38.0,
            y + 41.0,
            escape(&cut(answer, ANSWER_SIGNS))
        );
        let class = if is_slow { "slow" } else { "dim" };
        let _ = write!(
            self.body,
            "<text class={class} x=\"{}\" y=\"{}\" text-anchor=end>{}</text>",
            x + BOX - 10.0,
            y + 41.0,
            escape(took)
        );
        if share > 0.0 {
            let _ = write!(
                self.body,
                "<rect class=share x=\"{}\" y=\"{}\" width=\"{:.1}\" height=\"3\" rx=\"1.5\"/>",
                x + 6.0,
                y + TALL - 5.0,
                ((BOX - 12.0) * share).max(2.0)
            );
        }
        self.body.push_str("</g>\n");
        self.below(lane, TALL);
    }

    /// The last box, with the outcome
    pub(super) fn end(&mut self, lane: usize, text: &str, tone: Tone) {
        self.arrow(lane);
        let (x, y) = (left(lane), self.y);
        let lines = wrap(text, LINE_SIGNS);
        let tall = 20.0 + 18.0 * lines.iter().map(|_| 1.0).sum::<f64>();
        let class = if tone == Tone::Bad {
            "end-bad"
        } else {
            "end-good"
        };
        let _ = write!(
            self.body,
            "<rect class={class} x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{tall}\" rx=\"14\"/>"
        );
        let mut at = y + 23.0;
        for line in lines {
            let _ = write!(
                self.body,
                "<text x=\"{}\" y=\"{at}\">{}</text>",
                x + 14.0,
                escape(&line)
            );
            at += 18.0;
        }
        self.body.push('\n');
        self.below(lane, tall);
    }

    pub(super) fn finish(self, title: &str) -> String {
        let height = self.y;
        let width = left(self.lanes.len()) - PAD + 2.0;
        let mut svg = format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=img aria-label=\"{}\">\n",
            escape(title)
        );
        for (lane, host) in self.lanes.iter().enumerate() {
            let x = left(lane) - PAD;
            let _ = writeln!(
                svg,
                "<rect class=lane x=\"{x}\" y=\"0\" width=\"{}\" height=\"{height}\" rx=\"8\"/>\
                 <text class=host x=\"{}\" y=\"26\" text-anchor=middle><title>{}</title>{}</text>",
                BOX + 2.0 * PAD,
                middle(lane),
                escape(host),
                escape(&cut_within(host, HOST_SIGNS))
            );
        }
        svg + &self.body + "</svg>\n"
    }

    /// From the last box to the next one in `lane`
    fn arrow(&mut self, lane: usize) {
        let Some((x, y)) = self.last else {
            return;
        };
        let (to_x, to_y) = (middle(lane), self.y - 1.0);
        let bend = (to_y - y) * 0.75;
        let _ = writeln!(
            self.body,
            "<path class=way d=\"M{x} {y} C{x} {:.1} {to_x} {:.1} {to_x} {:.1}\"/>\
             <path class=tip d=\"M{:.1} {:.1} {:.1} {:.1} {to_x} {to_y}z\"/>",
            y + bend,
            to_y - bend,
            to_y - 5.0,
            to_x - 4.5,
            to_y - 8.0,
            to_x + 4.5,
            to_y - 8.0,
        );
    }

    fn below(&mut self, lane: usize, tall: f64) {
        self.last = Some((middle(lane), self.y + tall));
        self.y += tall + GAP;
    }
}

/// Where the boxes of a lane begin
fn left(lane: usize) -> f64 {
    // A login meets a few origins.
    let lane = f64::from(u16::try_from(lane).unwrap_or(u16::MAX));
    PAD + lane * (BOX + 2.0 * PAD + BETWEEN)
}

fn middle(lane: usize) -> f64 {
    left(lane) + BOX / 2.0
}

/// The beginning of a text that is too long for its place
fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// The beginning and the end of a path that is too long: its end is what tells it from others
fn cut_within(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let rest = most.saturating_sub(KEPT_BEGINNING + 1);
    let end = text.chars().skip(length - rest);
    text.chars()
        .take(KEPT_BEGINNING)
        .chain(['…'])
        .chain(end)
        .collect()
}

/// A text in lines, of which there are not too many
fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let word = cut(word, most);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push("…".to_owned());
    }
    lines
}

const BOX: f64 = 296.0;
const TALL: f64 = 54.0;
const PAD: f64 = 14.0;
const BETWEEN: f64 = 10.0;
const GAP: f64 = 30.0;
const HEAD: f64 = 24.0;

const HOST_SIGNS: usize = 36;
const KEPT_BEGINNING: usize = 14;
const PATH_SIGNS: usize = 34;
const ANSWER_SIGNS: usize = 28;
const LINE_SIGNS: usize = 40;
const MOST_LINES: usize = 6;

#[cfg(test)]
mod tests {
    use super::{cut_within, wrap};

    #[test]
    fn a_long_path_keeps_its_end() {
        let path = "POST /realms/corp/login-actions/authenticate";
        let cut = cut_within(path, 34);

        assert_eq!(cut, "POST /realms/c…ctions/authenticate");
        assert_eq!(cut.chars().count(), 34);
        assert_eq!(cut_within("GET /é", 34), "GET /é");
    }

    #[test]
    fn a_text_is_wrapped_and_has_an_end() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap(&"word ".repeat(99), 10).len(), 7);
        assert_eq!(wrap(&"x".repeat(20), 10), ["xxxxxxxxx…"]);
    }
}
