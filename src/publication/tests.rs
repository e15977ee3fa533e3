use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Publication, Rotation, Step};
use crate::signing::{Algorithm, PrivateKey, Signer as _};
use crate::{ErrorKind, KeySource, Secret, SecretSource};

struct Place {
    folder: tempfile::TempDir,
    publication: Publication,
    key: KeySource,
}

impl Place {
    fn new(algorithm: Algorithm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ci.pem");
        let key = PrivateKey::generate(algorithm).unwrap();
        write(&path, key.to_pem().unwrap().expose_secret());
        Self {
            publication: Publication::at(folder.path().join("public")),
            key: KeySource::new(path.to_str().unwrap()).unwrap(),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn published(&self) -> BTreeSet<String> {
        let text = fs::read(self.path("public/.well-known/jwks.json")).unwrap();
        let set: Value = serde_json::from_slice(&text).unwrap();
        let keys = set["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    fn signs(&self) -> String {
        self.key.signer().unwrap().jwk().key_id().to_owned()
    }

    fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files.sort();
        files
    }
}

fn write(path: &PathBuf, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn rotation() -> Rotation {
    Rotation::default()
        .overlap(Duration::from_secs(600))
        .longest_life(Duration::from_secs(60))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

const ISSUER: &str = "https://ci.example.com/keys";

#[test]
fn what_is_published_is_what_verifiers_ask_for() {
    let place = Place::new(Algorithm::Es256);

    let key = place.publication.publish(ISSUER, &place.key).unwrap();

    let read = |name: &str| -> Value {
        let path = place.path("public/.well-known").join(name);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o644);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let discovery = read("openid-configuration");
    assert_eq!(discovery["issuer"], ISSUER);
    assert_eq!(
        discovery["jwks_uri"],
        "https://ci.example.com/keys/.well-known/jwks.json"
    );
    assert_eq!(
        discovery["id_token_signing_alg_values_supported"][0],
        "ES256"
    );
    let keys = read("jwks.json");
    assert_eq!(keys["keys"][0], key.to_json());
    assert_eq!(keys["keys"][0]["use"], "sig");
    assert_eq!(keys["keys"][0]["kid"], place.signs());
    assert!(keys["keys"][0].get("d").is_none());
}

#[test]
fn another_key_is_published_beside_those_that_are_there_unless_told_otherwise() {
    let place = Place::new(Algorithm::Es256);
    place.publication.publish(ISSUER, &place.key).unwrap();
    let first = place.signs();
    let other = PrivateKey::generate(Algorithm::Es384).unwrap();

    for _ in 0..2 {
        place.publication.publish_key(ISSUER, other.jwk()).unwrap();
    }
    assert_eq!(
        place.published(),
        BTreeSet::from([first, other.jwk().thumbprint()])
    );

    let alone = place.publication.clone().without_others();
    alone.publish_key(ISSUER, other.jwk()).unwrap();
    assert_eq!(
        place.published(),
        BTreeSet::from([other.jwk().thumbprint()])
    );
}

#[test]
fn a_rotation_has_three_steps_and_an_early_call_changes_nothing() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256] {
        let place = Place::new(algorithm);
        let key = place.key.clone().algorithm(algorithm);
        place.publication.publish(ISSUER, &key).unwrap();
        let old = place.signs();
        // The algorithm is that of the published key, also where the call does not know it.
        let rotate = |second| {
            let progress = place
                .publication
                .rotate_at(&place.key, &rotation(), at(second), 99);
            progress.unwrap()
        };

        let first = rotate(0);
        assert_eq!((first.done, first.next), (Some(Step::Publish), Step::Sign));
        assert_eq!((place.signs(), place.published().len()), (old.clone(), 2));

        let before = place.everything();
        let early = rotate(599);
        assert_eq!((early.done, early.next), (None, Step::Sign));
        assert_eq!(early.due, Some(at(601)));
        assert_eq!(place.everything(), before);

        let second = rotate(601);
        assert_eq!((second.done, second.next), (Some(Step::Sign), Step::Drop));
        let new = place.signs();
        assert_eq!(
            place.published(),
            BTreeSet::from([old.clone(), new.clone()])
        );
        assert!(!place.path("ci.pem.next").exists());

        let before = place.everything();
        assert_eq!(rotate(601 + 659).done, None);
        assert_eq!(place.everything(), before);

        let third = rotate(602 + 660);
        assert_eq!((third.done, third.due), (Some(Step::Drop), None));
        assert_eq!(place.published(), BTreeSet::from([new]));
        assert!(!place.path("ci.pem.rotation").exists());
        let key = key.signer().unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_ne!(old, place.signs());
    }
}

/// Time goes on, calls come at any moment and are killed after any write, and verifiers keep what they saw for the overlap
#[test]
fn a_valid_token_is_never_refused_wherever_a_call_is_killed() {
    let mut random = 7_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    let place = Place::new(Algorithm::Es256);
    place.publication.publish(ISSUER, &place.key).unwrap();
    let mut seen = vec![(at(-10_000), place.published())];
    let mut minted: Vec<(Timestamp, String)> = Vec::new();
    let mut signed_by = BTreeSet::new();
    let (overlap, life) = (
        SignedDuration::from_secs(600),
        SignedDuration::from_secs(60),
    );

    let mut second = 0;
    for _ in 0..150 {
        second += i64::try_from(next(320)).unwrap();
        let now = at(second);
        let most = usize::try_from(next(5)).unwrap();
        let progress = place
            .publication
            .rotate_at(&place.key, &rotation(), now, most);
        if let Err(error) = progress {
            assert_eq!(error.message(), "the rotation was stopped");
        }

        seen.push((now, place.published()));
        minted.push((now, place.signs()));
        signed_by.insert(place.signs());
        minted.retain(|(made, _)| *made + life >= now);
        // What a verifier has may be anything that was there within the overlap.
        let newest_old = seen
            .iter()
            .rposition(|(since, _)| *since + overlap < now)
            .unwrap_or(0);
        for (_, known) in &seen[newest_old..] {
            for (_, key) in &minted {
                assert!(known.contains(key), "at {second}");
            }
        }
    }
    assert!(signed_by.len() > 3, "{}", signed_by.len());
}

#[test]
fn the_next_key_is_as_well_kept_as_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ci.pem");
    let passphrase = Secret::new("correct horse");
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    write(
        &path,
        key.to_encrypted_pem(&passphrase).unwrap().expose_secret(),
    );
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let source = KeySource::new(path.to_str().unwrap())
        .unwrap()
        .passphrase(SecretSource::value(passphrase))
        .allow_shared_files();
    let publication = Publication::at(folder.path().join("public"));
    publication.publish(ISSUER, &source).unwrap();

    publication
        .rotate_at(&source, &rotation(), at(0), 99)
        .unwrap();
    let next = folder.path().join("ci.pem.next");
    assert_eq!(next.metadata().unwrap().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&next).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));

    publication
        .rotate_at(&source, &rotation(), at(700), 99)
        .unwrap();
    // Whoever may read the key can go on.
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o640);
    assert_ne!(
        source.signer().unwrap().jwk().thumbprint(),
        key.jwk().thumbprint()
    );
}

