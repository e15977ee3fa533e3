//! Text of a kubeconfig → the document, with nothing lost but comments.
//!
//! Where readers of YAML disagree about a plain word (`yes`, `0755`, `1_000`), the word is kept as text, except in
//! the fields that are booleans for kubectl. What the document model could not give back is an error, and so is
//! what kubectl itself would not load.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use crate::kubeconfig::{Kubeconfig, SECTIONS, Section};

mod problem;
pub use problem::ParseKubeconfigError;
use problem::Problem;

impl Kubeconfig {
    /// Reads a kubeconfig from YAML or JSON
    ///
    /// Keeps unknown fields and the order of everything; comments are lost, and aliases and merge keys are written
    /// out. An empty text, an empty document and `null` are a kubeconfig without entries.
    ///
    /// ```
    /// use doorward::Kubeconfig;
    ///
    /// let kubeconfig = Kubeconfig::parse("current-context: ci\ncontexts: [{name: ci, context: {}}]").unwrap();
    /// assert_eq!(kubeconfig.current_context(), Some("ci"));
    ///
    /// let error = Kubeconfig::parse("users:\n- name: a\n  name: b\n").unwrap_err();
    /// assert_eq!((error.line(), error.column()), (3, 3));
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParseKubeconfigError`] says where and why: no YAML, more than one document, a key that stands twice or is no
    /// text, a tag that would be lost, an entry that kubectl would not load, or a document beyond all measure.
    ///
    /// Source: <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>
    pub fn parse(text: &str) -> Result<Self, ParseKubeconfigError> {
        if text.len() > MAX_BYTES {
            return Err(ParseKubeconfigError::new(1, 1, Problem::TooLarge));
        }
        // A stream without any document; an explicit empty one is `null`.
        if text.trim_start_matches('\u{FEFF}').trim().is_empty() {
            return Ok(Self::new());
        }
        let problem = Cell::new(None);
        let seed = Node {
            place: Place::Root,
            names: &RefCell::default(),
            problem: &problem,
        };
        let parsed =
            serde_saphyr::with_deserializer_from_str_with_options(text, options(), |yaml| {
                seed.deserialize(yaml)
            });
        match parsed {
            Ok(Value::Object(root)) => Ok(Self::of_root(root)),
            // Any other root was refused by the visitor.
            Ok(_) => Ok(Self::new()),
            Err(error) => Err(ParseKubeconfigError::from_yaml(&error, problem.take())),
        }
    }

    /// The same for bytes of a file
    pub(crate) fn parse_bytes(bytes: &[u8]) -> Result<Self, ParseKubeconfigError> {
        match str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = valid.split(|byte| *byte == b'\n').count();
                let last = valid.rsplit(|byte| *byte == b'\n').next();
                let column = String::from_utf8_lossy(last.unwrap_or_default())
                    .chars()
                    .count();
                Err(ParseKubeconfigError::new(
                    line as u64,
                    column as u64 + 1,
                    Problem::NotUtf8,
                ))
            }
        }
    }
}

/// Where in the document a value stands, which decides what it may be
#[derive(Clone, Copy)]
enum Place {
    Root,
    Fixed(&'static str),
    CurrentContext,
    List(Section),
    Item(Section),
    Name(Section),
    Body,
    Flag,
    Anything,
}

impl Place {
    fn of_key(self, key: &str) -> Self {
        match self {
            Self::Root => match key {
                "apiVersion" => Self::Fixed("v1"),
                "kind" => Self::Fixed("Config"),
                "current-context" => Self::CurrentContext,
                _ => SECTIONS
                    .into_iter()
                    .find(|section| section.plural() == key)
                    .map_or(Self::Anything, Self::List),
            },
            Self::Item(section) if key == "name" => Self::Name(section),
            Self::Item(section) if key == section.singular() => Self::Body,
            _ if FLAGS.contains(&key) => Self::Flag,
            _ => Self::Anything,
        }
    }

    /// What is wrong with `value` here
    fn refuses(self, value: &Value) -> Option<Problem> {
        let shape = match (self, value) {
            (Self::Anything | Self::Flag, _)
            | (Self::Root | Self::Item(_) | Self::Body, Value::Null | Value::Object(_))
            | (Self::List(_), Value::Null | Value::Array(_))
            | (Self::CurrentContext | Self::Name(_), Value::Null | Value::String(_)) => {
                return None;
            }
            (Self::Fixed(wanted), value) => {
                let fits = match value {
                    Value::Null => true,
                    Value::String(text) => text.is_empty() || text == wanted,
                    _ => false,
                };
                return (!fits).then_some(Problem::OtherKind);
            }
            (Self::Root, _) => "a kubeconfig is a mapping",
            (Self::CurrentContext, _) => "`current-context` is not text",
            (Self::List(Section::Clusters), _) => "`clusters` is not a list",
            (Self::List(Section::Contexts), _) => "`contexts` is not a list",
            (Self::List(Section::Users), _) => "`users` is not a list",
            (Self::Item(_), _) => "an entry is not a mapping with a `name`",
            (Self::Name(_), _) => "a `name` is not text",
            (Self::Body, _) => "what stands under a `name` is not a mapping",
        };
        Some(Problem::Shape(shape))
    }
}

#[derive(Clone, Copy)]
struct Node<'a> {
    place: Place,
    /// The names of the list that is being read
    names: &'a RefCell<HashSet<String>>,
    // The library's error type takes text only; this keeps the reason exact.
    problem: &'a Cell<Option<Problem>>,
}

impl Node<'_> {
    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    fn accept<E: serde::de::Error>(self, value: Value) -> Result<Value, E> {
        match self.place.refuses(&value) {
            None => Ok(value),
            Some(problem) => Err(self.refuse(problem)),
        }
    }

    fn refuse<E: serde::de::Error>(self, problem: Problem) -> E {
        self.problem.set(Some(problem));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("part of a kubeconfig")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.accept(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.accept(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.accept(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.accept(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        match Number::from_f64(value) {
            Some(number) => self.accept(number.into()),
            None => Err(self.refuse(Problem::NotFinite)),
        }
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        match self.place {
            Place::Flag => match value.as_str() {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Ok(true.into()),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Ok(false.into()),
                _ => Ok(value.into()),
            },
            Place::Name(section) if !self.names.borrow_mut().insert(value.clone()) => {
                Err(self.refuse(Problem::DuplicateName(section)))
            }
            _ => self.accept(value.into()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // Before the items are read, so that the place named is the list's own.
        self.accept::<A::Error>(Value::Array(Vec::new()))?;
        let place = match self.place {
            Place::List(section) => Place::Item(section),
            _ => Place::Anything,
        };
        let names = RefCell::default();
        let item = Node {
            place,
            names: &names,
            ..self
        };
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(item)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.accept::<A::Error>(Value::Object(Map::new()))?;
        let mut object = Map::new();
        while let Some(key) = map.next_key_seed(Key(self))? {
            let value = map.next_value_seed(self.at(self.place.of_key(&key)))?;
            if object.insert(key, value).is_some() {
                return Err(self.refuse(Problem::DuplicateKey));
            }
        }
        Ok(Value::Object(object))
    }
}

struct Key<'a>(Node<'a>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let node = self.0.at(Place::Anything);
        match deserializer.deserialize_any(node)? {
            Value::String(key) => Ok(key),
            _ => {
                node.problem.set(Some(Problem::KeyIsNoText));
                Err(D::Error::custom("refused"))
            }
        }
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(MAX_BYTES),
            max_total_scalar_bytes: MAX_BYTES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_events: 600_000,
            max_nodes: 250_000,
            max_documents: 2,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_merge_keys: 1_000,
            max_recorded_anchor_events: 100_000,
            max_recorded_anchor_bytes: MAX_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: 1_000,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        reject_unsupported_tags: true,
        // Its snippets are lines of the text: tokens and keys.
        with_snippet: false,
    }
}

/// The fields that kubectl reads as YAML 1.1 booleans, so that `yes` may stand there
const FLAGS: [&str; 4] = [
    "colors",
    "disable-compression",
    "insecure-skip-tls-verify",
    "provideClusterInfo",
];

/// The largest kubeconfig that is read, in bytes; one of a thousand clusters with their keys has 5 MB
pub(crate) const MAX_BYTES: usize = 8 * 1024 * 1024;

const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{MAX_BYTES, ParseKubeconfigError, Problem};
    use crate::kubeconfig::{Kubeconfig, Section};

    fn root(text: &str) -> Value {
        Value::Object(Kubeconfig::parse(text).unwrap().root)
    }

    fn error(text: &str) -> ParseKubeconfigError {
        Kubeconfig::parse(text).unwrap_err()
    }

    #[track_caller]
    fn assert_refused(text: &str, line: u64, column: u64, problem: Problem) {
        assert_eq!(
            error(text),
            ParseKubeconfigError::new(line, column, problem),
            "{text:?}"
        );
    }

    #[test]
    fn nothing_is_a_kubeconfig_without_entries() {
        for text in [
            "",
            " \n\t\n",
            "\u{FEFF}",
            "# only a comment\n",
            "---\n",
            "null",
            "~",
            "---\n...\n",
        ] {
            assert_eq!(Kubeconfig::parse(text), Ok(Kubeconfig::new()), "{text:?}");
        }
        assert_eq!(root("{}"), json!({}));
    }

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml =
            "clusters:\n- cluster:\n    server: https://k\n  name: k\ncurrent-context: \"\"\n";
        let json = "{\n\t\"clusters\": [{\"cluster\": {\"server\": \"https:\\/\\/k\"}, \"name\": \"k\"}],\n\t\"current-context\": \"\"\n}";

        assert_eq!(root(yaml), root(json));
    }

    #[test]
    fn texts_that_look_like_something_else_stay_texts() {
        for text in [
            "0123",
            "yes",
            "no",
            "on",
            "off",
            "y",
            "n",
            "true",
            "null",
            "~",
            "1e3",
            "0x1F",
            "0o17",
            "1_000",
            "12:30:00",
            "2001-01-01",
            "2001-01-01T00:00:00Z",
            ".inf",
            ".nan",
            "=",
            "<<",
            "",
            "-",
            "- a",
            "a: b",
            "# a",
            "!a",
            "&a",
            "*a",
            "%a",
            "@a",
            "`a",
            "[a",
            "{a",
            "|",
            ">",
            "?",
            ":",
            ",",
            "...",
            "---",
            " a ",
            "\ta",
            "a\nb\n",
            "\n",
            "a\r\nb",
            "a\u{85}b\u{2028}c\u{feff}",
            "grüße 🦀",
            "\u{0}\u{1b}",
        ] {
            let quoted = serde_json::to_string(text).unwrap();

            let kubeconfig =
                Kubeconfig::parse(&format!("{{\"x\": {quoted}, {quoted}: 1}}")).unwrap();
            let again = Kubeconfig::parse(kubeconfig.to_yaml().expose_secret()).unwrap();

            for kubeconfig in [kubeconfig, again] {
                assert_eq!(kubeconfig.root["x"], text);
                assert_eq!(kubeconfig.root[text], 1, "{text:?}");
            }
        }
    }

    #[test]
    fn plain_words_that_readers_disagree_about_stay_texts() {
        let document =
            root("x: [yes, n, On, tRUE, 0755, 1_000, 12:30:00, 2001-01-01, 1a, https://k:6443]");

        assert_eq!(
            document["x"],
            json!([
                "yes",
                "n",
                "On",
                "tRUE",
                "0755",
                "1_000",
                "12:30:00",
                "2001-01-01",
                "1a",
                "https://k:6443"
            ])
        );
    }

    #[test]
    fn numbers_booleans_and_nulls_stay_what_they_are() {
        let document =
            root("x: [1, -2, 1.5, 1e3, 0x1F, 18446744073709551615, true, False, null, ~, ]");

        assert_eq!(
            document["x"],
            json!([
                1,
                -2,
                1.5,
                1000.0,
                31,
                18446744073709551615_u64,
                true,
                false,
                null,
                null
            ])
        );
    }

    #[test]
    fn fields_that_are_booleans_for_kubectl_may_say_yes() {
        let cluster = "clusters: [{name: k, cluster: {insecure-skip-tls-verify: yes, disable-compression: off}}]";

        assert_eq!(
            root(cluster)["clusters"][0]["cluster"],
            json!({"insecure-skip-tls-verify": true, "disable-compression": false})
        );
    }

    #[test]
    fn what_python_prints_is_read() {
        // PyYAML 6.0.3, block and flow style of one value.
        let block = r#"clusters:
- cluster:
    server: https://k:6443
    x-0: '0123'
    x-3: null
    x-7: "gr\xFC\xDFe"
    x-8: it's
    x-long: 'word word word word word word word word word word word word word word
      word word '
    x-pem: "-----BEGIN CERTIFICATE-----\nMIIB\r\nabc=\n-----END CERTIFICATE-----\n"
  name: a
current-context: ''
"#;
        let flow = r#"{clusters: [{cluster: {server: 'https://k:6443', x-0: '0123',
        x-3: null, x-7: "gr\xFC\xDFe", x-8: it's,
        x-long: 'word word word word word word word word word word word word word
          word word word ', x-pem: "-----BEGIN CERTIFICATE-----\nMIIB\r\nabc=\n-----END\
          \ CERTIFICATE-----\n"}, name: a}], current-context: ''}
"#;
        let expected = json!({
            "clusters": [{"cluster": {
                "server": "https://k:6443",
                "x-0": "0123",
                "x-3": null,
                "x-7": "grüße",
                "x-8": "it's",
                "x-long": "word ".repeat(16),
                "x-pem": "-----BEGIN CERTIFICATE-----\nMIIB\r\nabc=\n-----END CERTIFICATE-----\n",
            }, "name": "a"}],
            "current-context": "",
        });

        assert_eq!(root(block), expected);
        assert_eq!(root(flow), expected);
    }

    #[test]
    fn aliases_and_merge_keys_are_written_out() {
        let document = root("a: &a {x: 1, y2: 2}\nb: *a\nc: {<<: *a, x: 3}\n");

        assert_eq!(document["b"], json!({"x": 1, "y2": 2}));
        assert_eq!(document["c"], json!({"x": 3, "y2": 2}));
    }

    #[test]
    fn what_would_be_lost_is_refused_where_it_stands() {
        assert_refused("a: 1\n1: b", 2, 1, Problem::KeyIsNoText);
        assert_refused("a: 1\ntrue: b", 2, 1, Problem::KeyIsNoText);
        assert_refused("a:\n  ~: b", 2, 3, Problem::KeyIsNoText);
        assert_refused("a:\n  [x]: b", 2, 3, Problem::KeyIsNoText);
        assert_refused("a: 1\nb: 2\na: 3", 3, 1, Problem::DuplicateKey);
        assert_refused(
            "{\"a\": {\"b\": 1, \"b\": 2}}",
            1,
            16,
            Problem::DuplicateKey,
        );
        assert_refused("a: .inf", 1, 4, Problem::NotFinite);
        assert_refused("a: 1\n---\nb: 2\n", 3, 1, Problem::ManyDocuments);
        for tagged in [
            "!vault x",
            "!!timestamp 2001-01-01",
            "!!set {x, z}",
            "!!binary '*'",
        ] {
            assert_eq!(
                error(&format!("a: {tagged}")).problem,
                Problem::Tag,
                "{tagged}"
            );
        }
    }

    #[test]
    fn what_kubectl_would_not_load_is_refused_where_it_stands() {
        for (text, line, column) in [
            ("- a", 1, 1),
            ("text", 1, 1),
            ("clusters: {}", 1, 11),
            ("users: none", 1, 8),
            ("contexts:\n- a", 2, 3),
            ("clusters:\n- name: 1", 2, 9),
            ("users:\n- name: a\n  user: x", 3, 9),
            ("current-context: [a]", 1, 18),
        ] {
            let error = error(text);

            assert!(
                matches!(error.problem, Problem::Shape(_)),
                "{text:?} {error}"
            );
            assert_eq!((error.line(), error.column()), (line, column), "{text:?}");
        }
        assert_refused("apiVersion: v1\nkind: Secret", 2, 7, Problem::OtherKind);
        assert_refused("apiVersion: v2", 1, 13, Problem::OtherKind);
        assert_refused(
            "users:\n- name: a\n- name: b\n- name: a",
            4,
            9,
            Problem::DuplicateName(Section::Users),
        );
    }

    #[test]
    fn one_name_may_stand_in_each_list() {
        let text = "clusters: [{name: a}]\nusers: [{name: a, user: {x: [{name: a}, {name: a}]}}]";

        assert!(Kubeconfig::parse(text).is_ok());
    }

    #[test]
    fn broken_yaml_is_refused_where_it_breaks() {
        for (text, line, column) in [
            ("a: [1, 2", 1, 4),
            ("a:\n\t- b", 2, 2),
            ("users:\n- name: a\n  user: {token: b: c}", 3, 18),
            ("a: 'b", 1, 4),
            ("a: b\n c: d", 2, 3),
            ("a: *nowhere", 1, 4),
            ("a: &a [*a]", 1, 8),
        ] {
            let error = error(text);

            assert_eq!(
                (error.line(), error.column()),
                (line, column),
                "{text:?} {error}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_refused_where_they_stand() {
        let error = Kubeconfig::parse_bytes(b"a: 1\nb: \xc3\xa9\xff").unwrap_err();

        assert_eq!(error, ParseKubeconfigError::new(2, 5, Problem::NotUtf8));
    }

    #[test]
    fn an_error_quotes_nothing_of_the_text() {
        let secret = "canary";
        for text in [
            "token: canary: canary",
            "canary: 1\ncanary: 2",
            "a: !canary canary",
            "a: *canary",
            "kind: canary",
            "users: canary",
            "users:\n- name: canary\n- name: canary",
            "canary",
            "? {canary: 1}\n: 2",
            "a: \"\\canary\"",
            "a: @canary",
            "a: !!int canary",
            "a: [canary",
            "%canary\n---\na: 1\n%canary",
        ] {
            let error = error(text);

            assert!(!error.to_string().contains(secret), "{error}");
            assert!(!format!("{error:?}").contains(secret), "{error:?}");
        }
    }

    #[test]
    fn hostile_documents_end_with_an_error() {
        let laughs: String = (1..30)
            .map(|i| format!("x{i}: &x{i} [*x{0}, *x{0}, *x{0}, *x{0}]\n", i - 1))
            .collect();
        let deep = |open: &str| format!("a: {}", open.repeat(100_000));
        for text in [
            format!("x0: &x0 lol\n{laughs}"),
            deep("["),
            deep("{a: "),
            format!("a: {}", "- ".repeat(100_000)),
            "a".repeat(MAX_BYTES + 1),
            format!("a: [{}]", "1,".repeat(1_000_000)),
            format!(
                "a: &a {}\nb: [{}]",
                "x".repeat(100_000),
                "*a,".repeat(2_000)
            ),
        ] {
            let error = error(&text);

            assert!(
                matches!(
                    error.problem,
                    Problem::TooLarge | Problem::Aliases | Problem::Syntax(_)
                ),
                "{error}"
            );
        }
    }

    #[test]
    fn a_large_kubeconfig_is_read() {
        let data = "LS0t".repeat(400);
        let clusters: String = (0..1_500)
            .map(|i| format!("- name: c{i}\n  cluster:\n    server: https://c{i}\n    certificate-authority-data: {data}\n"))
            .collect();

        let kubeconfig = Kubeconfig::parse(&format!("clusters:\n{clusters}")).unwrap();

        assert_eq!(kubeconfig.names(Section::Clusters).count(), 1_500);
    }
}
