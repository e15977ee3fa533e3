use std::fs;
use std::path::Path;

use crate::whole_file::read_whole;
use crate::{Error, redact};

use super::leak::suspicious;
use super::{About, Exchange};

/// A recorded login: a folder with `case.toml`, `01.http`, `02.http` and so on
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Case {
    /// What it is of
    pub about: About,
    /// What went over the wire, in order
    pub exchanges: Vec<Exchange>,
}

impl Case {
    /// Reads the folder at `path`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), with the file: it is missing, too large, or not what it should be;
    /// [`Storage`](crate::ErrorKind::Storage): it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let about =
            About::parse(&text_of(path, ABOUT)?).map_err(|error| error.at("file", ABOUT))?;
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(|error| unreadable(path, error))? {
            let name = entry.map_err(|error| unreadable(path, error))?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        names.retain(|name| name.ends_with(".http"));
        names.sort();
        let mut exchanges = Vec::new();
        for name in &names {
            if *name != file_name(exchanges.len()) {
                return Err(
                    Error::config("the exchanges of a recording are numbered from 01")
                        .at("folder", path.to_string_lossy())
                        .at("file", redact::one_line(name)),
                );
            }
            let text = text_of(path, name)?;
            let exchange = Exchange::parse(&text);
            exchanges.push(exchange.map_err(|error| {
                error
                    .at("folder", path.to_string_lossy())
                    .at("file", redact::one_line(name))
            })?);
        }
        match exchanges.is_empty() {
            true => {
                Err(Error::config("a recording has no exchange")
                    .at("folder", path.to_string_lossy()))
            }
            false => Ok(Self { about, exchanges }),
        }
    }

    /// Whether it looks as if it held something secret, or somebody's own, in any encoding
    ///
    /// What was made for a login has been replaced by texts that begin with `redacted-`, hosts are such as `portal.test`, and tokens are
    /// made up. A [`Recorder`](super::Recorder) makes no other recordings, but people edit them.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), with the file and what it is, never the text itself.
    pub fn check(&self) -> Result<(), Error> {
        let texts = self.exchanges.iter().map(Exchange::to_text);
        let names = (0..).map(file_name);
        let about = (ABOUT.to_owned(), self.about.to_text());
        for (name, text) in names.zip(texts).chain([about]) {
            let lines = text.lines().enumerate();
            let mut found = lines.filter_map(|(at, line)| Some((at + 1, suspicious(line)?)));
            if let Some((line, what)) = found.next() {
                return Err(Error::config("a recording holds what looks as if it were secret, or somebody's own")
                    .at("file", name)
                    .at("line", line.to_string())
                    .at("what", what)
                    .hint("a text that was made for a login becomes such as redacted-state-1, wherever it stands; a host such as provider.test"));
            }
        }
        Ok(())
    }

    /// Makes the folder at `path` for a recording; one that is there must be empty
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): something is in it; [`Storage`](crate::ErrorKind::Storage): it cannot be made.
    pub fn prepare(path: &Path) -> Result<(), Error> {
        fs::create_dir_all(path).map_err(|error| unwritten(path, error))?;
        let mut entries = fs::read_dir(path).map_err(|error| unwritten(path, error))?;
        match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::config("the folder for the recording is not empty")
                .at("folder", path.to_string_lossy())
                .hint("a recording has a folder of its own: remove the old one first")),
        }
    }

    /// Writes the recording into the folder at `path`
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Self::prepare(path)?;
        for (index, exchange) in self.exchanges.iter().enumerate() {
            fs::write(path.join(file_name(index)), exchange.to_text())
                .map_err(|error| unwritten(path, error))?;
        }
        // Last, since a folder without it is none.
        fs::write(path.join(ABOUT), self.about.to_text()).map_err(|error| unwritten(path, error))
    }
}

fn unwritten(path: &Path, error: std::io::Error) -> Error {
    Error::storage("the recording cannot be written")
        .at("folder", path.to_string_lossy())
        .because(error)
}

fn text_of(folder: &Path, name: &str) -> Result<String, Error> {
    let path = folder.join(name);
    let told = |error: Error| error.at("file", path.to_string_lossy());
    let bytes = read_whole(&path, MAX_BYTES)?
        .ok_or_else(|| told(Error::config("a file of the recording is not there")))?;
    String::from_utf8(bytes)
        .map_err(|_| told(Error::config("a file of the recording is no UTF-8 text")))
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::storage("the recording cannot be read")
        .at("folder", path.to_string_lossy())
        .because(error)
}

fn file_name(index: usize) -> String {
    format!("{:02}.http", index + 1)
}

const ABOUT: &str = "case.toml";

/// More than the largest page that a login takes
const MAX_BYTES: usize = 8 << 20;
