//! The document → YAML as kubectl prints it, which readers of YAML 1.1 and 1.2 take alike.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use serde_saphyr::LitStr;

use crate::kubeconfig::Kubeconfig;
use crate::secret::Secret;

impl Kubeconfig {
    /// Prints the kubeconfig as YAML, in the document's own order
    ///
    /// Block style, two blanks, one line for every text without a line break: a token is never folded. What a reader of
    /// YAML 1.1 (kubectl, Python) would not take for text is quoted. The whole is a [`Secret`], because a kubeconfig
    /// holds tokens and keys.
    ///
    /// ```
    /// use doorward::Kubeconfig;
    ///
    /// let kubeconfig = Kubeconfig::parse(r#"{"clusters": [{"name": "0123", "cluster": {}}]}"#).unwrap();
    /// assert_eq!(
    ///     kubeconfig.to_yaml().expose_secret(),
    ///     "clusters:\n- name: \"0123\"\n  cluster: {}\n",
    /// );
    /// ```
    pub fn to_yaml(&self) -> Secret {
        let options = serde_saphyr::ser_options! {
            prefer_block_scalars: false,
            no_lang_directive: true,
        };
        let yaml = serde_saphyr::to_string_with_options(&Mapping(&self.root), options)
            // JSON is YAML too, so that even then nothing is lost.
            .unwrap_or_else(|_| Value::Object(self.root.clone()).to_string());
        Secret::new(yaml)
    }
}

struct Mapping<'a>(&'a Map<String, Value>);

impl Serialize for Mapping<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, Node(value))))
    }
}

struct Node<'a>(&'a Value);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(list) => serializer.collect_seq(list.iter().map(Node)),
            Value::Object(map) => Mapping(map).serialize(serializer),
            Value::String(text) if is_block(text) => LitStr(text).serialize(serializer),
            value => value.serialize(serializer),
        }
    }
}

/// Whether `text` may stand as a `|` block, such as a certificate
///
/// Readers differ about blanks at the ends of lines and of the text: there it is quoted.
fn is_block(text: &str) -> bool {
    let is_plain = |line: &str| {
        !line.starts_with(' ')
            && !line.ends_with(' ')
            && line.chars().all(|c| (' '..='~').contains(&c))
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    !text.starts_with('\n')
        && !text.ends_with('\n')
        && text.contains('\n')
        && text.split('\n').all(is_plain)
}

#[cfg(test)]
mod tests {
    use crate::kubeconfig::Kubeconfig;

    const DOCUMENT: &str = "\
apiVersion: v1
kind: Config
preferences: {}
x-unknown:
- 1
- - 1.5
  - z: null
    a: true
- []
clusters:
- name: b
  cluster:
    server: https://b.example.com:6443
    certificate-authority-data: LS0tLS1CRUdJTg==
    x-pem: |-
      -----BEGIN CERTIFICATE-----
      MIIB

      -----END CERTIFICATE-----
    x-pem2: |
      -----BEGIN CERTIFICATE-----
      MIIB
      -----END CERTIFICATE-----
- cluster:
    server: https://a.example.com
  name: a
contexts: []
current-context: \"\"
users: null
";

    #[test]
    fn order_and_unknown_fields_survive() {
        let printed = Kubeconfig::parse(DOCUMENT).unwrap().to_yaml();

        assert_eq!(printed.expose_secret(), DOCUMENT);
    }

    #[test]
    fn lines_that_readers_differ_about_are_quoted() {
        for text in [
            "a\nb ", " a\nb", "\t\nb", "a\r\nb", "a\n\n", "\na\nb", "ü\na", "\n", "a\n",
        ] {
            let mut kubeconfig = Kubeconfig::default();
            kubeconfig.root_mut().insert("x".into(), text.into());

            let printed = kubeconfig.to_yaml();

            let quoted = serde_json::to_string(text).unwrap();
            assert!(
                printed
                    .expose_secret()
                    .ends_with(&format!("\nx: {quoted}\n")),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_long_token_is_one_line() {
        let token = "a.b-c_".repeat(2_000);
        let spaced = "word ".repeat(2_000);
        let text = format!("users: [{{name: u, user: {{token: {token}, x: '{spaced}'}}}}]");

        let printed = Kubeconfig::parse(&text).unwrap().to_yaml();

        let lines: Vec<_> = printed.expose_secret().lines().collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[3], format!("    token: {token}"));
    }

    #[test]
    fn debug_shows_names_and_no_secret() {
        let kubeconfig =
            Kubeconfig::parse("users: [{name: u, user: {token: canary}}]\nx: canary").unwrap();

        let shown = format!("{kubeconfig:?} {:?}", kubeconfig.to_yaml());
        assert!(shown.contains("\"u\""));
        assert!(!shown.contains("canary"));
    }
}
