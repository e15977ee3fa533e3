//! Devices as providers know them: the cookies by which a provider recognizes a browser from login to login.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Error, Secret};

/// What providers gave to be recognized by, kept from one login to the next
///
/// Some providers ask a device that they know for less. What they gave is a secret, is never made up here, and goes back
/// only to the host that gave it. Clones share it, so that what a login adds can be read afterwards. At most 16 are known, of
/// which each new one beyond that takes the place of the oldest.
///
/// ```
/// use doorward::{Devices, Secret};
///
/// let kept = r#"{"format": 1, "devices": [{"host": "id.example.com", "name": "DT", "value": "DI1abc"}]}"#;
/// let devices = Devices::new();
/// devices.read(&Secret::new(kept))?;
/// assert_eq!(devices.hosts(), ["id.example.com"]);
/// assert_eq!(format!("{devices:?}"), r#"["id.example.com"]"#);
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Devices(Arc<Mutex<Vec<Device>>>);

/// A cookie that a host gave
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Device {
    pub(crate) host: String,
    /// The cookie's name
    pub(crate) name: String,
    #[serde(with = "crate::store::exposed")]
    pub(crate) value: Secret,
}

/// What is kept of them, in the format that this version writes
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    devices: Vec<Device>,
}

impl Devices {
    /// None
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what [`to_secret`](Self::to_secret) wrote; what is known of the same host and name already is replaced
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the text is something else, of a newer doorward, or longer than 64 KiB. Nothing is
    /// added then, and the error holds none of it.
    pub fn read(&self, text: &Secret) -> Result<(), Error> {
        let found = Document::read(text.expose_secret())?;
        found
            .devices
            .into_iter()
            .for_each(|device| self.put(device));
        Ok(())
    }

    /// All of it as one line of JSON, to be kept as a secret
    pub fn to_secret(&self) -> Secret {
        let document = Document {
            format: FORMAT,
            devices: self.all().clone(),
        };
        // Text for keys and values: nothing can fail.
        Secret::new(serde_json::to_string(&document).unwrap_or_default())
    }

    /// The hosts that gave something
    pub fn hosts(&self) -> Vec<String> {
        self.all()
            .iter()
            .map(|device| device.host.clone())
            .collect()
    }

    /// What they gave, for whoever has to hide it
    pub fn values(&self) -> Vec<Secret> {
        self.all()
            .iter()
            .map(|device| device.value.clone())
            .collect()
    }

    /// Whether no provider gave anything yet
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    pub(crate) fn all(&self) -> MutexGuard<'_, Vec<Device>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `device`, unless it could not be given back
    pub(crate) fn put(&self, device: Device) {
        if !device.is_sound() {
            return;
        }
        let mut all = self.all();
        all.retain(|old| (&old.host, &old.name) != (&device.host, &device.name));
        all.push(device);
        if all.len() > MOST {
            all.remove(0);
        }
    }

    /// Forgets all of them, for every clone
    pub(crate) fn clear(&self) {
        self.all().clear();
    }
}

/// The hosts alone
impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hosts()).finish()
    }
}

impl Document {
    fn read(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        if text.len() > MAX_BYTES {
            return Err(unreadable("a device is never as long as this"));
        }
        let header = serde_json::from_str::<Header>(text);
        if header.is_ok_and(|header| header.format > FORMAT) {
            return Err(unreadable("the device was written by a newer doorward"));
        }
        // The library's own text may quote a value.
        let found = serde_json::from_str::<Self>(text).ok();
        let found = found.filter(|found| found.format == FORMAT && found.devices.len() <= MOST);
        let found = found.filter(|found| found.devices.iter().all(Device::is_sound));
        found.ok_or_else(|| unreadable("the device is nothing that doorward wrote"))
    }
}

impl Device {
    /// Whether it can go back to a host in a `Cookie` header
    fn is_sound(&self) -> bool {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_value = |c: char| c.is_ascii_graphic() && !"\",;\\".contains(c);
        let value = self.value.expose_secret();
        (1..=MAX_NAME).contains(&self.name.len())
            && self.name.chars().all(is_token)
            && (1..=MAX_VALUE).contains(&value.len())
            && value.chars().all(is_value)
            && self.names_a_host()
    }

