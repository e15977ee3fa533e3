//! The ladder: a kept token, else a refresh, else a login, else an error that says which rung is dead.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::credentials::Credentials;
use crate::event::{Event, Listener};
use crate::front_door::{FrontDoor, Grant, Refresh};
use crate::kubeconfig::OidcUser;
use crate::oidc::{Authentication, Client, Metadata, Method, NotRenewed, PRIVATE_KEY_JWT, Renewal};
use crate::source::place::{Found, Place, Waiting};
use crate::store::{FreshToken, KeptFailure, KeptRefresh, KeptToken, Life, Record, Rung};
use crate::token::Claims;
use crate::{Error, ErrorKind, one_line};

/// One login's way to a token, whoever walks it
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    pub(super) door: Arc<dyn FrontDoor>,
    pub(super) place: Place,
    /// Try again what failed lately
    pub(super) force: bool,
    /// Renew before others would
    pub(super) is_early: bool,
    pub(super) listener: Listener,
}

/// Where a refresh token is spent, and how the client shows that it is itself
pub(super) struct Endpoints {
    pub(super) token: Url,
    pub(super) revocation: Option<Url>,
    client_auth: Option<String>,
    skew: SignedDuration,
}

impl Endpoints {
    /// What is kept of them; nothing where nobody has asked the issuer yet
    fn kept(refresh: &KeptRefresh) -> Option<Self> {
        let url = |text: &Option<String>| Url::parse(text.as_deref()?).ok();
        Some(Self {
            token: url(&refresh.token_endpoint)?,
            revocation: url(&refresh.revocation_endpoint),
            client_auth: refresh.client_auth.clone(),
            skew: SignedDuration::ZERO,
        })
    }
}

impl Ladder {
    /// The kept token, if it has enough life left
    pub(super) async fn kept(&self) -> Result<Option<FreshToken>, Error> {
        let found = self.place.load().await?;
        Ok(self.fresh(&found, Timestamp::now()))
    }

    /// Whether `token` is not to be renewed yet
    pub(super) fn is_good(&self, token: &FreshToken, now: Timestamp) -> bool {
        match self.is_early {
            true => token.life.is_fresh_early(now),
            false => token.is_fresh(now),
        }
    }

    fn fresh(&self, found: &Found, now: Timestamp) -> Option<FreshToken> {
        let token = found.record.fresh(now);
        token.filter(|token| self.is_good(token, now))
    }

    /// Climbs from the second rung on, for somebody who came at `started`
    pub(super) async fn climb(&self, started: Timestamp) -> Result<FreshToken, Error> {
        let mut waiting = self.place.waiting();
        // Whoever has the claim may leave a token, or a failure that is everybody's.
        let claim = loop {
            if let Some(settled) = self.settled(&self.place.load().await?, started) {
                return settled;
            }
            match self.place.try_claim().await? {
                Some(claim) => break claim,
                None => waiting.pause().await?,
            }
        };
        let found = self.place.load().await?;
        let outcome = match self.settled(&found, started) {
            Some(settled) => settled,
            None => self.renew(found, claim.is_exclusive()).await,
        };
        drop(claim);
        outcome
    }

    /// Logs in, whatever is kept, and keeps what it yields
    pub(super) async fn log_in(&self) -> Result<Grant, Error> {
        let claim = self.place.claim().await?;
        let mut found = self.place.load().await?;
        if let Some(error) = self.rejected_before(&found.record)? {
            return Err(error);
        }
        let outcome = self.open(&mut found, None).await;
        drop(claim);
        outcome.map(|(grant, _)| grant)
    }

    /// The outcome, if what the store holds decides it: a token, or a failure that is not to be repeated
    fn settled(&self, found: &Found, started: Timestamp) -> Option<Result<FreshToken, Error>> {
        let now = Timestamp::now();
        if let Some(token) = self.fresh(found, now) {
            return Some(Ok(token));
        }
        let failure = found.record.failure.as_ref()?;
        if failure.is_since(started, now) && failure.is_shared_by(&self.door.credentials()) {
            return Some(Err(failure.to_error()));
        }
        if found.record.refresh.is_some() {
            let held = !self.force && failure.holds(now) && failure.is_against_refresh();
            return held.then(|| Err(failure.to_held_error()));
        }
        // A password may cost a command, so that it is asked for only where it decides.
        match self.force || !failure.holds(now) {
            true => None,
            false => {
                let credentials = self.door.credentials().ok()?;
                self.held(&found.record, credentials.as_ref()).map(Err)
            }
        }
    }

