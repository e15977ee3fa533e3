//! Shell text to words and operators, one after the other, as bash reads them; what bash would replace is an error.

use std::collections::HashMap;

use crate::kubectl::error::{ParseCommandError, Refusal, refuse};

/// Reads the text once, from front to back
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    /// Starts at the front
    ///
    /// # Errors
    ///
    /// Control characters other than line ends and tabs, and text beyond [`LIMIT`].
    pub(super) fn new(text: &'t str) -> Result<Self, ParseCommandError> {
        if text.len() > LIMIT {
            return refuse(Refusal::TooLong, LIMIT, "a text of more than 1 MiB");
        }
        let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
        match text.as_bytes().iter().position(control) {
            Some(at) => refuse(Refusal::ControlCharacter, at, "a control character"),
            None => Ok(Self { text, at: 0 }),
        }
    }

    /// The next word or operator, and where it starts; `bound` are the variables that may be used
    pub(super) fn next(&mut self, bound: &Bound) -> Result<(usize, Token), ParseCommandError> {
        self.skip_blanks();
        let offset = self.at;
        let rest = self.rest();
        let second = rest.chars().nth(1);
        let (length, token) = match (rest.chars().next(), second) {
            (None, _) => (0, Token::End),
            (Some('\n'), _) => (1, Token::Newline),
            (Some(';'), _) => (1, Token::Semicolon),
            (Some('&'), Some('&')) => (2, Token::And),
            (Some('&'), Some('>')) => return refuse(Refusal::Redirection, offset, "`&>`"),
            (Some('&'), _) => return refuse(Refusal::Syntax, offset, "a job in the background"),
            (Some('|'), Some('|')) => return refuse(Refusal::Syntax, offset, "`||`"),
            (Some('|'), Some('&')) => return refuse(Refusal::Syntax, offset, "`|&`"),
            (Some('|'), _) => (1, Token::Pipe),
            (Some('>'), Some('>' | '&' | '|' | '(')) => {
                return refuse(Refusal::Redirection, offset, "a redirection other than `>`");
            }
            (Some('>'), _) => (1, Token::Into),
            (Some('<'), Some('(')) => {
                return refuse(Refusal::Substitution, offset, "a process substitution");
            }
            (Some('<'), Some('<')) => match rest.chars().nth(2) {
                Some('<') => return refuse(Refusal::Redirection, offset, "a here-string"),
                Some('-') => (3, Token::HereDocument { strip_tabs: true }),
                Some('\\')
                    if rest
                        .get(2..)
                        .is_some_and(|rest| rest.starts_with(CONTINUED)) =>
                {
                    return refuse(Refusal::Syntax, offset, "an operator on a continued line");
                }
                _ => (2, Token::HereDocument { strip_tabs: false }),
            },
            (Some('<'), _) => return refuse(Refusal::Redirection, offset, "a redirected input"),
            (Some('(' | ')'), _) => return refuse(Refusal::Syntax, offset, "a subshell"),
            _ => return Ok((offset, Token::Word(self.word(bound)?))),
        };
        self.at += length;
        Ok((offset, token))
    }

    /// `NAME=$(mktemp)`, quoted or not, if an assignment stands next; the name
    ///
    /// # Errors
    ///
    /// An assignment of anything else.
    pub(super) fn binding(&mut self) -> Result<Option<(usize, &'t str)>, ParseCommandError> {
        self.skip_blanks();
        let offset = self.at;
        let rest = self.rest();
        let name = rest.get(..name_length(rest)).unwrap_or_default();
        let Some(value) = rest.strip_prefix(name).and_then(|r| r.strip_prefix('=')) else {
            return Ok(None);
        };
        if name.is_empty() {
            return Ok(None);
        }
        let value_offset = offset + name.len() + 1;
        let (quote, inner) = match value.strip_prefix('"') {
            Some(inner) => ("\"", inner),
            None => ("", value),
        };
        let blank = |c| matches!(c, ' ' | '\t');
        let after = inner
            .strip_prefix("$(")
            .map(|inner| inner.trim_start_matches(blank))
            .and_then(|inner| inner.strip_prefix("mktemp"))
            .map(|inner| inner.trim_start_matches(blank))
            .and_then(|inner| inner.strip_prefix(')'))
            .and_then(|inner| inner.strip_prefix(quote));
        match after {
            Some(after) if ends_word(after) => {
                self.at = self.text.len() - after.len();
                Ok(Some((offset, name)))
            }
            _ if inner.starts_with("$(") || inner.starts_with('`') => refuse(
                Refusal::Substitution,
                value_offset,
                "a substitution other than `$(mktemp)`",
            ),
            _ => refuse(
                Refusal::Syntax,
                offset,
                "an assignment other than `NAME=$(mktemp)`",
            ),
        }
    }

    /// The lines up to the one that is `delimiter`; the scanner must stand at the start of a line
    pub(super) fn here_document(
        &mut self,
        delimiter: &Word,
        strip_tabs: bool,
    ) -> Result<String, ParseCommandError> {
        let mut body = String::new();
        loop {
            let start = self.at;
            let (line, found) = match self.rest().split_once('\n') {
                Some((line, _)) => (line, true),
                None => (self.rest(), false),
            };
            self.at += line.len() + usize::from(found);
            let tabs = match strip_tabs {
                true => line.len() - line.trim_start_matches('\t').len(),
                false => 0,
            };
            let line = line.get(tabs..).unwrap_or_default();
            if line == delimiter.text {
                return Ok(body);
            }
            if !delimiter.quoted {
                no_expansion(line, start + tabs)?;
            }
            if !found {
                let offset = delimiter.offset;
                return refuse(Refusal::Unterminated, offset, "a here-document without end");
            }
            body.push_str(line);
            body.push('\n');
        }
    }

    fn word(&mut self, bound: &Bound) -> Result<Word, ParseCommandError> {
        let offset = self.at;
        let mut text = String::new();
        let mut quoted = false;
        let mut before = None;
        while let Some(c) = self.rest().chars().next() {
            let at = self.at;
            match c {
                _ if ends_word(self.rest()) => break,
                '\'' => {
                    let inner = self.text.get(at + 1..).unwrap_or_default();
                    let Some((inner, _)) = inner.split_once('\'') else {
                        return refuse(Refusal::Unterminated, at, "a quote without end");
                    };
                    text.push_str(inner);
                    self.at = at + inner.len() + 2;
                    quoted = true;
                }
                '"' => {
                    self.double_quoted(&mut text, bound)?;
                    quoted = true;
                }
                '\\' => {
                    let Some(escaped) = self.rest().chars().nth(1) else {
                        return refuse(Refusal::Unterminated, at, "a backslash at the end");
                    };
                    if escaped == '\r' {
                        return refuse(Refusal::ControlCharacter, at + 1, "a carriage return");
                    }
                    if escaped != '\n' {
                        text.push(escaped);
                        quoted = true;
                    }
                    self.at += 1 + escaped.len_utf8();
                }
                '$' => self.dollar(&mut text, false, bound)?,
                '`' => return refuse(Refusal::Substitution, at, "a substitution in backquotes"),
                '*' | '?' | '[' => return refuse(Refusal::Expansion, at, "a glob"),
                '{' | '}' => return refuse(Refusal::Expansion, at, "a brace"),
                '~' if matches!(before, None | Some('=' | ':')) => {
                    return refuse(Refusal::Expansion, at, "a tilde");
                }
                '\r' => return refuse(Refusal::ControlCharacter, at, "a carriage return"),
                _ => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
            before = Some(c);
        }
        let digits = !quoted && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && self.rest().starts_with(['<', '>']) {
            return refuse(Refusal::Redirection, offset, "a numbered redirection");
        }
        Ok(Word {
            text,
            offset,
            quoted,
        })
    }

    fn double_quoted(&mut self, text: &mut String, bound: &Bound) -> Result<(), ParseCommandError> {
        let start = self.at;
        self.at += 1;
        while let Some(c) = self.rest().chars().next() {
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' => {
                    let escaped = self.rest().chars().nth(1);
                    match escaped {
                        Some('\n') => {}
                        Some(c @ ('$' | '`' | '"' | '\\')) => text.push(c),
                        _ => text.push('\\'),
                    }
                    self.at += match escaped {
                        Some('\n' | '$' | '`' | '"' | '\\') => 2,
                        _ => 1,
                    };
                }
                '$' => self.dollar(text, true, bound)?,
                '`' => {
                    let at = self.at;
                    return refuse(Refusal::Substitution, at, "a substitution in backquotes");
                }
                _ => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        refuse(Refusal::Unterminated, start, "a quote without end")
    }

    /// A variable that the command made, or a lone `$`
    fn dollar(
        &mut self,
        text: &mut String,
        quoted: bool,
        bound: &Bound,
    ) -> Result<(), ParseCommandError> {
        let at = self.at;
        let after = self.text.get(at + 1..).unwrap_or_default();
        if let Some((refusal, construct)) = expansion(after, quoted) {
            return refuse(refusal, at, construct);
        }
        let (name, length) = match after.strip_prefix('{') {
            Some(inner) => {
                let name = inner.get(..name_length(inner)).unwrap_or_default();
                if !inner.get(name.len()..).unwrap_or_default().starts_with('}') {
                    return refuse(Refusal::Expansion, at, "a `${…}` with more than a name");
                }
                (name, name.len() + 3)
            }
            None => {
                let name = after.get(..name_length(after)).unwrap_or_default();
                (name, name.len() + 1)
            }
        };
        self.at += length;
        if self.rest().starts_with(CONTINUED) && !after.starts_with('{') {
            return refuse(Refusal::Expansion, at, "a `$` before a continued line");
        }
        match bound.get(name) {
            Some(value) => text.push_str(value),
            None if length == 1 => text.push('$'),
            None => {
                let construct = "a variable that the command did not make";
                return refuse(Refusal::Expansion, at, construct);
            }
        }
        Ok(())
    }

    /// Blanks, continued lines, and a comment up to the end of its line
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with([' ', '\t']) {
                self.at += 1;
            } else if rest.starts_with(CONTINUED) {
                self.at += 2;
            } else {
                break;
            }
        }
        let rest = self.rest();
        if rest.starts_with('#') {
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// The variables that a word may hold, and what stands for their value
#[derive(Debug, Default)]
pub(super) struct Bound(HashMap<String, String>);

impl Bound {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn insert(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }
}

#[derive(Debug)]
pub(super) enum Token {
    And,
    End,
    HereDocument { strip_tabs: bool },
    Into,
    Newline,
    Pipe,
    Semicolon,
    Word(Word),
}

/// One word, quotes removed
#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) offset: usize,
    /// Whether any part of it was quoted: such a word is no keyword
    pub(super) quoted: bool,
}