    /// Whether the host is one, and not what a URL parser makes of something else
    fn names_a_host(&self) -> bool {
        let url = Url::parse(&format!("https://{}/", self.host));
        self.host.len() <= MAX_HOST
            && url.is_ok_and(|url| url.host_str() == Some(self.host.as_str()))
    }
}

fn unreadable(problem: &'static str) -> Error {
    Error::config(problem).hint("doorward device export prints one, as one line of JSON")
}

const FORMAT: u32 = 1;

/// As many as stay below [`MAX_BYTES`], each as long as it may be
const MOST: usize = 16;

const MAX_HOST: usize = 255;
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 2048;
const MAX_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Device, Devices, MAX_BYTES};
    use crate::{ErrorKind, Secret};

    fn device(host: &str, value: &str) -> Device {
        Device {
            host: host.into(),
            name: "DT".into(),
            value: Secret::new(value),
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_the_newest_counts() {
        let devices = Devices::new();
        devices.put(device("a.test", "1"));
        devices.put(device("b.test", "2"));
        devices.put(device("a.test", "canary"));

        let again = Devices::new();
        again.read(&devices.to_secret()).unwrap();

        assert_eq!(again.hosts(), ["b.test", "a.test"]);
        let values = again.values();
        let values: Vec<&str> = values.iter().map(Secret::expose_secret).collect();
        assert_eq!(values, ["2", "canary"]);
        assert!(!format!("{again:?}").contains("canary"));
        assert_eq!(
            devices.to_secret().expose_secret(),
            r#"{"format":1,"devices":[{"host":"b.test","name":"DT","value":"2"},{"host":"a.test","name":"DT","value":"canary"}]}"#
        );
        devices.clone().clear();
        assert!(devices.is_empty());
    }

    #[test]
    fn what_is_no_device_is_refused_without_a_word_of_it() {
        let of = |device: serde_json::Value| json!({"format": 1, "devices": [device]}).to_string();
        let odd = |key: &str, value: &str| {
            let mut device = json!({"host": "a.test", "name": "DT", "value": "canary"});
            device[key] = value.into();
            of(device)
        };
        let known = Devices::new();
        known.put(device("a.test", "1"));
        for text in [
            String::new(),
            "canary".into(),
            "{}".into(),
            "[1]".into(),
            r#"[{"host":"a.test","name":"DT","value":"canary"}]"#.into(),
            r#"{"format":0,"devices":[]}"#.into(),
            r#"{"format":2,"devices":["canary"]}"#.into(),
            r#"{"format":1,"devices":[],"more":"canary"}"#.into(),
            of(json!({"host": "a.test", "name": "DT", "value": "canary", "more": 1})),
            of(json!({"host": "a.test", "name": "DT"})),
            odd("value", "canary; other=1"),
            odd("value", "canary\n"),
            odd("value", ""),
            odd("value", &"canary".repeat(1000)),
            odd("name", "D\nT"),
            odd("name", ""),
            odd("host", ""),
            odd("host", "a.test/x"),
            odd("host", "a.test:8443"),
            odd("host", "canary@a.test"),
            odd("host", "https://a.test"),
            json!({"format": 1, "devices": vec![json!({"host": "a.test", "name": "DT", "value": "canary"}); 17]})
                .to_string(),
            format!("{}{}", " ".repeat(MAX_BYTES), known.to_secret().expose_secret()),
        ] {
            let error = known.read(&Secret::new(text.as_str())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!format!("{error:?}{error}").contains("canary"));
        }
        assert_eq!(known.hosts(), ["a.test"]);
    }

    #[test]
    fn what_hosts_give_has_limits_and_can_always_be_read_back() {
        let devices = Devices::new();
        devices.put(device("a.test", "\"quoted\""));
        devices.put(device("a.test", &"x".repeat(3000)));
        assert!(devices.is_empty());

        for number in 0..20 {
            let host = format!("{number}.{}.test", "long-label-".repeat(5));
            devices.put(device(&host, &"x".repeat(2048)));
        }

        let again = Devices::new();
        again.read(&devices.to_secret()).unwrap();
        let hosts = again.hosts();
        assert_eq!(hosts.len(), 16);
        assert!(hosts.iter().all(|host| !host.starts_with("3.")));
        assert!(hosts.last().unwrap().starts_with("19."));
    }
}