    /// What a login with `credentials` failed for, while that is not to be repeated
    fn held(&self, record: &Record, credentials: Option<&Credentials>) -> Option<Error> {
        let failure = record.failure.as_ref();
        let held = failure.filter(|failure| !self.force && failure.holds(Timestamp::now()));
        let held = held.filter(|failure| failure.is_against_login(credentials));
        held.map(KeptFailure::to_held_error)
    }

    /// The rejection that a login with the same password had lately
    fn rejected_before(&self, record: &Record) -> Result<Option<Error>, Error> {
        if !record
            .failure
            .as_ref()
            .is_some_and(KeptFailure::is_rejection)
        {
            return Ok(None);
        }
        let credentials = self.door.credentials()?;
        Ok(self.held(record, credentials.as_ref()))
    }

    /// The second and the third rung
    async fn renew(&self, mut found: Found, is_alone: bool) -> Result<FreshToken, Error> {
        let mut before = found.record.ended.clone();
        // Twice at most: within a portal's grace time a spent refresh token brings the current one, beside a token that may be
        // about to end.
        for _ in 0..2 {
            let Some(refresh) = found.record.refresh.clone() else {
                break;
            };
            match self.refresh(&mut found, &refresh).await {
                Ok(Some(token)) => return Ok(token),
                Ok(None) => before = Some(ENDS_SOON.into()),
                Err(NotRenewed::Refused(why)) => {
                    before = Some(why.clone());
                    if self.is_of_another(&mut found, is_alone).await? {
                        match found.record.fresh(Timestamp::now()) {
                            Some(token) => return Ok(token),
                            // Its refresh token may be good.
                            None => continue,
                        }
                    }
                    found.record.refresh = None;
                    found.record.ended = Some(why);
                    self.place.save(&mut found).await?;
                }
                // The refresh token may be of use later, but perhaps a login is possible now.
                Err(NotRenewed::Failed(error))
                    if error.kind().is_retryable() && self.door.credentials().is_ok() =>
                {
                    before = Some(format!("the refresh failed: {error}"));
                    break;
                }
                Err(NotRenewed::Failed(error)) => {
                    let failure = KeptFailure::of_refresh(&error, Timestamp::now());
                    return Err(self.fail(&mut found, error, failure).await);
                }
            }
        }
        // Not known before the refresh, which needs no password.
        if let Ok(credentials) = self.door.credentials()
            && let Some(error) = self.held(&found.record, credentials.as_ref())
        {
            return Err(told(error, before.as_deref()));
        }
        let (_, token) = self.open(&mut found, before.as_deref()).await?;
        Ok(token)
    }

    /// Spends a refresh token; nothing if what came has not enough life left
    async fn refresh(
        &self,
        found: &mut Found,
        refresh: &KeptRefresh,
    ) -> Result<Option<FreshToken>, NotRenewed> {
        let before = found.record.token.as_ref();
        let skew = before.and_then(KeptToken::life).map(|life| life.skew);
        let before = before.and_then(|token| Claims::of(&token.id_token));
        let (client, endpoints) = self.client(refresh).await?;
        let client = client.at_time(skew.unwrap_or(endpoints.skew));
        let renewed = client
            .renew(&endpoints.token, &refresh.token, before.as_ref())
            .await;
        let renewed =
            renewed.and_then(|renewal| Ok((life(&renewal.claims, renewal.skew)?, renewal)));
        let (life, renewal) = match renewed {
            Err(NotRenewed::Failed(error)) if error.kind() == ErrorKind::Portal => {
                // It is spent, and what came for it is not ours.
                found.record.refresh = None;
                found.record.ended = Some(error.to_string());
                return Err(error.into());
            }
            other => other?,
        };
        let Renewal {
            id_token,
            refresh_token,
            claims,
            ..
        } = renewal;
        let token = KeptToken::new(id_token, life);
        found.record.refresh = Some(KeptRefresh {
            token: refresh_token.unwrap_or_else(|| refresh.token.clone()),
            client_auth: endpoints.client_auth,
            token_endpoint: Some(endpoints.token.into()),
            revocation_endpoint: endpoints.revocation.map(String::from),
            ..refresh.clone()
        });
        found.record.ended = None;
        let failure = found.record.failure.take();
        found.record.failure = failure.filter(|failure| failure.outlives_refresh(life.received));
        if found.record.user.is_empty() {
            found.record.user = one_line(&claims.subject.unwrap_or_default());
        }
        let fresh = found.record.token_from(&token, life, Rung::Refresh);
        found.record.token = Some(token);
        // On disk before it is used: whoever comes next must not spend the old one.
        self.place.save(found).await?;
        Ok(fresh.is_fresh(Timestamp::now()).then_some(fresh))
    }

