//! A recording is played as it is, and every difference is told.

use std::path::Path;
use std::sync::Arc;

use doorward::recording::{Case, RecordedBody};
use doorward::{Error, ErrorKind, Grant, IdpAdapter};
use doorward_testkit::Replay;

use crate::acme::Acme;

fn case(name: &str) -> Case {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/acme");
    Case::read(&folder.join(name)).unwrap()
}

fn play(case: &Case) -> (Result<Grant, Error>, Vec<String>) {
    let replay = Replay::start(case).unwrap();
    let adapter: Arc<dyn IdpAdapter> = Arc::new(Acme::default());
    let outcome = replay.log_in(&[adapter]);
    (outcome, replay.finish())
}

/// What is told of `name` after `change`
fn told(name: &str, change: impl Fn(&mut Case)) -> Vec<String> {
    let mut case = case(name);
    change(&mut case);
    play(&case).1
}

#[test]
fn a_good_login_ends_as_recorded() {
    for name in ["password-ok", "totp-ok"] {
        let (outcome, told) = play(&case(name));

        assert_eq!(outcome.unwrap().subject(), "ci-user");
        assert_eq!(told, Vec::<String>::new());
    }
}

#[test]
fn a_bad_login_ends_as_recorded() {
    let (outcome, told) = play(&case("wrong-password"));

    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn a_replay_begins_anew_with_each_login() {
    let replay = Replay::start(&case("password-ok")).unwrap();
    for _ in 0..3 {
        replay.log_in(&[Arc::new(Acme::default())]).unwrap();
        assert_eq!(replay.finish(), Vec::<String>::new());
    }
}

#[test]
fn what_is_sent_otherwise_is_told_field_by_field() {
    let place = "exchange 03 (POST https://provider.test/login)";
    let fields = |case: &mut Case, pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        case.exchanges[2].request.body = RecordedBody::Fields(pairs.collect());
    };

    let found = told("password-ok", |case| {
        let named = [
            ("acme_user", "jdoe"),
            ("acme_password", "{{code}}"),
            ("more", "x"),
        ];
        fields(case, &named);
    });
    assert_eq!(
        found[..4],
        [
            format!("{place}, field acme_user: recorded jdoe, sent ci-user"),
            format!("{place}, field acme_password: recorded {{{{code}}}}, sent {{{{password}}}}"),
            format!("{place}, field more: recorded x, not sent"),
            format!("{place}, field csrf: not recorded, sent redacted-csrf-1"),
        ]
    );

    // The rest follows from that.
    assert_eq!(found.len(), 4);

    let found = told("password-ok", |case| {
        let order = [
            ("acme_password", "{{password}}"),
            ("acme_user", "ci-user"),
            ("csrf", "redacted-csrf-1"),
        ];
        fields(case, &order);
    });
    assert_eq!(
        found[0],
        format!(
            "{place}, the order (field): recorded acme_password acme_user csrf, sent acme_user acme_password csrf"
        )
    );
}

#[test]
fn cookies_headers_query_and_path_are_compared() {
    let post = "exchange 03 (POST https://provider.test/login)";
    let header = |case: &mut Case, name: &str, value: &str| {
        let headers = &mut case.exchanges[2].request.headers;
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), value.to_owned()));
    };

    let found = told("password-ok", |case| {
        header(case, "Cookie", "b=2; acme_session=redacted-session-1")
    });
    assert_eq!(found[0], format!("{post}, cookie: recorded b=2, not sent"));
    let found = told("password-ok", |case| header(case, "Origin", "null"));
    assert_eq!(
        found[0],
        format!("{post}, header origin: recorded null, sent https://provider.test")
    );
    let found = told("password-ok", |case| header(case, "X-Requested-With", "x"));
    assert_eq!(
        found[0],
        format!("{post}, header x-requested-with: recorded x, not sent")
    );
    let found = told("password-ok", |case| {
        case.exchanges[2]
            .request
            .headers
            .retain(|(name, _)| name != "Referer");
    });
    assert_eq!(
        found[0],
        format!("{post}, header referer: not recorded, sent https://provider.test/")
    );

    let found = told("password-ok", |case| {
        case.exchanges[2].request.url = "https://provider.test/login?flow=other".to_owned();
    });
    assert_eq!(
        found[0],
        format!("{post}, query flow: recorded other, sent redacted-flow-1")
    );
    let found = told("password-ok", |case| {
        case.exchanges[2].request.url = "https://provider.test/other".to_owned();
    });
    assert_eq!(
        found[0],
        "exchange 03 (POST https://provider.test/other), the request: recorded POST https://provider.test/other, \
         sent POST https://provider.test/login"
    );
}

#[test]
fn an_exchange_too_many_or_too_few_is_told() {
    let missing = told("wrong-password", |case| {
        let more = case.exchanges[1].clone();
        case.exchanges.push(more);
    });
    assert_eq!(
        missing,
        ["exchange 04 (GET https://provider.test/authorize): nobody asked for it"]
    );

    let more = told("password-ok", |case| {
        case.exchanges.pop();
    });
    assert_eq!(
        more,
        ["after the last exchange: not recorded, sent GET https://portal.test/k8stoken/token/user"]
    );
}

#[test]
fn a_walk_of_the_replays_serves_a_runtime_of_the_callers() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();

    let (subject, told) = runtime.block_on(async {
        let replay = Replay::start(&case("password-ok")).unwrap();
        let walk = replay.walk().unwrap().adapter(Acme::default());
        let portal = doorward::Portal::new(replay.portal_url(), walk).unwrap();
        let grant = doorward::FrontDoor::open(&portal).await.unwrap();
        (grant.subject().to_owned(), replay.finish())
    });

    assert_eq!((subject.as_str(), told), ("ci-user", Vec::new()));
}

#[test]
fn json_is_compared_by_value() {
    // The recording says that a JSON body is posted; a form is sent.
    let found = told("password-ok", |case| {
        case.exchanges[2].request.body = RecordedBody::Json(serde_json::json!({"a": 1}));
    });

    let place = "exchange 03 (POST https://provider.test/login)";
    assert_eq!(
        found[0],
        format!("{place}, the body: recorded JSON, sent a form")
    );
}
