use doorward::recording::{Case, Exchange, RecordedBody};
use serde_json::Value;

/// A recording with answers that its servers did not give
pub(super) struct Variant {
    pub(super) told: String,
    pub(super) exchanges: Vec<Exchange>,
    /// The URL whose answer was changed
    pub(super) url: String,
    /// How many of the exchanges can happen
    possible: usize,
}

impl Variant {
    /// How often `password` may be sent to `host`: as often as was recorded, and once in any case
    pub(super) fn attempts(&self, case: &Case, password: &str, host: &str) -> usize {
        let begin = format!("https://{host}/");
        let recorded = case
            .exchanges
            .iter()
            .take(self.possible)
            .filter(|exchange| {
                exchange.request.url.starts_with(&begin) && carries(exchange, password)
            });
        recorded.count().max(1)
    }
}

/// A page that nobody knows answers each password, and all that comes after it
pub(super) fn unknown_after_the_password(case: &Case) -> impl Iterator<Item = Variant> {
    let exchanges = case.exchanges.iter().enumerate();
    let posts = exchanges.filter(|(_, exchange)| carries_a_password(exchange));
    posts.map(|(index, post)| {
        let mut exchanges = case.exchanges.clone();
        for exchange in exchanges.iter_mut().skip(index) {
            exchange.answer.status = 200;
            exchange.answer.headers = vec![(
                "content-type".to_owned(),
                "text/html; charset=utf-8".to_owned(),
            )];
            exchange.answer.body = UNKNOWN.to_owned();
        }
        Variant {
            told: format!("an unknown page answers exchange {:02}", index + 1),
            url: post.request.url.clone(),
            exchanges,
            possible: index + 1,
        }
    })
}

/// Each answer in turn is empty
pub(super) fn emptied(case: &Case) -> impl Iterator<Item = Variant> {
    cut(case, 0)
}

/// Each answer in turn ends after none, one, two or three quarters
pub(super) fn without_an_end(case: &Case) -> impl Iterator<Item = Variant> {
    (0..4).flat_map(|quarters| cut(case, quarters))
}

/// Whether the request has a password in it
pub(super) fn carries_a_password(exchange: &Exchange) -> bool {
    carries(exchange, "{{password")
}

fn cut(case: &Case, quarters: usize) -> impl Iterator<Item = Variant> {
    let exchanges = case.exchanges.iter().enumerate();
    let with_body = exchanges.filter(|(_, exchange)| !exchange.answer.body.is_empty());
    with_body.map(move |(index, exchange)| {
        let body = &exchange.answer.body;
        let mut length = body.len() * quarters / 4;
        while !body.is_char_boundary(length) {
            length -= 1;
        }
        let mut exchanges = case.exchanges.clone();
        if let Some(changed) = exchanges.get_mut(index) {
            changed.answer.body.truncate(length);
        }
        Variant {
            told: format!(
                "the answer of exchange {:02} ends after {length} bytes",
                index + 1
            ),
            url: exchange.request.url.clone(),
            exchanges,
            possible: case.exchanges.len(),
        }
    })
}

fn carries(exchange: &Exchange, placeholder: &str) -> bool {
    let request = &exchange.request;
    let headers = request.headers.iter();
    let has = |text: &str| text.contains(placeholder);
    has(&request.url)
        || headers.into_iter().any(|(_, value)| has(value))
        || match &request.body {
            RecordedBody::Fields(fields) => fields.iter().any(|(_, value)| has(value)),
            RecordedBody::Json(value) => has_leaf(value, &has),
            RecordedBody::Text(text) => has(text),
            _ => false,
        }
}

fn has_leaf(value: &Value, has: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => has(text),
        Value::Array(values) => values.iter().any(|value| has_leaf(value, has)),
        Value::Object(values) => values.values().any(|value| has_leaf(value, has)),
        _ => false,
    }
}

const UNKNOWN: &str = "<!DOCTYPE html><html><head><title>News</title></head><body><h1>Something else</h1>\
                       <p>Nobody has seen this page before.</p></body></html>";
