use std::fmt;
use std::path::PathBuf;

use crate::Error;

/// Which private key of which token is meant, and which module speaks to the token
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7512#section-2.3>
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct KeyUri {
    pub(crate) token: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) slot: Option<u64>,
    pub(crate) object: Option<String>,
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) module: Option<Module>,
    pub(crate) pin_file: Option<PathBuf>,
}

/// The library of a token's maker
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Module {
    /// Without `lib` in front and the ending
    Name(String),
    Path(PathBuf),
}

impl KeyUri {
    /// Reads `pkcs11:…`; `None` if the text is none
    ///
    /// An attribute that is not known is refused: what it would rule out might be the wrong key.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, Error> {
        let Some(rest) = text.strip_prefix("pkcs11:") else {
            return Ok(None);
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for attribute in attributes(path, ';') {
            uri.put(attribute?)?;
        }
        for attribute in attributes(query, '&') {
            uri.put_query(attribute?)?;
        }
        if uri.module.is_none() {
            return Err(Error::config("the pkcs11: URI names no module")
                .hint("add ?module-path=/usr/lib/….so, or ?module-name=NAME"));
        }
        Ok(Some(uri))
    }

    fn put(&mut self, (name, value): (&str, Vec<u8>)) -> Result<(), Error> {
        match name {
            "token" => once(&mut self.token, text(name, value)?, name),
            "manufacturer" => once(&mut self.manufacturer, text(name, value)?, name),
            "serial" => once(&mut self.serial, text(name, value)?, name),
            "model" => once(&mut self.model, text(name, value)?, name),
            "object" => once(&mut self.object, text(name, value)?, name),
            "id" => once(&mut self.id, value, name),
            "slot-id" => {
                let number = text(name, value)?.parse();
                let number =
                    number.map_err(|_| refused("has a slot-id that is no number", name))?;
                once(&mut self.slot, number, name)
            }
            "type" if value == b"private" => Ok(()),
            "type" => Err(refused("has a type other than private", name)),
            _ => Err(refused("has an attribute that is not known", name)),
        }
    }

    fn put_query(&mut self, (name, value): (&str, Vec<u8>)) -> Result<(), Error> {
        match name {
            "module-path" => once(
                &mut self.module,
                Module::Path(absolute(&text(name, value)?, name)?),
                name,
            ),
            "module-name" => {
                let module = text(name, value)?;
                match module.contains(['/', '\\']) {
                    true => Err(refused("has a module-name with a folder in it", name)),
                    false => once(&mut self.module, Module::Name(module), name),
                }
            }
            "pin-source" => {
                let source = text(name, value)?;
                let path = source.strip_prefix("file:").ok_or_else(|| {
                    refused("has a pin-source that is not file:", name)
                        .hint("--jwt-key-passphrase-command takes the PIN from a program")
                })?;
                // `file:/run/pin` and `file:///run/pin` are the same.
                let path = path.strip_prefix("//").unwrap_or(path);
                once(&mut self.pin_file, absolute(path, name)?, name)
            }
            "pin-value" => Err(refused("holds the PIN itself", name).hint(
                "every process of the machine can read a command line: use pin-source=file:PATH, \
                 --jwt-key-passphrase-file or DOORWARD_JWT_KEY_PASSPHRASE",
            )),
            _ => Err(refused("has an attribute that is not known", name)),
        }
    }
}

/// What messages call it
impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [("token", &self.token), ("object", &self.object)];
        let named: Vec<_> = named
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)))
            .collect();
        write!(f, "pkcs11:{}", named.join(";"))
    }
}

fn attributes(text: &str, separator: char) -> impl Iterator<Item = Result<(&str, Vec<u8>), Error>> {
    let parts = text.split(separator).filter(|part| !part.is_empty());
    parts.map(|part| {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| Error::config("the pkcs11: URI has an attribute without a value"))?;
        Ok((name, decoded(value, name)?))
    })
}

