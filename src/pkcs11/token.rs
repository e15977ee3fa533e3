use std::ffi::c_ulong;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use crate::pkcs11::KeyUri;
use crate::pkcs11::uri::Module;
use crate::signing::{Algorithm, Jwk, KeyKind, Signer};
use crate::{Error, Secret};

/// A private key in a token: the token signs, and gives the public half only
pub(crate) struct TokenKey {
    /// One at a time may use it
    session: Mutex<Session>,
    key: ObjectHandle,
    jwk: Jwk,
}

impl TokenKey {
    /// Opens the token, with the PIN that `pin` gives if it wants one, and finds the key
    pub(crate) fn open(
        uri: &KeyUri,
        pin: impl FnOnce() -> Result<Option<Secret>, Error>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, Error> {
        let open = || {
            let module = load(uri)?;
            let slot = slot(&module, uri)?;
            let session = module
                .open_ro_session(slot)
                .map_err(|error| told("cannot be opened", error))?;
            log_in(&module, slot, &session, pin)?;
            let key = one_key(&session, uri)?;
            let jwk = public_half(&session, key, algorithm)?;
            Ok(Self {
                session: Mutex::new(session),
                key,
                jwk,
            })
        };
        open().map_err(|error: Error| error.at("key", uri.to_string()))
    }

    /// Gives the key another name than its thumbprint
    pub(crate) fn named(mut self, key_id: &str) -> Self {
        self.jwk = self.jwk.named(key_id);
        self
    }
}

impl Signer for TokenKey {
    fn algorithm(&self) -> Algorithm {
        self.jwk.algorithm()
    }

    fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let pss = |hash_alg, mgf, salt: u8| PkcsPssParams {
            hash_alg,
            mgf,
            s_len: c_ulong::from(salt).into(),
        };
        let mut hashed = None;
        let mechanism = match self.algorithm() {
            Algorithm::Rs256 => Mechanism::Sha256RsaPkcs,
            Algorithm::Rs384 => Mechanism::Sha384RsaPkcs,
            Algorithm::Rs512 => Mechanism::Sha512RsaPkcs,
            Algorithm::Ps256 => Mechanism::Sha256RsaPkcsPss(pss(
                MechanismType::SHA256,
                PkcsMgfType::MGF1_SHA256,
                32,
            )),
            Algorithm::Ps384 => Mechanism::Sha384RsaPkcsPss(pss(
                MechanismType::SHA384,
                PkcsMgfType::MGF1_SHA384,
                48,
            )),
            Algorithm::Ps512 => Mechanism::Sha512RsaPkcsPss(pss(
                MechanismType::SHA512,
                PkcsMgfType::MGF1_SHA512,
                64,
            )),
            // Fewer tokens hash by themselves.
            Algorithm::Es256 => {
                hashed = Some(digest(&SHA256, message));
                Mechanism::Ecdsa
            }
            Algorithm::Es384 => {
                hashed = Some(digest(&SHA384, message));
                Mechanism::Ecdsa
            }
            Algorithm::EdDsa => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)),
        };
        let message = hashed.as_ref().map_or(message, AsRef::as_ref);
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        // For ECDSA a token gives r and s one after the other, as it is wanted.
        session
            .sign(&mechanism, self.key, message)
            .map_err(|error| told("cannot sign", error))
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("jwk", &self.jwk)
            .finish_non_exhaustive()
    }
}

fn load(uri: &KeyUri) -> Result<Pkcs11, Error> {
    let path = match &uri.module {
        Some(Module::Path(path)) => path.clone(),
        Some(Module::Name(name)) => found(name),
        None => return Err(Error::config("the pkcs11: URI names no module")),
    };
    let failed = |error: TokenError| {
        Error::config("the PKCS #11 module cannot be used")
            .at("module", path.to_string_lossy())
            .because(error)
    };
    let module = Pkcs11::new(&path).map_err(failed)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // By another key of this process.
        Ok(()) | Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(module),
        Err(error) => Err(failed(error)),
    }
}

/// Where a module with this name is; if it is nowhere, where the system's loader looks
fn found(name: &str) -> PathBuf {
    let files = [format!("lib{name}.so"), format!("{name}.so")];
    let places = FOLDERS
        .iter()
        .flat_map(|folder| files.iter().map(move |file| Path::new(folder).join(file)));
    let mut places = places.filter(|path| path.is_file());
    places
        .next()
        .unwrap_or_else(|| PathBuf::from(format!("lib{name}.so")))
}

fn slot(module: &Pkcs11, uri: &KeyUri) -> Result<Slot, Error> {
    let failed = |error| told("cannot be listed", error);
    let mut found = Vec::new();
    for slot in module.get_slots_with_token().map_err(failed)? {
        if uri.slot.is_some_and(|id| id != slot.id()) {
            continue;
        }
        let info = module.get_token_info(slot).map_err(failed)?;
        let is_meant = [
            (&uri.token, info.label()),
            (&uri.manufacturer, info.manufacturer_id()),
            (&uri.serial, info.serial_number()),
            (&uri.model, info.model()),
        ]
        .into_iter()
        .all(|(wanted, is)| wanted.as_ref().is_none_or(|wanted| wanted == is));
        if is_meant && info.token_initialized() {
            found.push(slot);
        }
    }
    match found.as_slice() {
        [slot] => Ok(*slot),
        [] => Err(Error::config("there is no such token")),
        _ => Err(Error::config("several tokens are meant")
            .hint("token=, serial= or slot-id= in the URI says which")),
    }
}