#[test]
fn keys_of_many_pipelines_are_published_at_once_and_none_is_lost() {
    let place = Place::new(Algorithm::Es256);
    let keys: Vec<_> = (0..8)
        .map(|_| PrivateKey::generate(Algorithm::Es256).unwrap())
        .collect();

    std::thread::scope(|scope| {
        for key in &keys {
            scope.spawn(|| place.publication.publish_key(ISSUER, key.jwk()).unwrap());
        }
    });

    assert_eq!(place.published().len(), keys.len());
}

#[test]
fn a_private_key_in_the_folder_is_refused() {
    let place = Place::new(Algorithm::Es256);
    let folder = Publication::at(place.folder.path());

    for result in [
        folder.publish(ISSUER, &place.key).map(drop),
        folder.rotate(&place.key, &rotation()).map(drop),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn a_key_that_is_not_published_by_its_thumbprint_is_not_rotated() {
    let place = Place::new(Algorithm::Es256);
    let error = place.publication.rotate(&place.key, &rotation());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);

    let named = place.key.clone().key_id("mine");
    place.publication.publish(ISSUER, &named).unwrap();
    let error = place.publication.rotate(&named, &rotation()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!place.path("ci.pem.next").exists());
}

#[test]
fn a_key_that_somebody_replaced_ends_the_rotation() {
    let place = Place::new(Algorithm::Es256);
    place.publication.publish(ISSUER, &place.key).unwrap();
    let rotate = |second| {
        place
            .publication
            .rotate_at(&place.key, &rotation(), at(second), 99)
    };
    rotate(0).unwrap();

    let other = PrivateKey::generate(Algorithm::Es256).unwrap();
    write(
        &place.path("ci.pem"),
        other.to_pem().unwrap().expose_secret(),
    );
    place.publication.publish(ISSUER, &place.key).unwrap();

    assert_eq!(rotate(700).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(place.published().len(), 3);
}

#[test]
fn a_next_key_that_was_taken_out_of_the_set_waits_anew() {
    let place = Place::new(Algorithm::Es256);
    place.publication.publish(ISSUER, &place.key).unwrap();
    let rotate = |second| {
        let progress = place
            .publication
            .rotate_at(&place.key, &rotation(), at(second), 99);
        progress.unwrap()
    };
    rotate(0);
    let alone = place.publication.clone().without_others();
    alone.publish(ISSUER, &place.key).unwrap();

    let progress = rotate(700);

    assert_eq!(progress.done, Some(Step::Publish));
    assert!(progress.due.unwrap() >= at(1300));
    assert_eq!(place.published().len(), 2);
}

#[test]
fn an_issuer_is_a_plain_https_url() {
    let place = Place::new(Algorithm::Es256);
    for issuer in [
        "http://ci.example.com",
        "https://ci.example.com?a=b",
        "https://ci.example.com#a",
        "https://ci:pw@ci.example.com",
        "ci.example.com",
        "",
    ] {
        let error = place.publication.publish(issuer, &place.key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{issuer}");
    }
}

#[test]
fn what_is_no_key_set_is_not_overwritten() {
    let place = Place::new(Algorithm::Es256);
    let path = place.path("public/.well-known/jwks.json");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for text in ["", "[]", "{}", "{\"keys\": 7}"] {
        fs::write(&path, text).unwrap();

        let error = place.publication.publish(ISSUER, &place.key).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Storage);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
