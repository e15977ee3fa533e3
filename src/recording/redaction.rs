//! Where in an exchange something may have to be replaced.

use serde_json::Value;
use url::Url;

use super::stand_ins::StandIns;
use super::{Exchange, RecordedAnswer, RecordedBody, RecordedRequest};

/// Shows an exchange to those who look for what is to be replaced
pub(super) fn look(exchange: &Exchange, stand_ins: &mut StandIns) {
    let Exchange { request, answer } = exchange;
    let url = Url::parse(&request.url).ok();
    url.iter().for_each(|url| stand_ins.url(url));
    for (name, value) in &request.headers {
        match name.as_str() {
            "Authorization" => {
                let token = value
                    .split_once(' ')
                    .map_or(value.as_str(), |(_, token)| token);
                stand_ins.token(name, token);
            }
            "Cookie" => {
                for (name, value) in value
                    .split(';')
                    .filter_map(|pair| pair.trim().split_once('='))
                {
                    stand_ins.cookie(name, value);
                }
            }
            _ => stand_ins.text(value),
        }
    }
    match &request.body {
        RecordedBody::Fields(fields) => {
            for (name, value) in fields {
                stand_ins.parameter(name, value);
                stand_ins.text(value);
            }
        }
        RecordedBody::Json(value) => stand_ins.json("value", value),
        RecordedBody::Text(body) => stand_ins.text(body),
        RecordedBody::Empty => {}
    }
    for (name, value) in &answer.headers {
        match name.as_str() {
            "Location" => {
                let url = url.as_ref().and_then(|base| base.join(value).ok());
                url.iter().for_each(|url| stand_ins.url(url));
            }
            "Set-Cookie" => {
                let pair = value
                    .split(';')
                    .next()
                    .and_then(|pair| pair.split_once('='));
                pair.iter()
                    .for_each(|(name, value)| stand_ins.cookie(name, value));
            }
            _ => {}
        }
        stand_ins.text(value);
    }
    match serde_json::from_str(&answer.body) {
        Ok(json) => stand_ins.json("value", &json),
        Err(_) => {
            stand_ins.html(&answer.body);
            stand_ins.text(&answer.body);
        }
    }
    stand_ins.foreign_hosts(&exchange.to_text());
}

/// The exchange with everything replaced
pub(super) fn rewritten(exchange: &Exchange, stand_ins: &StandIns) -> Exchange {
    let text = |text: &String| stand_ins.rewrite(text);
    let headers = |headers: &[(String, String)]| {
        headers
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    };
    let Exchange { request, answer } = exchange;
    Exchange {
        request: RecordedRequest {
            method: request.method.clone(),
            url: text(&request.url),
            headers: headers(&request.headers),
            body: match &request.body {
                RecordedBody::Empty => RecordedBody::Empty,
                RecordedBody::Fields(fields) => RecordedBody::Fields(
                    fields
                        .iter()
                        .map(|(name, value)| (text(name), text(value)))
                        .collect(),
                ),
                RecordedBody::Json(value) => {
                    let mut value = value.clone();
                    rewrite_json(&mut value, stand_ins);
                    RecordedBody::Json(value)
                }
                RecordedBody::Text(body) => RecordedBody::Text(text(body)),
            },
        },
        answer: RecordedAnswer {
            status: answer.status,
            headers: headers(&answer.headers),
            body: text(&answer.body),
        },
    }
}

fn rewrite_json(value: &mut Value, stand_ins: &StandIns) {
    match value {
        Value::String(text) => *text = stand_ins.rewrite(text),
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| rewrite_json(value, stand_ins)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|value| rewrite_json(value, stand_ins)),
        _ => {}
    }
}
