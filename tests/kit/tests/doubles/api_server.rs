//! The API server's double, and how many clients it bears.

use std::error::Error;
use std::thread;
use std::time::Duration;

use doorward_testkit::{API_HOST, Fault, Testbed, Trouble};
use serde_json::{Value, json};

use crate::driver::{Browser, Page, document};

#[test]
fn the_api_server_refuses_a_token_from_its_last_second_on() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let page = document(&bed)?;
    let token = page.string("/token/id_token")?;
    let mut browser = Browser::new(&bed)?;
    let url = format!("{}/api/v1/namespaces/default/pods", bed.api_url());
    assert_eq!(browser.bearer(&url, &token)?.status, 200);

    let mut parts: Vec<&str> = token.split('.').collect();
    let signature = parts.pop().unwrap_or_default();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{}.{other}{}", parts.join("."), &signature[1..]);
    assert_eq!(browser.bearer(&url, &forged)?.status, 401);
    assert_eq!(browser.bearer(&url, "garbage")?.status, 401);
    assert_eq!(browser.get(&url)?.string("/reason")?, "Unauthorized");
    assert_eq!(bed.unauthorized(), 3);

    bed.clock().advance(Duration::from_secs(60));
    let late = browser.bearer(&url, &token)?;
    assert_eq!(
        (late.status, late.string("/kind")?.as_str()),
        (401, "Status")
    );
    let renewed = browser.refresh(&page.string("/token/refresh_token")?)?;
    assert_eq!(
        browser.bearer(&url, &renewed.string("/id_token")?)?.status,
        200
    );
    Ok(())
}

#[test]
fn lists_and_objects_have_what_typed_clients_read() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/id_token")?;
    let mut browser = Browser::new(&bed)?;
    let mut ask = |path: &str| browser.bearer(&format!("{}/api/v1{path}", bed.api_url()), &token);

    for (path, pods) in [
        ("/pods?limit=500", 1),
        ("/namespaces/default/pods", 1),
        ("/namespaces/empty/pods", 0),
    ] {
        let list = ask(path)?.json()?;
        assert_eq!(list.pointer("/kind"), Some(&json!("PodList")));
        assert_eq!(list.pointer("/apiVersion"), Some(&json!("v1")));
        assert_eq!(
            list.pointer("/metadata/resourceVersion"),
            Some(&json!("42"))
        );
        let items = list.pointer("/items").and_then(Value::as_array);
        assert_eq!(items.map(Vec::len), Some(pods), "{path}");
    }
    let pod = ask("/namespaces/default/pods/hello")?.json()?;
    assert_eq!(pod.pointer("/status/phase"), Some(&json!("Running")));
    let ready = pod.pointer("/status/containerStatuses/0/ready");
    assert_eq!(ready, Some(&json!(true)));
    let none = ask("/namespaces/default/pods/nobody")?;
    assert_eq!(none.status, 404);
    assert_eq!(none.string("/message")?, "pods \"nobody\" not found");
    assert_eq!(ask("/pods?watch=true")?.status, 405);
    Ok(())
}

#[test]
fn kubectl_gets_a_table_of_lists_and_objects() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/id_token")?;
    let mut browser = Browser::new(&bed)?;

    for (path, rows) in [
        ("/pods", 1),
        ("/namespaces/default/pods/hello", 1),
        ("/namespaces/empty/pods", 0),
    ] {
        let url = format!("{}/api/v1{path}", bed.api_url());
        let page = browser.send(reqwest::Method::GET, &url, |request| {
            request
                .header("Authorization", format!("Bearer {token}"))
                .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        })?;
        let table = page.json()?;
        assert_eq!(table.pointer("/kind"), Some(&json!("Table")));
        let all = table.pointer("/rows").and_then(Value::as_array);
        assert_eq!(all.map(Vec::len), Some(rows), "{path}");
    }
    Ok(())
}

#[test]
fn sixty_four_clients_at_once_keep_their_connections() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/id_token")?;
    let url = format!("{}/api/v1/namespaces/default/pods", bed.api_url());

    let answers = thread::scope(|scope| {
        let clients: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| -> Result<Vec<u16>, String> {
                    let mut browser = Browser::new(&bed).map_err(|error| error.to_string())?;
                    let mut ask = || browser.bearer(&url, &token).map(|page| page.status);
                    let all: Result<Vec<u16>, _> = (0..5).map(|_| ask()).collect();
                    all.map_err(|error| error.to_string())
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().expect("no panic"))
            .collect::<Result<Vec<_>, String>>()
    })?;

    assert_eq!(answers.concat(), vec![200; 64 * 5]);
    assert_eq!(bed.count(API_HOST, "/api/v1/namespaces/default/pods"), 320);
    assert_eq!(bed.unauthorized(), 0);
    Ok(())
}

#[test]
fn a_wrong_clock_shows_in_the_date_of_every_answer() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .fault(Fault::new(API_HOST, "/version", Trouble::BadGateway))
        .start()?;
    bed.clock().hold();
    let mut browser = Browser::new(&bed)?;
    let mut dates = || -> Result<Vec<String>, Box<dyn Error>> {
        let mut dates = Vec::new();
        for url in [
            format!("{}/auth/idp/k8sIdp/certs", bed.portal_url()),
            format!("{}/api", bed.api_url()),
            format!("{}/version", bed.api_url()),
            format!("{}/login/login.htm", bed.okta_url()),
            bed.evil_url(),
        ] {
            dates.push(date(&browser.get(&url)?)?);
        }
        Ok(dates)
    };
    let now = dates()?;
    assert!(now.iter().all(|date| *date == now[0]), "{now:?}");

    bed.clock().set_back(Duration::from_secs(86_400));
    let yesterday = dates()?;
    bed.clock().advance(Duration::from_secs(86_400));

    assert!(yesterday.iter().all(|date| *date == yesterday[0]));
    assert_ne!(yesterday[0], now[0]);
    assert_eq!(dates()?, now);
    Ok(())
}

#[test]
fn a_clock_set_back_makes_tokens_that_a_right_clock_calls_old() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    bed.clock().hold();
    bed.clock().set_back(Duration::from_secs(3600));
    let token = document(&bed)?.string("/token/id_token")?;
    let mut browser = Browser::new(&bed)?;
    let url = format!("{}/api/v1/pods", bed.api_url());
    assert_eq!(browser.bearer(&url, &token)?.status, 200);

    bed.clock().advance(Duration::from_secs(3600));

    assert_eq!(browser.bearer(&url, &token)?.status, 401);
    assert_eq!(bed.unauthorized(), 1);
    Ok(())
}

fn date(page: &Page) -> Result<String, Box<dyn Error>> {
    let mut lines = page.headers.iter().filter(|(name, _)| name == "date");
    let (_, date) = lines.next().ok_or("no date")?;
    match lines.next() {
        Some(_) => Err("two dates".into()),
        None => Ok(date.clone()),
    }
}