    /// Whether another process kept something while our refresh token was refused; then it is found
    async fn is_of_another(&self, found: &mut Found, is_alone: bool) -> Result<bool, Error> {
        // Without claims the other one may have its answer, and not have kept it yet.
        let mut waiting = Waiting::new(match is_alone {
            true => Duration::ZERO,
            false => MEANWHILE,
        });
        loop {
            let there = self.place.load().await?;
            if there.version != found.version {
                *found = there;
                return Ok(true);
            }
            if waiting.pause().await.is_err() {
                return Ok(false);
            }
        }
    }

    /// The third rung: a login, whose failure tells of the second one, too
    async fn open(
        &self,
        found: &mut Found,
        before: Option<&str>,
    ) -> Result<(Grant, FreshToken), Error> {
        let credentials = match self.door.credentials() {
            Ok(credentials) => credentials,
            Err(error) => {
                let error = told(error, before);
                // For those who are waiting, and have none either. What is known of a password is worth more.
                let known = found.record.failure.as_ref();
                if known.is_some_and(|known| known.holds(Timestamp::now())) {
                    return Err(error);
                }
                let failure = KeptFailure::of_missing(&error, Timestamp::now());
                return Err(self.fail(found, error, failure).await);
            }
        };
        let devices = self.door.devices();
        if let Some(known) = &found.record.devices {
            // One that cannot be read is one that nobody knows.
            let _ = devices.read(known);
        }
        let opened = self.door.open().await;
        found.record.devices = (!devices.is_empty()).then(|| devices.to_secret());
        let kept = match opened {
            Ok(grant) => self.keep(found, &grant).await.map(|token| (grant, token)),
            Err(error) => Err(error),
        };
        match kept {
            Ok(both) => Ok(both),
            Err(error) => {
                let error = told(error, before);
                let failure = KeptFailure::of_login(&error, credentials.as_ref(), Timestamp::now());
                Err(self.fail(found, error, failure).await)
            }
        }
    }

    /// Keeps what a login gave
    async fn keep(&self, found: &mut Found, grant: &Grant) -> Result<FreshToken, Error> {
        let claims = Claims {
            // Of a token that nobody can read, the front door knows the end.
            expires: grant.expires(),
            ..Claims::of(grant.id_token()).unwrap_or_default()
        };
        let life = life(&claims, grant.skew).map_err(|error| {
            error.hint("it cannot be kept, and so not be given by a plug-in; --user-auth token writes it as it is")
        })?;
        let token = KeptToken::new(grant.id_token().clone(), life);
        let mut record = Record {
            servers: grant.servers(),
            user: grant.subject().to_owned(),
            devices: found.record.devices.clone(),
            ..Record::new()
        };
        let fresh = record.token_from(&token, life, Rung::Login);
        if !fresh.is_fresh(Timestamp::now()) {
            // A refresh would bring no better one.
            found.record = record;
            return Err(Error::portal("the portal's token ends as soon as it is made")
                .at("lives", format!("{:#}", life.ends.duration_since(life.issued)))
                .hint("the portal is set to a token life of less than a minute, or a clock is wrong"));
        }
        if let Some(refresh) = grant.refresh() {
            record.refresh = Some(self.found_out(refresh).await);
        }
        record.token = Some(token);
        found.record = record;
        self.place.save(found).await?;
        Ok(fresh)
    }

