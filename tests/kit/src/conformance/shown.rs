//! What a program could print of an error, and how a secret could be written there.

use std::error::Error as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use doorward::{Error, one_line};
use url::form_urlencoded;

use crate::http::escape_html;

/// Everything of an error that could be printed, by its name
pub(super) fn of_error(error: &Error) -> Vec<(&'static str, String)> {
    let mut shown = vec![
        ("the error", error.to_string()),
        ("the error's Debug", format!("{error:?}\n{error:#?}")),
        (
            "the error's next step",
            error.next_step().unwrap_or_default().to_owned(),
        ),
        (
            "the error's trail",
            format!("{}\n{:?}", error.trail(), error.trail()),
        ),
    ];
    let mut source = error.source();
    while let Some(cause) = source {
        shown.push(("the error's cause", format!("{cause}\n{cause:?}")));
        source = cause.source();
    }
    shown
}

/// The ways in which `secret` could be written
pub(super) fn forms(secret: &str) -> Vec<String> {
    let debug = format!("{secret:?}");
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![
        secret.to_owned(),
        debug.trim_matches('"').to_owned(),
        format!("{:?}", debug).trim_matches(['"', '\\']).to_owned(),
        one_line(secret),
        form.replace('+', "%20"),
        form,
        escape_html(secret),
    ];
    // Within a longer text that was encoded as a whole, it begins at one of three places of a group of four.
    for before in 0..3 {
        let text = format!("{}{secret}", "x".repeat(before));
        let encoded = STANDARD_NO_PAD.encode(text);
        let whole = encoded.get(4..encoded.len().saturating_sub(4));
        forms.extend(
            whole
                .filter(|whole| whole.len() >= SHORTEST)
                .map(str::to_owned),
        );
    }
    forms
}

/// Shorter ones could be anything
const SHORTEST: usize = 12;