fn log_in(
    module: &Pkcs11,
    slot: Slot,
    session: &Session,
    pin: impl FnOnce() -> Result<Option<Secret>, Error>,
) -> Result<(), Error> {
    let info = module
        .get_token_info(slot)
        .map_err(|error| told("cannot be read", error))?;
    if !info.login_required() {
        return Ok(());
    }
    if info.user_pin_locked() {
        return Err(locked());
    }
    if info.user_pin_final_try() {
        return Err(
            Error::account_state("the token takes one more PIN, and locks if it is wrong")
                .hint("log in to it by its own tools once, which sets the count back"),
        );
    }
    let pin = match info.protected_authentication_path() {
        true => None,
        false => Some(pin()?.ok_or_else(|| {
            Error::config("the token wants a PIN").hint(
                "pin-source=file:PATH in the URI, --jwt-key-passphrase-file, --jwt-key-passphrase-command or \
                 DOORWARD_JWT_KEY_PASSPHRASE gives it",
            )
        })?),
    };
    let pin = pin.map(|pin| AuthPin::from(pin.expose_secret().to_owned()));
    match session.login(UserType::User, pin.as_ref()) {
        // By another key of this process.
        Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(TokenError::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange, _)) => {
            Err(Error::rejected("the token refused the PIN"))
        }
        Err(TokenError::Pkcs11(RvError::PinLocked, _)) => Err(locked()),
        Err(error) => Err(told("cannot be logged in to", error)),
    }
}

fn one_key(session: &Session, uri: &KeyUri) -> Result<ObjectHandle, Error> {
    let mut wanted = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let label = uri.object.as_ref();
    wanted.extend(label.map(|label| Attribute::Label(label.clone().into_bytes())));
    wanted.extend(uri.id.clone().map(Attribute::Id));
    let found = session.find_objects(&wanted);
    match found
        .map_err(|error| told("cannot be searched", error))?
        .as_slice()
    {
        [key] => Ok(*key),
        [] => Err(Error::config("the token has no such private key")),
        _ => Err(
            Error::config("the token has several private keys of that name")
                .hint("object= or id= in the URI says which"),
        ),
    }
}

/// The public key that belongs to `key`
fn public_half(
    session: &Session,
    key: ObjectHandle,
    algorithm: Option<Algorithm>,
) -> Result<Jwk, Error> {
    let read = |object, kinds: &[AttributeType]| {
        session
            .get_attributes(object, kinds)
            .map_err(|error| told("cannot be read", error))
    };
    let own = read(key, &[AttributeType::KeyType, AttributeType::Id])?;
    let mut kind = None;
    let mut wanted = vec![Attribute::Class(ObjectClass::PUBLIC_KEY)];
    for attribute in own {
        match attribute {
            Attribute::KeyType(of_key) => kind = Some(of_key),
            Attribute::Id(id) => wanted.push(Attribute::Id(id)),
            _ => {}
        }
    }
    if kind == Some(KeyType::RSA) {
        // A private key of RSA knows its public half.
        let numbers = read(
            key,
            &[AttributeType::Modulus, AttributeType::PublicExponent],
        )?;
        let (mut modulus, mut exponent) = (None, None);
        for attribute in numbers {
            match attribute {
                Attribute::Modulus(number) => modulus = Some(number),
                Attribute::PublicExponent(number) => exponent = Some(number),
                _ => {}
            }
        }
        let (modulus, exponent) = modulus.zip(exponent).ok_or_else(no_public_half)?;
        return Jwk::rsa(&modulus, &exponent, KeyKind::Rsa.algorithm(algorithm)?);
    }
    let public = session
        .find_objects(&wanted)
        .map_err(|error| told("cannot be searched", error))?;
    let [public] = public.as_slice() else {
        return Err(no_public_half());
    };
    let (mut curve, mut point) = (None, None);
    for attribute in read(*public, &[AttributeType::EcParams, AttributeType::EcPoint])? {
        match attribute {
            Attribute::EcParams(bytes) => curve = Some(bytes),
            Attribute::EcPoint(bytes) => point = Some(bytes),
            _ => {}
        }
    }
    let (curve, point) = curve.zip(point).ok_or_else(no_public_half)?;
    let point = without_wrapping(&point);
    match curve.as_slice() {
        P256 => Jwk::elliptic(point, KeyKind::P256.algorithm(algorithm)?),
        P384 => Jwk::elliptic(point, KeyKind::P384.algorithm(algorithm)?),
        ED25519_NAME | ED25519_OID => {
            KeyKind::Ed25519.algorithm(algorithm)?;
            Jwk::ed25519(point)
        }
        _ => Err(Error::config(
            "the token's key is neither RSA nor on one of the curves P-256, P-384 and Ed25519",
        )),
    }
}

/// A point is wrapped in an OCTET STRING; some tokens leave that out
fn without_wrapping(point: &[u8]) -> &[u8] {
    match point {
        [4, length, inner @ ..] if usize::from(*length) == inner.len() => inner,
        point => point,
    }
}

fn no_public_half() -> Error {
    Error::config("the token does not say which public key belongs to the private one")
        .hint("keep both in the token under one id")
}

fn locked() -> Error {
    Error::account_state("the token's PIN is locked")
}

fn told(what: &str, error: TokenError) -> Error {
    Error::config(format!("the token {what}")).because(error)
}

/// Where Debian, Fedora and others put them
const FOLDERS: [&str; 9] = [
    "/usr/lib/pkcs11",
    "/usr/lib64/pkcs11",
    "/usr/lib/softhsm",
    "/usr/lib64/softhsm",
    "/usr/local/lib/pkcs11",
    "/usr/local/lib/softhsm",
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
];

/// The object identifiers, as DER
const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 0x22];
const ED25519_OID: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];

/// PrintableString `edwards25519`
const ED25519_NAME: &[u8] = b"\x13\x0cedwards25519";
