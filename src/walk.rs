//! The loop of a login: act on each page until we are where we wanted to be, or an error or a limit ends it.

mod probe;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::code::Factor;
use crate::credentials::Credentials;
use crate::devices::Devices;
use crate::event::{Event, Listener};
use crate::page::{Form, PageKind, unavailable};
#[cfg(feature = "record")]
use crate::recording::{About, Recorder};
use crate::session::{Limits, Network, Origin, Origins, Session, name_it};
use crate::url_prefix::UrlPrefix;
use crate::visit::{Accounts, Progress, Visit, Wishes};
use crate::{Error, IdpAdapter, Page, Recognition, Request};

/// How a login goes: who signs in, which adapters know the way, and who may have the credentials
///
/// One value serves any number of logins, one after the other or at once; each has its own cookies, limits and trail. A program with
/// many users has a walk for each: clones of one [`Network`] share its client and connections, and clones of a walk share its
/// [`devices`](Self::devices), too, which another user must not have.
///
/// ```no_run
/// use doorward::{Credentials, Secret, Walk};
/// # use doorward::{Error, IdpAdapter};
/// # fn walk(acme: impl IdpAdapter + 'static) -> Result<Walk, Error> {
/// let walk = Walk::new()
///     .credentials(Credentials::new("ci-bot", Secret::new("correct horse"))?)
///     .adapter(acme)
///     .idp_url("https://id.acme.example")?;
/// # Ok(walk)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Walk {
    accounts: Accounts,
    adapters: Vec<Arc<dyn IdpAdapter>>,
    named: Vec<Origin>,
    via: Vec<Origin>,
    wishes: Wishes,
    network: Network,
    limits: Limits,
    devices: Devices,
    listener: Listener,
    #[cfg(feature = "record")]
    recorder: Option<Recorder>,
}

impl Walk {
    /// No credentials, no adapters, nobody named; 60 requests and 120 seconds at most
    pub fn new() -> Self {
        Self {
            accounts: Accounts::default(),
            adapters: Vec::new(),
            named: Vec::new(),
            via: Vec::new(),
            wishes: Wishes::default(),
            network: Network::new(),
            limits: Limits {
                hops: 60,
                body: 4 << 20,
                headers: 64 << 10,
                deadline: Duration::from_secs(120),
            },
            devices: Devices::new(),
            listener: Listener::default(),
            #[cfg(feature = "record")]
            recorder: None,
        }
    }

