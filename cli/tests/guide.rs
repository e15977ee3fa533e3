//! The commands of `ADAPTERS.md`, run as they stand there.

use std::fs;

use doorward::ErrorKind;
use doorward::recording::Case;
use doorward_testkit::{Conformance, Testbed};

use crate::double::{AcmeDouble, SITE};
use crate::program::{Home, Program};
use crate::template::Acme;

#[test]
fn the_guides_commands_record_what_the_template_passes_with() {
    let records = records();
    assert_eq!(records.len(), 2);
    let home = Home::new();
    for (words, password, name, expect) in [
        (&records[0], RIGHT, "password-ok", None),
        (
            &records[1],
            WRONG,
            "wrong-password",
            Some(ErrorKind::Rejected),
        ),
    ] {
        record(&home, words, password);

        let folder = home.join(FIXTURES).join(name);
        assert_eq!(Case::read(&folder).unwrap().about.expect, expect);
        for entry in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(
                !text.contains("horse") && !text.contains("ci-bot"),
                "{text}"
            );
        }
    }

    let facts = Conformance::new(Acme::default(), home.join(FIXTURES));
    facts
        .the_two_cases_that_each_adapter_needs_are_there()
        .unwrap();
    facts.every_case_passes_as_recorded().unwrap();
    facts.its_own_pages_are_recognized_and_no_others().unwrap();
    facts
        .a_wrong_password_is_rejected_after_one_attempt()
        .unwrap();
}

/// Runs the guide's words, with hosts of a testbed for those that everybody has to replace
fn record(home: &Home, words: &[String], password: &str) {
    let double = Box::new(AcmeDouble::default());
    let bed = Testbed::builder().idp_double(double).start().unwrap();
    let place = |word: &String| match word.as_str() {
        "k8sou.example.com" => bed.portal_url(),
        "https://id.acme.example" => bed.url(SITE),
        word => word.to_owned(),
    };
    let words: Vec<String> = words.iter().map(place).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let program = Program::in_home(home, &words).network(&bed);
    let program = program.variable("DOORWARD_PASSWORD", password);
    program.run().ends_with(0);
}

/// The words of each `doorward record` in the guide, without the program's name
fn records() -> Vec<Vec<String>> {
    let blocks = GUIDE.split("\n```sh\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("\n```").next());
    let text = blocks.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("doorward "));
    lines.map(words).collect()
}

/// Splits a line at its spaces, but for those in single quotes
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

const GUIDE: &str = include_str!("../../ADAPTERS.md");

/// Where the guide has recordings put
const FIXTURES: &str = "providers/fixtures/acme";

const RIGHT: &str = "correct horse";
const WRONG: &str = "wrong horse";