    /// The client that spends `refresh`, and where it does so
    pub(super) async fn client<'a>(
        &'a self,
        refresh: &'a KeptRefresh,
    ) -> Result<(Client<'a>, Endpoints), Error> {
        let client = Client::new(
            &refresh.issuer,
            &refresh.client_id,
            &*self.door,
            &self.listener,
        )?;
        let endpoints = match Endpoints::kept(refresh) {
            Some(endpoints) => endpoints,
            None => self.endpoints(refresh, client.discover().await?)?,
        };
        let method = endpoints.client_auth.as_deref().unwrap_or_default();
        let authentication = match (method, &refresh.client_secret) {
            // What another process may have, such as the one that logged in.
            (PRIVATE_KEY_JWT, _) => {
                Authentication::Key(self.door.client_key()?.ok_or_else(|| {
                    Error::config("the refresh needs the client's key, which is not at hand")
                        .at("client_id", &refresh.client_id)
                })?)
            }
            (method, Some(secret)) => Authentication::Secret(secret.clone(), Method::named(method)),
            (_, None) => Authentication::None,
        };
        let client = client.authenticated(authentication);
        Ok((client.at_time(endpoints.skew), endpoints))
    }

    /// What there is to know of an issuer that said `metadata`
    fn endpoints(&self, refresh: &KeptRefresh, metadata: Metadata) -> Result<Endpoints, Error> {
        let client_auth = match (self.door.client_key()?, &refresh.client_secret) {
            (Some(_), _) => Some(PRIVATE_KEY_JWT),
            (None, Some(_)) => Some(metadata.method.name()),
            (None, None) => None,
        };
        Ok(Endpoints {
            token: metadata.token,
            revocation: metadata.revocation,
            client_auth: client_auth.map(str::to_owned),
            skew: metadata.skew,
        })
    }

    /// The refresh token with the endpoint that takes it, so that a refresh is one request
    async fn found_out(&self, refresh: &Refresh) -> KeptRefresh {
        let kept = kept_refresh(refresh);
        match self.client(&kept).await {
            Ok((_, endpoints)) => KeptRefresh {
                client_auth: endpoints.client_auth,
                token_endpoint: Some(endpoints.token.into()),
                revocation_endpoint: endpoints.revocation.map(String::from),
                ..kept
            },
            // Asked again by the first refresh, whose error says why, if it cannot be known now.
            Err(error) => {
                let text =
                    format!("the token will not be refreshed, as far as is known now: {error}");
                self.listener.tell(&Event::Note(&text));
                kept
            }
        }
    }

    /// Remembers a failure, and gives the error back
    async fn fail(&self, found: &mut Found, error: Error, failure: KeptFailure) -> Error {
        found.record.failure = Some(failure);
        // That it cannot be written must not hide what failed.
        let _ = self.place.save(found).await;
        error
    }
}

/// The record of a token that somebody else got, and how to refresh it
pub(super) fn adopted(user: &OidcUser, servers: Vec<String>) -> Record {
    let claims = Claims::of(&user.id_token).unwrap_or_default();
    let life = life(&claims, SignedDuration::ZERO).ok();
    let refresh = Refresh::of(user.clone()).filter(|refresh| !refresh.token.is_empty());
    Record {
        token: life.map(|life| KeptToken::new(user.id_token.clone(), life)),
        refresh: refresh.map(|refresh| kept_refresh(&refresh)),
        servers,
        user: one_line(&claims.subject.unwrap_or_default()),
        ..Record::new()
    }
}

fn kept_refresh(refresh: &Refresh) -> KeptRefresh {
    KeptRefresh {
        issuer: refresh.issuer.clone(),
        client_id: refresh.client_id.clone(),
        client_secret: refresh.client_secret.clone().filter(|s| !s.is_empty()),
        client_auth: None,
        token: refresh.token.clone(),
        token_endpoint: None,
        revocation_endpoint: None,
    }
}

fn life(claims: &Claims, skew: SignedDuration) -> Result<Life, Error> {
    let received = Timestamp::now();
    let there = received.saturating_add(skew).unwrap_or(received);
    let ends = claims
        .expires
        .ok_or_else(|| Error::portal("the id_token does not say when it ends"))?;
    // Without a date of its own, its life begins when it came.
    let issued = claims.issued.filter(|issued| *issued <= ends);
    Ok(Life {
        issued: issued.unwrap_or_else(|| there.min(ends)),
        ends,
        received,
        skew,
    })
}

fn told(error: Error, before: Option<&str>) -> Error {
    match before {
        Some(before) => error.after(before),
        None => error,
    }
}

const ENDS_SOON: &str = "the refreshed token was about to end";

/// For the one who won a refresh token to keep what it got
const MEANWHILE: Duration = Duration::from_millis(500);
