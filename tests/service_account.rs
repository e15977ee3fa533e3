//! Service accounts by TokenRequest, at an API server's double: who asks, how, and what the kubeconfig is good for.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward::kubeconfig::{Section, UserAuth};
use doorward::store::MemoryStore;
use doorward::{
    ClusterAccess, Error, ErrorKind, FrontDoor, Grant, Kubeconfig, ServiceAccount, TokenSource,
};
use doorward_testkit::{
    ADMIN_TOKEN, API_HOST, ClientCertificate, Fault, Gate, READER_TOKEN, SERVICE_ACCOUNT, Testbed,
    Trouble,
};
use serde_json::{Value, json};

/// A kubeconfig of the caller's, and the world that it leads to
struct Caller {
    bed: Testbed,
    folder: tempfile::TempDir,
}

impl Caller {
    fn new(user: &Value) -> Self {
        Self::at(Testbed::start().unwrap(), user)
    }

    fn at(bed: Testbed, user: &Value) -> Self {
        let ca = STANDARD.encode(bed.ca_pem());
        let cluster = json!({"server": bed.api_url(), "certificate-authority-data": ca});
        let caller = Self {
            bed,
            folder: tempfile::tempdir().unwrap(),
        };
        caller.write(&cluster, user);
        caller
    }

    fn write(&self, cluster: &Value, user: &Value) {
        let document = json!({
            "current-context": "admin",
            "clusters": [{"name": "prod", "cluster": cluster}],
            "contexts": [{"name": "admin", "context": {"cluster": "prod", "user": "ada"}}],
            "users": [{"name": "ada", "user": user}],
        });
        fs::write(self.path("config"), document.to_string()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn account(&self, name: &str) -> ServiceAccount {
        let access = ClusterAccess::of_kubeconfig([self.path("config")], None);
        ServiceAccount::new("ci", name, access)
            .unwrap()
            .network(self.bed.network().unwrap())
    }

    async fn open(&self) -> Result<Grant, Error> {
        self.account(SERVICE_ACCOUNT).open().await
    }

    async fn refusal(&self) -> Error {
        let error = self.open().await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
        error
    }
}

fn seconds_left(grant: &Grant) -> i64 {
    let expires = grant.expires().unwrap().as_second();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    expires - i64::try_from(now.unwrap().as_secs()).unwrap()
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_ends() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));

    let grant = caller.open().await.unwrap();

    assert_eq!(caller.bed.complaints(), Vec::<String>::new());
    let seen = caller.bed.seen();
    let [request] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert_eq!(
        format!("{} {}", request.method, request.path),
        "POST /api/v1/namespaces/ci/serviceaccounts/deployer/token"
    );
    assert_eq!(grant.subject(), "system:serviceaccount:ci:deployer");
    assert!((3500..=3600).contains(&seconds_left(&grant)));
    assert!(grant.refresh().is_none());
}

#[tokio::test]
async fn the_kubeconfig_is_for_the_same_cluster_and_holds_no_credential_of_the_caller() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));
    fs::write(caller.path("ca.pem"), caller.bed.ca_pem()).unwrap();
    let cluster = json!({
        "server": caller.bed.api_url(), "certificate-authority": "ca.pem",
        "extensions": [{"name": "a", "extension": {"path": "/home/ada"}}],
    });
    caller.write(&cluster, &json!({"token": ADMIN_TOKEN}));

    let grant = caller.open().await.unwrap();
    let kubeconfig: Kubeconfig = grant.kubeconfig(&UserAuth::Token).unwrap();

    let name = "ci/deployer@prod";
    assert_eq!(kubeconfig.current_context(), Some(name));
    let context = kubeconfig.entry(Section::Contexts, name).unwrap();
    assert_eq!(context["namespace"], "ci");
    let cluster = kubeconfig.entry(Section::Clusters, "prod").unwrap();
    let keys: Vec<&str> = cluster.keys().map(String::as_str).collect();
    assert_eq!(keys, ["certificate-authority-data", "server"]);
    let user = kubeconfig.entry(Section::Users, name).unwrap();
    assert_eq!(user["token"], grant.id_token().expose_secret());
    let yaml = kubeconfig.to_yaml();
    assert!(!yaml.expose_secret().contains(ADMIN_TOKEN));
}

#[tokio::test]
async fn audience_and_duration_are_asked_for() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));
    let account = caller.account(SERVICE_ACCOUNT).audience("vault");

    let grant = account
        .duration(Duration::from_secs(900))
        .open()
        .await
        .unwrap();

    assert!((800..=900).contains(&seconds_left(&grant)));
    let short = caller
        .account(SERVICE_ACCOUNT)
        .duration(Duration::from_secs(60));
    let error = short.open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(caller.bed.seen().len(), 1);
}

#[tokio::test]
async fn who_may_not_ask_is_denied_with_the_rule_that_is_missing() {
    let caller = Caller::new(&json!({"token": READER_TOKEN}));

    let error = caller.refusal().await;

    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(
        error.to_string().contains("context admin may not"),
        "{error}"
    );
    assert!(
        error.to_string().contains("User \"reader\" cannot create"),
        "{error}"
    );
    let hint = error.next_step().unwrap();
    assert!(
        hint.contains("--verb=create --resource=serviceaccounts/token"),
        "{hint}"
    );

    let unknown = Caller::new(&json!({"token": "canary-of-nobody"}));
    assert_eq!(unknown.refusal().await.kind(), ErrorKind::Denied);
    let acting = Caller::new(&json!({"token": ADMIN_TOKEN, "as": "reader"}));
    assert_eq!(acting.refusal().await.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn an_account_that_is_not_there_is_a_wrong_setting() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));

    let error = caller.account("nobody").open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    let hint = error.next_step().unwrap();
    assert!(
        hint.contains("kubectl create serviceaccount nobody -n ci"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_once() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));
    let trouble = Fault::new(API_HOST, "/api", Trouble::Unavailable);
    caller.bed.add_fault(trouble);

    assert_eq!(caller.refusal().await.kind(), ErrorKind::Unavailable);
    assert_eq!(caller.bed.seen().len(), 1);
    assert!(caller.open().await.is_ok());
}

