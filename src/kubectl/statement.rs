//! Words and operators to statements: what may stand between two of `&&`, `;` and line ends.

use crate::kubectl::error::{ParseCommandError, Refusal, refuse};
use crate::kubectl::words::{Bound, Scanner, Token, Word};

/// Reads statements, one after the other, so that each can be played before the next is read
#[derive(Debug)]
pub(super) struct Statements<'t> {
    scanner: Scanner<'t>,
    /// How the statement before ended
    after: After,
}

impl<'t> Statements<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, ParseCommandError> {
        Ok(Self {
            scanner: Scanner::new(text)?,
            after: After::Line,
        })
    }

    /// The next statement; `None` at the end of the text
    pub(super) fn next(&mut self, bound: &Bound) -> Result<Option<Statement>, ParseCommandError> {
        if self.after == After::End {
            return Ok(None);
        }
        let mut statement = Statement::default();
        let exported;
        loop {
            if let Some((offset, name)) = self.scanner.binding()? {
                (statement.offset, exported) = (offset, false);
                return self.bind(statement, exported, name, bound);
            }
            match self.scanner.next(bound)? {
                (_, Token::Newline) => {}
                (offset, Token::End) => {
                    return match self.after {
                        After::And => refuse(Refusal::Unterminated, offset, "the end after `&&`"),
                        After::End | After::Line => Ok(None),
                    };
                }
                (offset, Token::Word(word)) => {
                    statement.offset = offset;
                    exported = word.text == "export" && !word.quoted;
                    statement.words.push(word);
                    break;
                }
                (offset, _) => {
                    let construct = "an operator where a command belongs";
                    return refuse(Refusal::Syntax, offset, construct);
                }
            }
        }
        if exported {
            return match self.scanner.binding()? {
                Some((_, name)) => {
                    statement.words.clear();
                    self.bind(statement, exported, name, bound)
                }
                None => {
                    let construct = "an `export` of anything but `NAME=$(mktemp)`";
                    refuse(Refusal::Syntax, statement.offset, construct)
                }
            };
        }
        self.rest(&mut statement, bound)?;
        Ok(Some(statement))
    }

    /// Nothing may follow an assignment but the end of its statement
    fn bind(
        &mut self,
        mut statement: Statement,
        exported: bool,
        name: &str,
        bound: &Bound,
    ) -> Result<Option<Statement>, ParseCommandError> {
        statement.binding = Some(name.to_owned());
        if self.scanner.binding()?.is_some() {
            let construct = "a second assignment";
            return refuse(Refusal::Syntax, statement.offset, construct);
        }
        match self.scanner.next(bound)? {
            (offset, Token::Word(_)) if !exported => {
                refuse(Refusal::Syntax, offset, "an assignment before a command")
            }
            (offset, token) => match self.ends(offset, &token)? {
                true => Ok(Some(statement)),
                false => refuse(Refusal::Syntax, offset, "more after an assignment"),
            },
        }
    }

    fn rest(&mut self, statement: &mut Statement, bound: &Bound) -> Result<(), ParseCommandError> {
        let mut document = None;
        loop {
            let (offset, token) = self.scanner.next(bound)?;
            match token {
                Token::Word(_) if statement.target.is_some() => {
                    return refuse(Refusal::Redirection, offset, "a word after a redirection");
                }
                Token::Word(word) => {
                    let words = statement.filter.as_mut().unwrap_or(&mut statement.words);
                    if words.len() == WORDS {
                        return refuse(Refusal::TooLong, offset, "a command of too many words");
                    }
                    words.push(word);
                }
                Token::Pipe if statement.filter.is_none() && statement.target.is_none() => {
                    statement.filter = Some(Vec::new());
                    statement.pipe = offset;
                }
                Token::Pipe => return refuse(Refusal::Syntax, offset, "a second pipe"),
                Token::Into if statement.target.is_none() => {
                    statement.target = Some(self.operand(offset, bound)?);
                }
                Token::Into => return refuse(Refusal::Redirection, offset, "a second redirection"),
                Token::HereDocument { strip_tabs } => {
                    if document.is_some() || statement.filter.is_some() {
                        let construct = "a here-document that no `cat` reads";
                        return refuse(Refusal::Redirection, offset, construct);
                    }
                    document = Some((self.operand(offset, bound)?, strip_tabs));
                }
                Token::Newline => {
                    if let Some((delimiter, strip_tabs)) = document {
                        let body = self.scanner.here_document(&delimiter, strip_tabs)?;
                        statement.document = Some((delimiter.offset, body));
                    }
                    self.after = After::Line;
                    return Ok(());
                }
                token if document.is_some() => {
                    let (refusal, construct) = match token {
                        Token::End => (Refusal::Unterminated, "a here-document without text"),
                        _ => (Refusal::Syntax, "a command on a here-document's first line"),
                    };
                    return refuse(refusal, offset, construct);
                }
                token => {
                    self.ends(offset, &token)?;
                    return Ok(());
                }
            }
        }
    }

    /// What `>` and `<<` need
    fn operand(&mut self, offset: usize, bound: &Bound) -> Result<Word, ParseCommandError> {
        match self.scanner.next(bound)? {
            (_, Token::Word(word)) => Ok(word),
            _ => refuse(Refusal::Syntax, offset, "a redirection without a name"),
        }
    }

    /// Whether `token` ends a statement
    fn ends(&mut self, offset: usize, token: &Token) -> Result<bool, ParseCommandError> {
        self.after = match token {
            Token::And => After::And,
            Token::End => After::End,
            Token::Newline | Token::Semicolon => After::Line,
            Token::Pipe => return refuse(Refusal::Syntax, offset, "a pipe"),
            _ => return Ok(false),
        };
        Ok(true)
    }
}

/// One simple command with what is redirected
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) offset: usize,
    /// The name, if this is `NAME=$(mktemp)`
    pub(super) binding: Option<String>,
    pub(super) words: Vec<Word>,
    /// The command behind a pipe, and where the pipe stands
    pub(super) filter: Option<Vec<Word>>,
    pub(super) pipe: usize,
    /// Where the output goes
    pub(super) target: Option<Word>,
    /// A here-document's lines
    pub(super) document: Option<(usize, String)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum After {
    And,
    End,
    Line,
}

/// Far more than any portal's; few enough to keep in memory, whatever the words are
const WORDS: usize = 4096;