    /// Who signs in, wherever [`credentials_at`](Self::credentials_at) does not say otherwise
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.accounts.own = Some(credentials);
        self
    }

    /// Who signs in at the pages whose URL begins with `prefix`, such as one realm of several
    ///
    /// For logins that lead through more than one provider. Paths are compared by whole segments, and the longest prefix
    /// wins. The prefix's origin counts as named, but gets these credentials for URLs below the prefix only, and nobody else's
    /// go there. May be called several times.
    ///
    /// ```
    /// use doorward::{Credentials, Secret, SecretSource, Walk};
    ///
    /// let corp = Credentials::new("ci-bot", Secret::new("correct horse"))?;
    /// let partner = SecretSource::command("vault read -field=password secret/partner");
    /// let walk = Walk::new()
    ///     .credentials_at("https://idp.example/realms/corp", corp)?
    ///     .credentials_at("https://idp.example/realms/partner", Credentials::with_source("ext-7", partner)?)?;
    /// # Ok::<(), doorward::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) for anything but an https URL without user name, query and fragment, and for a
    /// prefix that has credentials already.
    pub fn credentials_at(mut self, prefix: &str, credentials: Credentials) -> Result<Self, Error> {
        let prefix = UrlPrefix::parse(prefix)?;
        if self.accounts.at.iter().any(|(known, _)| *known == prefix) {
            return Err(Error::config("two credentials are for the same URL prefix")
                .at("prefix", prefix.to_string()));
        }
        self.accounts.at.push((prefix, credentials));
        Ok(self)
    }

    /// Adds an adapter; several may serve in one login
    ///
    /// If it stays the only one, it also gets login forms that it does not recognize, at an origin that was named.
    #[must_use]
    pub fn adapter(self, adapter: impl IdpAdapter + 'static) -> Self {
        self.shared_adapter(Arc::new(adapter))
    }

    /// Adds an adapter that others use, too
    #[must_use]
    pub fn shared_adapter(mut self, adapter: Arc<dyn IdpAdapter>) -> Self {
        self.adapters.push(adapter);
        self
    }

    /// Names an origin that may have the credentials: scheme, host and port of `url`
    ///
    /// Without one, only the portal's own login form gets them. May be called several times.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) for anything but an https URL without user name.
    pub fn idp_url(mut self, url: &str) -> Result<Self, Error> {
        self.named.push(Origin::parse(url)?);
        Ok(self)
    }

    /// Names an origin that may have codes and assertions on their way back, but no credentials
    ///
    /// # Errors
    ///
    /// As [`idp_url`](Self::idp_url).
    pub fn via(mut self, url: &str) -> Result<Self, Error> {
        self.via.push(Origin::parse(url)?);
        Ok(self)
    }

    /// Chooses `label` where a page offers several ways to log in; may be called several times
    #[must_use]
    pub fn login_option(mut self, label: &str) -> Self {
        self.wishes.options.push(label.into());
        self
    }

    /// Prefers `factor` where a provider offers several; may be called several times, the most preferred first
    ///
    /// Without any, the first one is taken that can be answered without a person. A push is sent only if it is named.
    #[must_use]
    pub fn factor(mut self, factor: Factor) -> Self {
        self.wishes.factors.push(factor);
        self
    }

    /// Accepts terms of use where a page asks
    #[must_use]
    pub fn accept_terms(mut self) -> Self {
        self.wishes.terms = true;
        self
    }

    /// Gives consent where a page asks; from then on codes go to named origins only
    #[must_use]
    pub fn accept_consent(mut self) -> Self {
        self.wishes.consent = true;
        self
    }

    /// Trust, names, proxies and time-outs of the network
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// How many requests one login may make; 60 unless told otherwise
    #[must_use]
    pub fn max_hops(mut self, hops: u32) -> Self {
        self.limits.hops = hops;
        self
    }

    /// How long one login may take; 120 seconds unless told otherwise
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.limits.deadline = time;
        self
    }

    /// Gives providers back what they recognize a device by, and adds what they give now
    #[must_use]
    pub fn devices(mut self, devices: Devices) -> Self {
        self.devices = devices;
        self
    }

    /// Calls `callback` for what happens on the way
    #[must_use]
    pub fn on_event(mut self, callback: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(callback);
        self
    }

    /// Lets `recorder` hear each login: what goes over the wire, and which texts are secrets
    #[cfg(feature = "record")]
    #[must_use]
    pub fn record(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    /// What a replay must be told to walk the same way
    #[cfg(feature = "record")]
    fn about(&self) -> About {
        let shown = |origins: &[Origin]| origins.iter().map(Origin::to_string).collect();
        About {
            idp_urls: shown(&self.named),
            via: shown(&self.via),
            login_options: self.wishes.options.clone(),
            factors: self.wishes.factors.iter().map(Factor::to_string).collect(),
            accept_consent: self.wishes.consent,
            accept_terms: self.wishes.terms,
            accounts: self.accounts.about(),
            ..About::default()
        }
    }

    pub(crate) fn own_credentials(&self) -> Option<&Credentials> {
        self.accounts.own.as_ref()
    }

    pub(crate) fn own_devices(&self) -> &Devices {
        &self.devices
    }

    pub(crate) fn own_network(&self) -> &Network {
        &self.network
    }

    /// How long one login may take
    pub(crate) fn time(&self) -> Duration {
        self.limits.deadline
    }

    pub(crate) fn own_listener(&self) -> &Listener {
        &self.listener
    }

    /// Names the origin of a front door that signs people in itself, unless its parts have credentials of their own
    pub(crate) fn naming(mut self, origin: &Origin) -> Self {
        let mut prefixes = self.accounts.at.iter().map(|(prefix, _)| prefix);
        if !prefixes.any(|prefix| Origin::of_prefix(prefix) == *origin) {
            self.named.push(origin.clone());
        }
        self
    }

    /// Who signs in at `url`, in a login that begins at `own`
    ///
    /// # Errors
    ///
    /// `UntrustedOrigin`: it may have no credentials; `Config`: there are none for it.
    pub(crate) fn credentials_for(&self, own: &Origin, url: &Url) -> Result<&Credentials, Error> {
        let origins = self.origins(own.clone());
        let place = origins.place(url);
        let place = place.filter(|_| origins.may_have_credentials(url));
        let place = place.ok_or_else(|| {
            let origin = Origin::shown(url);
            Error::untrusted_origin(format!("{origin} would have got the credentials"))
                .hint(name_it("--idp-url", &origin))
        })?;
        let found = self.accounts.of(&place);
        found.ok_or_else(|| Error::config("there are no credentials to sign in with"))
    }

    fn origins(&self, own: Origin) -> Origins {
        let prefixes = self.accounts.at.iter().map(|(prefix, _)| prefix.clone());
        Origins::new(own, self.named.clone(), self.via.clone()).with_prefixes(prefixes)
    }

    /// Whether `origin` may have codes and refresh tokens in a login that begins at `own`
    pub(crate) fn permits(&self, own: &Origin, origin: &Origin) -> bool {
        let mut prefixes = self.accounts.at.iter().map(|(prefix, _)| prefix);
        own == origin
            || self.named.contains(origin)
            || prefixes.any(|prefix| Origin::of_prefix(prefix) == *origin)
            || self.via.contains(origin)
    }

    /// Walks from `start` until `destination` says that we have arrived
    pub(crate) fn to(
        &self,
        start: Request,
        destination: &dyn Destination,
    ) -> impl Future<Output = Result<Arrival, Error>> + Send {
        // Both in a place of their own: each future on the way would have room for them, twice for the request.
        Box::pin(self.login(Box::new(start), destination))
    }

    async fn login(
        &self,
        start: Box<Request>,
        destination: &dyn Destination,
    ) -> Result<Arrival, Error> {
        let mut session = self.session(&start, &self.devices)?;
        #[cfg(feature = "record")]
        if let Some(recorder) = &self.recorder {
            recorder.begin(self.about());
            session.record(recorder);
        }
        let mut progress = Progress::default();
        match self
            .steps(start, destination, &mut session, &mut progress)
            .await
        {
            Ok(page) => Ok(Arrival {
                page,
                session,
                idp: progress.signed_in.map(|(_, origin)| origin),
            }),
            Err(error) => Err(error.with_trail(session.trail())),
        }
    }

    /// A browser for a login that begins with `start`
    fn session(&self, start: &Request, devices: &Devices) -> Result<Session, Error> {
        let own = Origin::of(start.url())
            .ok_or_else(|| Error::config("a login starts at an https URL"))?;
        let origins = self.origins(own);
        let listener = self.listener.clone();
        Session::new(&self.network, origins, self.limits, devices, listener)
    }

    async fn steps(
        &self,
        start: Box<Request>,
        destination: &dyn Destination,
        session: &mut Session,
        progress: &mut Progress,
    ) -> Result<Page, Error> {
        let mut page = session.send(*start).await?;
        // Every turn makes at least one request, or ends; the session counts them.
        loop {
            if destination.reached(&page)? {
                return Ok(page);
            }
            page = match page.kind() {
                PageKind::Redirect(to) => session.follow(&page, to).await?,
                PageKind::AutoSubmit(form) if session.expects(&page, form) => {
                    let request = Request::submit(Form::clone(form));
                    // Its text need not wait for the answer.
                    drop(page);
                    session.send(request).await?
                }
                _ => self.dispatch(page, destination, session, progress).await?,
            };
        }
    }

    /// Takes a page further that does not go on by itself
    async fn dispatch(
        &self,
        page: Page,
        destination: &dyn Destination,
        session: &mut Session,
        progress: &mut Progress,
    ) -> Result<Page, Error> {
        let own = own_recognition(&page, destination, session);
        if let Recognition::Certain(_) = own {
            return self.own_page(page, destination, session, progress).await;
        }
        if let Some(error) = self
            .explained(&page, session)
            .or_else(|| unavailable(&page))
        {
            return Err(error);
        }
        let hops = session.trail().hops().len();
        match self.choose(&page, session)? {
            Some((adapter, why)) => {
                if !session.may_have_credentials(page.url()) {
                    return Err(session
                        .unnamed(&page, "asks for credentials")
                        .at("recognized", why));
                }
                let origin = Origin::shown(page.url());
                let mut visit = Visit::new(session, progress, &self.wishes, &self.accounts);
                let next = adapter
                    .sign_in(page, &mut visit)
                    .await
                    .map_err(|error| error.by(adapter.name()))?;
                if session.trail().hops().len() == hops {
                    return Err(Error::unexpected_page(
                        "the adapter gave back its page unanswered",
                    )
                    .by(adapter.name()));
                }
                session.tell(&Event::SignedIn {
                    adapter: adapter.name(),
                    origin: &origin,
                });
                progress.signed_in = Some((adapter.name(), origin));
                Ok(next)
            }
            None => match page.kind() {
                PageKind::Refresh { url, delay } if *delay <= PATIENCE => {
                    session.send(Request::get(url)).await
                }
                PageKind::Link(url) if session.is_own(page.url()) => {
                    session.send(Request::get(url)).await
                }
                _ if own != Recognition::No => {
                    self.own_page(page, destination, session, progress).await
                }
                _ => Err(self.stranded(&page, session)),
            },
        }
    }

    async fn own_page(
        &self,
        page: Page,
        destination: &dyn Destination,
        session: &mut Session,
        progress: &mut Progress,
    ) -> Result<Page, Error> {
        let mut visit = Visit::new(session, progress, &self.wishes, &self.accounts);
        destination.pages().sign_in(page, &mut visit).await
    }

    /// What an adapter makes of a failure
    fn explained(&self, page: &Page, session: &Session) -> Option<Error> {
        if page.status() < 400 || !session.may_have_credentials(page.url()) {
            return None;
        }
        let mut adapters = self.adapters.iter();
        adapters.find_map(|adapter| Some(adapter.explains(page)?.by(adapter.name())))
    }

    /// The adapters that know `page`, the surest first
    fn ranked(&self, page: &Page) -> Vec<(&dyn IdpAdapter, Recognition)> {
        let adapters = self.adapters.iter().map(Arc::as_ref);
        let mut ranked: Vec<(&dyn IdpAdapter, Recognition)> = adapters
            .map(|adapter| (adapter, adapter.recognizes(page)))
            .collect();
        ranked.retain(|(_, recognition)| *recognition != Recognition::No);
        ranked.sort_by_key(|(_, recognition)| std::cmp::Reverse(recognition.rank()));
        ranked
    }

    /// The adapter that knows `page` best, and by what
    fn choose(
        &self,
        page: &Page,
        session: &Session,
    ) -> Result<Option<(&dyn IdpAdapter, &'static str)>, Error> {
        let ranked = self.ranked(page);
        match (ranked.as_slice(), self.adapters.as_slice()) {
            ([(a, first), (b, second), ..], _) if first.rank() == second.rank() => Err(
                Error::config("two adapters recognize this page equally well")
                    .at("page", page.path())
                    .at(a.name(), first.why())
                    .at(b.name(), second.why())
                    .hint("say which one it is with --idp NAME"),
            ),
            ([(adapter, recognition), ..], _) => Ok(Some((*adapter, recognition.why()))),
            ([], [only])
                if matches!(page.kind(), PageKind::Login)
                    && session.may_have_credentials(page.url()) =>
            {
                Ok(Some((
                    only.as_ref(),
                    "the only adapter, at an origin that was named",
                )))
            }
            _ => Ok(None),
        }
    }

    fn stranded(&self, page: &Page, session: &Session) -> Error {
        let names: Vec<&str> = self.adapters.iter().map(|adapter| adapter.name()).collect();
        let error = Error::no_adapter("no adapter recognizes this page")
            .at("host", page.host())
            .at("path", page.path())
            .at("status", page.status().to_string())
            .at("structure", page.structure())
            .at(
                "adapters",
                if names.is_empty() {
                    "none".into()
                } else {
                    names.join(", ")
                },
            );
        let named = session.may_have_credentials(page.url())
            || session.is_named_in_part(page.url())
            || session.is_own(page.url());
        let origin = Origin::shown(page.url());
        error.hint(match named {
            true => "if it is a login page, its provider may need an adapter of its own; \
                     if it is a message for people, open the portal in a browser to read it"
                .to_owned(),
            false => format!("nobody named {origin}: {}", name_it("--idp-url", &origin)),
        })
    }
}

impl Default for Walk {
    fn default() -> Self {
        Self::new()
    }
}

/// How surely `page` is one of the front door's own
fn own_recognition(page: &Page, destination: &dyn Destination, session: &Session) -> Recognition {
    let own = match session.is_on_the_way(page.url()) {
        true => destination.pages().recognizes(page),
        false => Recognition::No,
    };
    match own {
        // A satellite's control plane has the same pages as the portal that sent us there.
        Recognition::Certain(_) => own,
        _ if session.is_own(page.url()) => own,
        _ => Recognition::No,
    }
}

/// Where a walk is to end, and what it may meet at its front door
pub(crate) trait Destination: fmt::Debug + Send + Sync {
    /// Whether `page` is what we came for; asked before anything else is done with it
    fn reached(&self, page: &Page) -> Result<bool, Error>;

    /// The front door's own pages that are no login: choosers, terms, refusals
    fn pages(&self) -> &dyn IdpAdapter;
}

/// What a walk came back with
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) page: Page,
    /// The browser, signed in and on that page
    pub(crate) session: Session,
    pub(crate) idp: Option<String>,
}

/// A page that moves on later than this waits for a person, or ends their session
const PATIENCE: Duration = Duration::from_secs(10);