#[tokio::test]
async fn a_client_certificate_asks_from_files_and_from_data() {
    let mut gate = Gate::default();
    gate.client_certificate = ClientCertificate::Asked;
    gate.api_server = true;
    let bed = Testbed::builder().gate(gate).start().unwrap();
    let (certificate, key) = bed.client_certificate().unwrap();
    let (certificate, key) = (certificate.to_owned(), key.to_owned());
    let user = json!({
        "client-certificate-data": STANDARD.encode(&certificate),
        "client-key-data": STANDARD.encode(&key),
    });
    let caller = Caller::at(bed, &user);
    assert!(caller.open().await.is_ok());

    fs::write(caller.path("c.pem"), certificate).unwrap();
    fs::write(caller.path("k.pem"), key).unwrap();
    let ca = STANDARD.encode(caller.bed.ca_pem());
    let cluster = json!({"server": caller.bed.api_url(), "certificate-authority-data": ca});
    let user = json!({"client-certificate": "c.pem", "client-key": "k.pem"});
    caller.write(&cluster, &user);
    assert!(caller.open().await.is_ok());
    assert_eq!(caller.bed.complaints(), Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn a_plug_in_of_the_callers_own_kubeconfig_asks() {
    let answer = json!({
        "kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1",
        "status": {"token": ADMIN_TOKEN},
    });
    let caller = Caller::new(&json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "printf",
        "args": ["%s", answer.to_string()],
    }}));

    assert!(caller.open().await.is_ok());
}

#[tokio::test]
async fn tls_is_spoken_by_the_name_that_the_kubeconfig_has() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));
    let address = caller.bed.address();
    let ca = STANDARD.encode(caller.bed.ca_pem());
    let mut cluster = json!({
        "server": format!("https://127.0.0.1:{}", address.port()), "certificate-authority-data": ca,
    });
    let user = json!({"token": ADMIN_TOKEN});
    caller.write(&cluster, &user);
    let error = caller.refusal().await;
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");

    // The double answers by the name in `Host`, and none has an address for a name.
    cluster["tls-server-name"] = API_HOST.into();
    caller.write(&cluster, &user);
    let error = caller.refusal().await;
    assert!(error.to_string().contains("status 421"), "{error}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));
    let other = Testbed::start().unwrap();
    let cluster = json!({
        "server": caller.bed.api_url(),
        "certificate-authority-data": STANDARD.encode(other.ca_pem()),
    });
    caller.write(&cluster, &json!({"token": ADMIN_TOKEN}));
    let access = ClusterAccess::of_kubeconfig([caller.path("config")], None);
    let account = ServiceAccount::new("ci", SERVICE_ACCOUNT, access).unwrap();
    let mut network = doorward::Network::new();
    for host in caller.bed.hosts() {
        let address = caller.bed.address();
        let entry = format!("{host}:{}:{}", address.port(), address.ip());
        network = network.resolve(&entry).unwrap();
    }

    let error = account.network(network).open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(caller.bed.seen(), []);
}

#[tokio::test]
async fn a_source_keeps_the_token_until_it_is_due() {
    let caller = Caller::new(&json!({"token": ADMIN_TOKEN}));
    let account = caller
        .account(SERVICE_ACCOUNT)
        .duration(Duration::from_secs(600));
    let source = TokenSource::new(account).store(MemoryStore::new(), "account");

    let first = source.token().await.unwrap();
    let second = source.token().await.unwrap();

    assert_eq!(first.expires(), second.expires());
    assert_eq!(first.is_for(&caller.bed.api_url()), Some(true));
    assert_eq!(caller.bed.seen().len(), 1);
}

#[tokio::test]
async fn a_pod_asks_by_its_mounted_files() {
    let caller = Caller::new(&json!({}));
    let mount = caller.path("mount");
    fs::create_dir(&mount).unwrap();
    fs::write(mount.join("token"), READER_TOKEN).unwrap();
    fs::write(mount.join("ca.crt"), caller.bed.ca_pem()).unwrap();
    let port = caller.bed.address().port().to_string();
    let variable = |name: &str| match name {
        "KUBERNETES_SERVICE_HOST" => Some(API_HOST.into()),
        "KUBERNETES_SERVICE_PORT" => Some(port.clone().into()),
        _ => None,
    };
    let access = ClusterAccess::of_pod(variable).unwrap().mounted_at(&mount);
    let account = ServiceAccount::new("ci", SERVICE_ACCOUNT, access).unwrap();
    let account = account.network(caller.bed.network().unwrap());

    let error = account.open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(
        error.to_string().contains("the pod's own service account"),
        "{error}"
    );

    // The cluster rotates the file.
    fs::write(mount.join("token"), ADMIN_TOKEN).unwrap();
    let grant = account.open().await.unwrap();
    assert_eq!(grant.servers(), [caller.bed.api_url()]);
}