/// What bash would replace after a `$`, other than a variable by its name
fn expansion(after: &str, quoted: bool) -> Option<(Refusal, &'static str)> {
    let found = match after.chars().next()? {
        '(' => (Refusal::Substitution, "a substitution"),
        '[' => (Refusal::Expansion, "an arithmetic expansion"),
        '\'' | '"' if !quoted => (Refusal::Expansion, "a `$` before a quote"),
        '0'..='9' | '@' | '*' | '#' | '?' | '-' | '$' | '!' => {
            (Refusal::Expansion, "a parameter of the shell")
        }
        _ => return None,
    };
    Some(found)
}

/// Here-documents may hold `$` and backslashes, but nothing that these do
fn no_expansion(line: &str, offset: usize) -> Result<(), ParseCommandError> {
    for (at, c) in line.char_indices() {
        let after = line.get(at + 1..).unwrap_or_default();
        let found = match c {
            '`' => Some((Refusal::Substitution, "a substitution in backquotes")),
            '\\' => Some((Refusal::Expansion, "a backslash in a here-document")),
            '$' if name_length(after) > 0 || after.starts_with('{') => {
                Some((Refusal::Expansion, "a variable in a here-document"))
            }
            '$' => expansion(after, true),
            _ => None,
        };
        if let Some((refusal, construct)) = found {
            return refuse(refusal, offset + at, construct);
        }
    }
    Ok(())
}

/// The bytes of the variable's name that `text` starts with
fn name_length(text: &str) -> usize {
    let name = |c: char| c == '_' || c.is_ascii_alphanumeric();
    match text.starts_with(|c: char| c.is_ascii_digit()) {
        true => 0,
        false => text.find(|c| !name(c)).unwrap_or(text.len()),
    }
}

fn ends_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')'])
}

/// A command of a portal has a few kilobytes; a certificate bundle in it perhaps a hundred
const LIMIT: usize = 1 << 20;

/// bash drops these two before it looks at what stands around them, even inside an operator or a name
const CONTINUED: &str = "\\\n";
