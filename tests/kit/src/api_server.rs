//! A Kubernetes API server that knows one pod, and checks its callers' tokens as the real one does.
//!
//! What it answers is enough for kubectl (tables), and for clients that read typed lists and objects, such as
//! Python's and kube-rs. There is no watch.

mod token_request;
pub(crate) use token_request::ISSUER as CLUSTER_ISSUER;
pub use token_request::{ADMIN_TOKEN, READER_TOKEN, SERVICE_ACCOUNT};

use serde_json::{Value, json};

use crate::clock::iso_date;
use crate::http::{Answer, Ask};
use crate::world::World;

pub(crate) struct ApiServer {
    /// Each with the audience that its tokens are for
    issuers: [(String, &'static str); 3],
}

impl ApiServer {
    /// Trusts the tokens of that portal's issuer, of that CI platform, and its own
    pub(crate) fn new(portal: &str, runner: String) -> Self {
        Self {
            issuers: [
                (format!("{portal}/auth/idp/k8sIdp"), AUDIENCE),
                (runner, AUDIENCE),
                (token_request::ISSUER.to_owned(), token_request::ISSUER),
            ],
        }
    }

    pub(crate) fn answer(&self, ask: &Ask, world: &World) -> Answer {
        let Some(user) = self.user(ask, world) else {
            return status(401, "Unauthorized", "Unauthorized");
        };
        if let Some(answer) = token_request::answer(ask, &user, world) {
            return answer;
        }
        if ask.method() != "GET" {
            let message = format!("User \"{user}\" cannot change anything here");
            return status(403, "Forbidden", &message);
        }
        let started = iso_date(world.clock().seconds());
        match ask.path() {
            // Python's client asks with a slash at the end.
            "/version" | "/version/" => Answer::json(
                200,
                &json!({
                    "major": "1", "minor": "34", "gitVersion": "v1.34.0",
                    "gitCommit": "", "gitTreeState": "clean", "buildDate": started,
                    "goVersion": "go1.24", "compiler": "gc", "platform": "linux/amd64",
                }),
            ),
            // A server without aggregated discovery: kubectl falls back to one request per group.
            "/api" => Answer::json(
                200,
                &json!({
                    "kind": "APIVersions", "versions": ["v1"],
                    "serverAddressByClientCIDRs": [
                        {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443"},
                    ],
                }),
            ),
            "/apis" => Answer::json(
                200,
                &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []}),
            ),
            "/api/v1" => Answer::json(200, &resources()),
            path => object(path, ask, &started),
        }
    }

    /// The user of a token with a good signature, issuer and audience, not a second too old
    fn user(&self, ask: &Ask, world: &World) -> Option<String> {
        if let Some(person) = token_request::person(ask) {
            return Some(person.to_owned());
        }
        let token = world.secret(ask.bearer()?);
        let claims = world.keys.read_token(&token)?;
        let now = world.clock().seconds();
        let number = |name: &str| claims.get(name).and_then(Value::as_u64);
        let issuer = claims.get("iss").and_then(Value::as_str)?;
        let (_, us) = self.issuers.iter().find(|(known, _)| known == issuer)?;
        let for_us = match claims.get("aud")? {
            Value::String(one) => one == us,
            Value::Array(many) => many.iter().any(|one| one == us),
            _ => false,
        };
        let good = for_us && number("exp")? > now && number("nbf").unwrap_or_default() <= now;
        let sub = claims.get("sub").and_then(Value::as_str)?;
        good.then(|| sub.to_owned())
    }
}

/// A pod, or the pods of one namespace or of all; a namespace need not exist to be empty
fn object(path: &str, ask: &Ask, started: &str) -> Answer {
    let watch = ask.query("watch").unwrap_or_default();
    if ["1", "true"].contains(&watch.as_str()) {
        return status(405, "MethodNotAllowed", "there is no watch here");
    }
    let segments: Vec<&str> = path
        .strip_prefix(CORE)
        .unwrap_or_default()
        .split('/')
        .collect();
    match segments.as_slice() {
        ["pods"] | ["namespaces", "default", "pods"] => pods(&[pod(started)], ask),
        ["namespaces", _, "pods"] => pods(&[], ask),
        ["namespaces", "default", "pods", "hello"] => match as_table(ask) {
            true => pods(&[pod(started)], ask),
            false => Answer::json(200, &pod(started)),
        },
        ["namespaces", _, "pods", name] => {
            status(404, "NotFound", &format!("pods \"{name}\" not found"))
        }
        _ => status(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
    }
}

fn status(code: u16, reason: &str, message: &str) -> Answer {
    Answer::json(
        code,
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code,
        }),
    )
}

fn resources() -> Value {
    let verbs = json!(["get", "list"]);
    json!({
        "kind": "APIResourceList", "groupVersion": "v1",
        "resources": [
            {
                "name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod",
                "verbs": verbs, "shortNames": ["po"], "categories": ["all"],
            },
        ],
    })
}

/// The pods as a list, or as the table that kubectl asks for
fn pods(pods: &[Value], ask: &Ask) -> Answer {
    if !as_table(ask) {
        return Answer::json(
            200,
            &json!({
                "kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "42"},
                "items": pods,
            }),
        );
    }
    let column = |name: &str, kind: &str| json!({"name": name, "type": kind, "format": "", "description": name, "priority": 0});
    let rows: Vec<Value> = pods
        .iter()
        .map(|pod| {
            json!({
                "cells": ["hello", "1/1", "Running", "0", "5m"],
                "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": pod.get("metadata"),
                },
            })
        })
        .collect();
    Answer::json(
        200,
        &json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "42"},
            "columnDefinitions": [
                {"name": "Name", "type": "string", "format": "name", "description": "Name", "priority": 0},
                column("Ready", "string"), column("Status", "string"),
                column("Restarts", "string"), column("Age", "string"),
            ],
            "rows": rows,
        }),
    )
}

fn as_table(ask: &Ask) -> bool {
    ask.header("accept")
        .unwrap_or_default()
        .contains("as=Table")
}

fn pod(started: &str) -> Value {
    let time = started.replace(".000Z", "Z");
    let yes = |kind: &str| {
        json!({
            "type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": time,
        })
    };
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": "hello", "namespace": "default", "uid": "6f1c2b9e-4b5d-4a57-9a55-6d7b1f0f4c11",
            "resourceVersion": "41", "creationTimestamp": time, "labels": {"app": "hello"},
        },
        "spec": {
            "containers": [{
                "name": "hello", "image": IMAGE, "resources": {}, "imagePullPolicy": "IfNotPresent",
            }],
            "restartPolicy": "Always", "nodeName": "node-1",
        },
        "status": {
            "phase": "Running", "qosClass": "BestEffort",
            "hostIP": "192.0.2.10", "podIP": "198.51.100.7", "podIPs": [{"ip": "198.51.100.7"}],
            "startTime": time, "conditions": [yes("Ready"), yes("PodScheduled")],
            "containerStatuses": [{
                "name": "hello", "image": IMAGE, "imageID": format!("{IMAGE}@sha256:{}", "0".repeat(64)),
                "ready": true, "started": true, "restartCount": 0, "lastState": {},
                "state": {"running": {"startedAt": time}},
            }],
        },
    })
}

const CORE: &str = "/api/v1/";
const IMAGE: &str = "example.test/hello:1";
const AUDIENCE: &str = "kubernetes";