/// Takes `%41` for `A`
fn decoded(value: &str, name: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = value.bytes();
    let mut decoded = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let both = digit(bytes.next()).zip(digit(bytes.next()));
                let byte = both.and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
                byte.ok_or_else(|| refused("has a % without two digits after it", name))?
            }
            byte => byte,
        });
    }
    Ok(decoded)
}

fn text(name: &str, value: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(value).map_err(|_| refused("has an attribute that is no UTF-8 text", name))
}

/// A plug-in is started in any folder
fn absolute(path: &str, name: &str) -> Result<PathBuf, Error> {
    let path = PathBuf::from(path);
    match path.is_absolute() {
        true => Ok(path),
        false => Err(refused("has a path that is not absolute", name)),
    }
}

fn once<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), Error> {
    match place.replace(value) {
        Some(_) => Err(refused("has an attribute twice", name)),
        None => Ok(()),
    }
}

/// No value is shown: it may be a PIN
fn refused(problem: &str, name: &str) -> Error {
    Error::config(format!("the pkcs11: URI {problem}")).at("attribute", name)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{KeyUri, Module};
    use crate::ErrorKind;

    fn read(text: &str) -> KeyUri {
        KeyUri::parse(text).unwrap().unwrap()
    }

    #[test]
    fn the_attributes_of_a_key_are_read() {
        let uri = read(
            "pkcs11:token=My%20token%3b1;manufacturer=M;serial=0a;model=v2;object=ci;id=%01%aB;slot-id=327;type=private\
             ?module-path=/usr/lib/m.so&pin-source=file:/run/pin",
        );

        assert_eq!(
            uri,
            KeyUri {
                token: Some("My token;1".into()),
                manufacturer: Some("M".into()),
                serial: Some("0a".into()),
                model: Some("v2".into()),
                slot: Some(327),
                object: Some("ci".into()),
                id: Some(vec![1, 0xab]),
                module: Some(Module::Path("/usr/lib/m.so".into())),
                pin_file: Some("/run/pin".into()),
            }
        );
        assert_eq!(uri.to_string(), "pkcs11:token=My token;1;object=ci");
    }

    #[test]
    fn a_module_has_a_name_or_a_path() {
        assert_eq!(
            read("pkcs11:?module-name=softhsm2").module,
            Some(Module::Name("softhsm2".into()))
        );
        assert_eq!(
            read("pkcs11:object=a?module-path=/m&pin-source=file:///run/p%69n").pin_file,
            Some(PathBuf::from("/run/pin"))
        );
    }

    #[test]
    fn other_texts_are_no_uri() {
        for text in ["", "/etc/key.pem", "PKCS11:token=a", "key.pem"] {
            assert_eq!(KeyUri::parse(text).unwrap(), None);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_and_no_value_is_shown() {
        for text in [
            "pkcs11:",
            "pkcs11:token=a",
            "pkcs11:token?module-path=/m",
            "pkcs11:token=a;token=canary?module-path=/m",
            "pkcs11:token=%4?module-path=/m",
            "pkcs11:token=%zz?module-path=/m",
            "pkcs11:token=%?module-path=/m",
            "pkcs11:token=%ff?module-path=/m",
            "pkcs11:colour=canary?module-path=/m",
            "pkcs11:type=public?module-path=/m",
            "pkcs11:slot-id=canary?module-path=/m",
            "pkcs11:?module-path=m.so",
            "pkcs11:?module-name=../canary",
            "pkcs11:?module-path=/m&pin-value=canary",
            "pkcs11:?module-path=/m&pin-source=/canary",
            "pkcs11:?module-path=/m&pin-source=|canary",
            "pkcs11:?module-path=/m&pin-source=file:canary",
            "pkcs11:?module-path=/m&module-name=canary",
            "pkcs11:?module-path=/m&x-vendor=canary",
        ] {
            let error = KeyUri::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{text}");
        }
    }
}
