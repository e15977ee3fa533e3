//! For any text and any document: the parser ends without a panic, and what is printed is read as the same.

#![allow(clippy::unwrap_used)]

use doorward::Kubeconfig;
use doorward::kubeconfig::{MergeHow, Section};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use serde_json::{Map, Value};

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in ".*") {
        let _ = Kubeconfig::parse(&text);
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Kubeconfig::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_soup_of_yaml_signs_is_parsed_or_refused(
        text in prop::collection::vec(prop::sample::select(SIGNS), 0..60)
    ) {
        if let Err(error) = Kubeconfig::parse(&text.concat()) {
            prop_assert!(error.line() >= 1 && error.column() >= 1);
        }
    }

    #[test]
    fn what_is_printed_is_read_as_the_same(document in document()) {
        let json = document.to_string();
        let kubeconfig = Kubeconfig::parse(&json).unwrap();

        let printed = kubeconfig.to_yaml();
        let again = Kubeconfig::parse(printed.expose_secret()).unwrap();

        prop_assert_eq!(&again, &kubeconfig);
        // The same text means the same order, too.
        let reprinted = again.to_yaml();
        prop_assert_eq!(reprinted.expose_secret(), printed.expose_secret());
    }

    #[test]
    fn a_merge_takes_all_names_and_loses_none(
        mine in prop::collection::btree_set("[a-f]", 0..5),
        new in prop::collection::btree_set("[a-f]", 0..5),
    ) {
        let of = |names: &std::collections::BTreeSet<String>, field: &str| {
            let items: Vec<_> = names
                .iter()
                .map(|name| format!("{{name: {name}, cluster: {{server: 'https://k', {field}: 1}}}}"))
                .collect();
            Kubeconfig::parse(&format!("clusters: [{}]", items.join(", "))).unwrap()
        };
        let mut merged = of(&mine, "x-mine");

        merged.merge(&of(&new, "x-new"), MergeHow::default()).unwrap();

        for (names, field) in [(&mine, "x-mine"), (&new, "x-new")] {
            for name in names {
                let entry = merged.entry(Section::Clusters, name).unwrap();
                prop_assert!(entry.contains_key(field));
            }
        }
        prop_assert_eq!(merged.names(Section::Clusters).count(), mine.union(&new).count());
    }
}

const SIGNS: &[&str] = &[
    "a",
    "b",
    "name",
    ": ",
    ":",
    "- ",
    "-",
    "\n",
    "\n  ",
    "\n- ",
    "\t",
    " ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    "\"",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "|",
    ">",
    "#",
    "---\n",
    "...\n",
    "<<: ",
    "? ",
    "~",
    "clusters: ",
    "users:\n",
    "kind: Config\n",
    "\u{feff}",
    "\r\n",
    "\\",
    "%YAML 1.2\n",
];

/// A kubeconfig's shape with anything in it that JSON can say
fn document() -> impl Strategy<Value = Value> {
    let entries = prop::collection::btree_map(text(), value(), 0..3).prop_map(|entries| {
        let item = |(name, extra)| {
            let mut item = Map::new();
            item.insert("name".into(), Value::String(name));
            item.insert("x-extra".into(), extra);
            Value::Object(item)
        };
        Value::Array(entries.into_iter().map(item).collect())
    });
    (entries, mapping(value())).prop_map(|(clusters, mut root)| {
        for key in ["apiVersion", "kind", "current-context", "contexts", "users"] {
            root.remove(key);
        }
        root.insert("clusters".into(), clusters);
        Value::Object(root)
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            mapping(inner).prop_map(Value::from),
        ]
    })
}

fn mapping(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((text(), value), 0..5).prop_map(|pairs| pairs.into_iter().collect())
}

/// Text, often such that looks like something else in YAML
fn text() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        prop::sample::select(
            &[
                "yes", "n", "null", "~", "0123", "1e3", "1_0", "12:30:00", "<<", "=", "", " ",
                "- a", "a: b"
            ][..]
        )
        .prop_map(str::to_owned),
        "[-+]?[0-9._:eExXoObBTZ]{1,12}",
        "[ \n\t#:'\"\\[\\]{}&*!|>%@`?,a-]{0,12}",
        "\\PC{0,20}",
        any::<String>(),
    ];
    // The YAML reader takes no DEL from JSON, where it may stand bare.
    text.prop_map(|text| text.replace('\u{7f}', ""))
}
