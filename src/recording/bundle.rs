use std::fs::{self, DirBuilder};
use std::io;
use std::path::Path;

use crate::{Error, Secret, redact};

use super::Recorder;
use super::leak::{left, suspicious_but_hosts};
use super::stand_ins::StandIns;

/// Files about one login for whoever is to find out why it failed, with nothing secret in them
///
/// Unlike a [`Case`](super::Case) it names the hosts, which those people know, and holds no page: only what the caller puts into it, such
/// as a trail, and [`Recorder::structures`]. Secrets, user names and tokens are replaced as in a recording, and the same search looks for them afterwards.
///
/// ```
/// use doorward::Secret;
/// use doorward::recording::Recorder;
///
/// let recorder = Recorder::new();
/// recorder.also_secret("password", &Secret::new("correct horse"));
///
/// let bundle = recorder.bundle([("report.txt", "the form had correct horse in it".to_owned())])?;
/// assert_eq!(bundle.files()[0].1, "the form had {{password}} in it");
///
/// let packed = "Y29ycmVjdCBob3JzZQ=="; // base64 of it
/// let bundle = recorder.bundle([("report.txt", packed.to_owned())])?;
/// assert_eq!(bundle.files()[0].1, "redacted-text-1==");
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bundle {
    files: Vec<(&'static str, String)>,
}

impl Recorder {
    /// Names a secret that no walk tells of, such as a proxy's password, so that it is looked for, too
    ///
    /// It is forgotten with the recorder only.
    pub fn also_secret(&self, what: &str, secret: &Secret) {
        if !secret.is_empty() {
            self.heard().known.push((what.to_owned(), secret.clone()));
        }
    }

    /// What each page of the last login was made of: names and kinds of fields, in the order of the [`Trail`](crate::Trail)
    pub fn structures(&self) -> Vec<String> {
        self.heard().structures.clone()
    }

    /// Makes a bundle of `files`, by name, from which everything secret of the last login is taken
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): something would be left, in whatever encoding. It names the file and what it is, and never shows it.
    pub fn bundle(
        &self,
        files: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Bundle, Error> {
        let files: Vec<_> = files.into_iter().collect();
        let mut stand_ins = StandIns::keeping_hosts();
        self.heard().fill(&mut stand_ins);
        files.iter().for_each(|(_, text)| stand_ins.text(text));
        stand_ins.finish();
        let mut clean = Vec::new();
        for (name, text) in files {
            let text = stand_ins.rewrite(&text);
            if let Some(what) = left(&text, stand_ins.found()) {
                return Err(refused(name, what));
            }
            if let Some(what) = text.lines().find_map(suspicious_but_hosts) {
                return Err(refused(name, what));
            }
            clean.push((name, text));
        }
        Ok(Bundle { files: clean })
    }
}

impl Bundle {
    /// The files, by name
    pub fn files(&self) -> &[(&'static str, String)] {
        &self.files
    }

    /// Makes sure that a bundle can be written into the folder at `path`: it is empty, or can be made
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): something is in it; [`Storage`](crate::ErrorKind::Storage): it cannot be made.
    pub fn prepare(path: &Path) -> Result<(), Error> {
        let has_something = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(|error| unwritten(path, error))?;
                return fs::remove_dir(path).map_err(|error| unwritten(path, error));
            }
            Err(error) => return Err(unwritten(path, error)),
        };
        match has_something {
            false => Ok(()),
            true => Err(Error::config("the folder for the report is not empty")
                .at("folder", path.to_string_lossy())
                .hint("a report has a folder of its own: remove the old one first")),
        }
    }

    /// Writes the files into the folder at `path`; all of them, or none
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Self::prepare(path)?;
        let is_new = !path.is_dir();
        let written = make(path).and_then(|()| {
            let mut files = self.files.iter();
            files.try_for_each(|(name, text)| fs::write(path.join(name), text))
        });
        written.map_err(|error| {
            for (name, _) in &self.files {
                let _ = fs::remove_file(path.join(name));
            }
            if is_new {
                let _ = fs::remove_dir(path);
            }
            unwritten(path, error)
        })
    }
}

/// A folder for its owner alone, unless it is there
fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn unwritten(path: &Path, error: io::Error) -> Error {
    Error::storage("the report cannot be written")
        .at("folder", path.to_string_lossy())
        .because(error)
}

fn refused(file: &str, what: &str) -> Error {
    Error::config("the report would still hold what must not be in it, and is not written")
        .at("what", redact::one_line(what))
        .at("file", file)
        .hint("look for a secret in the options or in the names of files, such as one in base64")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Bundle, Recorder};
    use crate::{ErrorKind, Secret};

    /// Its base64 has no run that would be taken for a token, and replaced
    const SECRET: &str = "???>>>???>>>";

    fn bundle(text: &str) -> Result<Bundle, crate::Error> {
        let recorder = Recorder::new();
        recorder.also_secret("password", &Secret::new(SECRET));
        recorder.bundle([("a.txt", "nothing".to_owned()), ("b.txt", text.to_owned())])
    }

    #[test]
    fn what_the_rewriting_misses_the_search_finds() {
        for packed in [
            "Pz8/Pj4+Pz8/Pj4+",
            "%50z8/Pj4%2BPz8/Pj4%2B",
            r"x=\u0050z8/Pj4+Pz8/Pj4+",
        ] {
            let error = bundle(packed).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Config, "{packed}");
            let shown = format!("{error} {error:?}");
            assert!(
                shown.contains("b.txt") && !shown.contains(packed),
                "{shown}"
            );
        }
        let key = bundle("-----BEGIN PRIVATE KEY-----").unwrap_err();
        assert_eq!(key.kind(), ErrorKind::Config);
    }

    #[test]
    fn a_secret_is_replaced_in_every_spelling_and_hosts_stay() {
        let text = format!(
            "at https://k8sou.example.com/x?y=%3F%3F%3F%3E%3E%3E%3F%3F%3F%3E%3E%3E {SECRET}"
        );

        let clean = bundle(&text).unwrap();

        let [_, (_, shown)] = clean.files() else {
            panic!("{clean:?}")
        };
        assert!(
            shown.starts_with("at https://k8sou.example.com/x?y="),
            "{shown}"
        );
        assert_eq!(shown.matches("password").count(), 2, "{shown}");
    }

    #[test]
    fn a_bundle_is_written_into_a_folder_of_its_own() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("deep/why");
        let clean = bundle("x").unwrap();

        Bundle::prepare(&folder).unwrap();
        assert!(!folder.exists());
        clean.write(&folder).unwrap();

        assert_eq!(fs::read_to_string(folder.join("b.txt")).unwrap(), "x");
        assert_eq!(clean.write(&folder).unwrap_err().kind(), ErrorKind::Config);
        let file = folder.join("b.txt");
        assert_eq!(
            Bundle::prepare(&file).unwrap_err().kind(),
            ErrorKind::Storage
        );
    }
}
