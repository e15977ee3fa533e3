//! Every adapter knows its own pages, and takes none for another's.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::collections::BTreeSet;

use doorward::{Page, Recognition};
use doorward_testkit::first_pages;

#[test]
fn each_first_page_is_recognized_by_its_own_adapter_alone() {
    for first in first_pages() {
        let page = Page::html(first.url, first.html).unwrap();
        let url = first.url;
        for adapter in doorward_providers::all() {
            let recognition = adapter.recognizes(&page);
            match adapter.name() {
                name if name == first.owner => {
                    assert_ne!(recognition, Recognition::No, "{name} at {url}");
                }
                // It reads any form, and goes last.
                "form" => assert!(rank(recognition) <= 1, "form at {url}: {recognition:?}"),
                name => assert_eq!(recognition, Recognition::No, "{name} at {url}"),
            }
        }
    }
}

#[test]
fn every_adapter_but_form_is_surer_than_possible_of_its_first_page() {
    for adapter in doorward_providers::all() {
        let pages = first_pages().iter();
        for page in pages.filter(|page| page.owner == adapter.name()) {
            let recognition = adapter.recognizes(&Page::html(page.url, page.html).unwrap());
            assert_eq!(
                rank(recognition) > 1,
                page.owner != "form",
                "{}: {recognition:?}",
                page.owner
            );
        }
    }
}

#[test]
fn every_adapter_has_a_first_page_here() {
    let owners: BTreeSet<&str> = first_pages().iter().map(|page| page.owner).collect();
    let adapters = doorward_providers::all();
    assert_eq!(
        owners,
        adapters.iter().map(|adapter| adapter.name()).collect()
    );
}

fn rank(recognition: Recognition) -> u8 {
    match recognition {
        Recognition::Possible(_) => 1,
        Recognition::Likely(_) => 2,
        Recognition::Certain(_) => 3,
        _ => 0,
    }
}
