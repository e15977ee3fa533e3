//! The browser without a screen: cookies, limits, the origin policy and the trail. One call is one exchange.

mod certificate;

mod facts;

mod jar;
use jar::Jar;

mod metadata;
pub(crate) use metadata::metadata;

mod network;
use network::Http;
pub use network::Network;

mod origin;
use origin::Grade;
pub(crate) use origin::{Origin, Origins, Place, name_it};

mod proxied;

mod reserved;

mod shown;
pub use shown::Certificate;

mod return_address;
use return_address::return_address;

mod skew;
pub(crate) use skew::skew;

mod transport;
use transport::Answer;

mod turns;

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

use crate::devices::{Device, Devices};
use crate::event::{Event, Listener};
use crate::page::{Form, MESSAGES, Page};
#[cfg(feature = "record")]
use crate::recording::Recorder;
use crate::request::Wire;
use crate::{Error, Hop, Request, Trail, redact};

/// One login's browser: nothing leaves but through it
///
/// It asks the origin policy before each request, so that no adapter can get that wrong, and it never follows a
/// redirect by itself: what comes back is a [`Page`].
pub(crate) struct Session {
    http: Http,
    jar: Jar,
    origins: Origins,
    limits: Limits,
    deadline: Instant,
    trail: Trail,
    /// How often each request was made since the last wait, to find loops
    made: HashMap<u64, u8>,
    /// How often somebody waited on purpose, each of which makes one more request fair
    waits: usize,
    /// The page that we are on, whose origin a form post names
    here: Option<Url>,
    /// What a provider said of a failure when it sent us back
    refusal: Option<String>,
    /// How many codes and assertions went back to those who wait for them
    assertions: usize,
    listener: Listener,
    devices: Devices,
    /// The cookies to be kept for the next login, by host and name
    kept: Vec<(String, &'static str)>,
    /// The time at the server that answered last, and when that was; from there on our own clock counts
    server_time: (Timestamp, Instant),
    #[cfg(feature = "record")]
    recorder: Option<Recorder>,
}

/// What one login may cost at most
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) hops: u32,
    pub(crate) body: usize,
    pub(crate) headers: usize,
    pub(crate) deadline: Duration,
}

impl Session {
    pub(crate) fn new(
        network: &Network,
        origins: Origins,
        limits: Limits,
        devices: &Devices,
        listener: Listener,
    ) -> Result<Self, Error> {
        let mut jar = Jar::new();
        devices
            .all()
            .iter()
            .for_each(|device| jar.give_back(device));
        Ok(Self {
            http: network.http()?,
            jar,
            devices: devices.clone(),
            kept: Vec::new(),
            origins,
            limits,
            deadline: Instant::now() + limits.deadline,
            trail: Trail::default(),
            made: HashMap::new(),
            waits: 0,
            here: None,
            refusal: None,
            assertions: 0,
            listener,
            server_time: (Timestamp::now(), Instant::now()),
            #[cfg(feature = "record")]
            recorder: None,
        })
    }

    /// Lets `recorder` hear what goes over the wire
    #[cfg(feature = "record")]
    pub(crate) fn record(&mut self, recorder: &Recorder) {
        self.recorder = Some(recorder.clone());
    }

    /// Who hears what goes over the wire
    #[cfg(feature = "record")]
    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// Makes one exchange, if the policy and the limits allow it
    ///
    /// # Errors
    ///
    /// `UntrustedOrigin` before anything is sent, `Transport` for the network and the deadline, `Config` for a
    /// certificate or a proxy that refuses, `UnexpectedPage` for a limit or a loop. A status is never an error here.
    pub(crate) fn send(
        &mut self,
        request: Request,
    ) -> impl Future<Output = Result<Page, Error>> + Send {
        // In a place of its own, since every future that sends would have room for it: those of adapters in several places.
        Box::pin(self.exchange(Arc::new(request)))
    }

    async fn exchange(&mut self, request: Arc<Request>) -> Result<Page, Error> {
        let grade = Grade::of(&request);
        let wire = self.wire(&request, grade)?;
        let answer =
            transport::exchange(&self.http, &wire, grade, self.limits, self.deadline).await?;
        self.page(request, &wire, grade, answer)
    }

    /// What goes over the wire, if the policy and the limits allow it
    fn wire(&mut self, request: &Request, grade: Grade) -> Result<Wire, Error> {
        let origin = self.permitted(request, grade)?;
        if let Some(here) = self.here() {
            self.note_leg(request, here, &origin);
        }
        let count = self.trail.hops().len();
        let most = usize::try_from(self.limits.hops).unwrap_or(usize::MAX);
        if count >= most.saturating_add(self.waits) {
            return Err(Error::unexpected_page(format!(
                "the login took more than {count} requests"
            ))
            .at("host", request.url().host_str().unwrap_or_default())
            .at("path", redact::path(request.url().path())));
        }
        let mut wire = request.encode()?;
        self.add_headers(request, &mut wire);
        self.count(&wire)?;
        Ok(wire)
    }

    /// Makes a page of what came back, and keeps what the login needs of it
    fn page(
        &mut self,
        request: Arc<Request>,
        wire: &Wire,
        grade: Grade,
        answer: Answer,
    ) -> Result<Page, Error> {
        let set_cookie = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie");
        self.jar
            .store(&wire.url, set_cookie.map(|(_, value)| value.as_str()))?;
        // The URL without what was secret in its query: a page shows no more than its request.
        let url = request.page_url(&wire.url);
        let page = Page::new(request, answer.status, url, answer.headers, answer.body)?;
        #[cfg(feature = "record")]
        if let Some(recorder) = &self.recorder {
            recorder.exchange(wire, &page);
        }
        self.assertions += usize::from(grade == Grade::Assertion);
        self.arrived(&page, answer.took);
        Ok(page)
    }

    /// Follows the redirect of `page` as a browser does
    pub(crate) async fn follow(&mut self, page: &Page, to: &Url) -> Result<Page, Error> {
        let request = page.sent().redirected(page.status(), to);
        let crosses = Origin::of(to) != Origin::of(page.url());
        if request.has_body() && request.has_secret() && crosses {
            return Err(untrusted(
                "a server asked to send the credentials on to another origin",
                to,
            )
            .at("page", show(page.url())));
        }
        self.send(request).await
    }

    /// Whether credentials may be sent to `url`
    pub(crate) fn may_have_credentials(&self, url: &Url) -> bool {
        self.origins.may_have_credentials(url)
    }

    /// Whether what `form` of `page` carries goes where this login asked for it to go, as far as can be seen
    ///
    /// A consent page may have hidden fields called `code` and `state`, too, and is posted to its own origin.
    pub(crate) fn expects(&self, page: &Page, form: &Form) -> bool {
        let stays = Origin::of(form.action()) == Origin::of(page.url());
        let is_filled = |name: &&str| form.value(name).is_some_and(|value| !value.is_empty());
        !stays || MESSAGES.iter().any(is_filled) || self.origins.is_return(form.action())
    }

    /// The refusal for a page at an origin that nobody named, or at one that is named in part
    pub(crate) fn unnamed(&self, page: &Page, what: &str) -> Error {
        let origin = Origin::shown(page.url());
        if self.is_named_in_part(page.url()) {
            return Error::untrusted_origin(format!(
                "a page of {origin} {what}, and no URL prefix covers it"
            ))
            .at("page", page.path())
            .hint(OUTSIDE);
        }
        Error::untrusted_origin(format!("{origin} {what}, and nobody named it"))
            .at("page", page.path())
            .hint(name_it("--idp-url", &origin))
    }

    /// Where the page is that we are on, after the checks that come before a password is sent
    pub(crate) fn check_before_password(&self) -> Result<Place, Error> {
        let here = self
            .here
            .as_ref()
            .ok_or_else(|| Error::config("there is no page yet that could ask for a password"))?;
        let place = self.origins.place(here).ok_or_else(|| {
            let told = "this page's URL may be meant for one URL prefix or another";
            self.on_page(Error::untrusted_origin(told).hint(OUTSIDE))
        })?;
        self.check_returns()?;
        Ok(place)
    }

    /// Whose credentials are for the page that we are on
    pub(crate) fn place(&self) -> Option<Place> {
        self.origins.place(self.here.as_ref()?)
    }

    /// How many codes and assertions went back so far: after each, a login is a step further
    pub(crate) fn assertions(&self) -> usize {
        self.assertions
    }

    /// Whether what was given for the URLs of `from` may go to `url`: not to those of other credentials
    pub(crate) fn check_same_place(&self, from: Option<&Place>, url: &Url) -> Result<(), Error> {
        // Others refuse what has no origin.
        if Origin::of(url).is_none() {
            return Ok(());
        }
        let to = self.origins.place(url);
        let whose = |place: Option<&Place>| place.and_then(Place::prefix).cloned();
        let is_same = from.is_some() && to.is_some() && whose(from) == whose(to.as_ref());
        if is_same {
            return Ok(());
        }
        let told = match whose(from) {
            Some(prefix) => format!("the credentials for {prefix} would have gone elsewhere"),
            None => "the credentials would have gone to URLs that have others".into(),
        };
        Err(self.on_page(untrusted(&told, url).hint(OUTSIDE)))
    }

    /// The origin of the page that we are on
    pub(crate) fn here(&self) -> Option<Origin> {
        self.here.as_ref().and_then(Origin::of)
    }

    /// Whether `url` is at the front door's own origin
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        Origin::of(url).as_ref() == Some(self.origins.own())
    }

    /// Whether `url` may have codes and assertions: the front door's own origin, a named one, or a relay
    pub(crate) fn is_on_the_way(&self, url: &Url) -> bool {
        Origin::of(url).is_some_and(|origin| self.origins.may_have(Grade::Assertion, &origin))
    }

    pub(crate) fn consent_given(&mut self) {
        self.origins.consent_given();
    }

    /// What a provider said of a failure when it sent us back, in one line
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    pub(crate) fn trail(&self) -> &Trail {
        &self.trail
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.listener.tell(event);
    }

    /// Keeps the cookie `name` of the host that we are at for the next login, and each newer one that this login brings
    pub(crate) fn keep_cookie(&mut self, name: &'static str) {
        let host = self.here.as_ref().and_then(Url::host_str);
        if let Some(host) = host.map(str::to_owned)
            && !self.kept.iter().any(|kept| *kept == (host.clone(), name))
        {
            self.kept.push((host, name));
            self.note_devices();
        }
    }

    fn note_devices(&self) {
        let Some(here) = &self.here else {
            return;
        };
        for (host, name) in &self.kept {
            if here.host_str() == Some(host)
                && let Some(value) = self.jar.value(here, name)
            {
                self.devices.put(Device {
                    host: host.clone(),
                    name: (*name).into(),
                    value,
                });
            }
        }
    }

    /// What is left of the login's time
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits for `time`, unless the login's deadline comes first
    ///
    /// Who asks again after that is no loop: the deadline ends it.
    pub(crate) async fn pause(&mut self, time: Duration) -> Result<(), Error> {
        let until = Instant::now() + time;
        if until > self.deadline {
            return Err(
                Error::transport("the login would have to wait beyond its deadline")
                    .at("wait", format!("{} s", time.as_secs()))
                    .hint("a longer --timeout would allow it"),
            );
        }
        tokio::time::sleep_until(until).await;
        self.made.clear();
        self.waits += usize::from(time >= A_WAIT);
        Ok(())
    }

    fn permitted(&self, request: &Request, grade: Grade) -> Result<Origin, Error> {
        let url = request.url();
        let Some(origin) = Origin::of(url) else {
            return Err(self.on_page(match url.scheme() {
                "https" => untrusted("a URL with a user name in it is never followed", url),
                _ => untrusted("only https is followed", url),
            }));
        };
        if grade == Grade::Plain {
            return Ok(origin);
        }
        let may_have = match grade {
            Grade::Credential => self.origins.may_have_credentials(url),
            _ => self.origins.may_have(grade, &origin),
        };
        if !may_have {
            return Err(self.on_page(match grade {
                Grade::Credential if self.is_named_in_part(url) => untrusted(
                    "a URL that no prefix covers would have got the credentials",
                    url,
                )
                .hint(OUTSIDE),
                Grade::Credential => {
                    Error::untrusted_origin(format!("{origin} would have got the credentials"))
                        .hint(name_it("--idp-url", &origin))
                }
                _ => Error::untrusted_origin(format!(
                    "{origin} would have got a code or an assertion"
                ))
                .hint(name_it("--via", &origin)),
            }));
        }
        if grade == Grade::Credential {
            if self.here.is_some() {
                self.check_same_place(self.place().as_ref(), url)?;
            }
            self.check_returns()?;
        }
        // An assertion that somebody else's page submits is none that this login asked for.
        if grade == Grade::Assertion && request.form().is_some() {
            let sender = self.here();
            if let Some(sender) =
                sender.filter(|sender| !self.origins.may_have(Grade::Assertion, sender))
            {
                return Err(self.on_page(
                    Error::untrusted_origin(format!(
                        "{sender} submits a code or an assertion, and nobody named it"
                    ))
                    .hint(name_it("--via", &sender)),
                ));
            }
        }
        Ok(origin)
    }

    /// Whether parts of the origin of `url` have credentials, and `url` has none
    pub(crate) fn is_named_in_part(&self, url: &Url) -> bool {
        Origin::of(url).is_some_and(|origin| self.origins.has_prefix(&origin))
    }

    /// Whether the answer of this login goes to origins that may have it, as far as the requests so far say
    fn check_returns(&self) -> Result<(), Error> {
        let refused = self.origins.refused_returns();
        if refused.is_empty() {
            return Ok(());
        }
        let origins: Vec<String> = refused.iter().map(Origin::to_string).collect();
        let flags: Vec<String> = origins
            .iter()
            .map(|origin| format!("--via {origin}"))
            .collect();
        Err(self.on_page(
            Error::untrusted_origin(
                "the answer of this login would go to an origin that nobody named",
            )
            .at("origins", origins.join(" "))
            .hint(format!(
                "add {} only if these are your company's hosts",
                flags.join(" ")
            )),
        ))
    }

    /// Says at which page we are
    pub(crate) fn on_page(&self, error: Error) -> Error {
        match &self.here {
            Some(here) => error.at("page", show(here)),
            None => error,
        }
    }

    fn note_leg(&mut self, request: &Request, here: Origin, to: &Origin) {
        let Some(back_to) = return_address(request) else {
            return;
        };
        if here != *to
            && let Some(back_to) = Origin::of(&back_to)
        {
            self.origins.add_leg(here, back_to);
        }
        self.origins.add_return(&back_to);
    }

    fn add_headers(&self, request: &Request, wire: &mut Wire) {
        let mut set = |name: &str, value: &str| {
            if !wire.headers.iter().any(|(known, _)| known == name) {
                wire.headers.push((name.into(), value.to_owned().into()));
            }
        };
        // Some providers answer a login page only to a browser's Accept (LemonLDAP::NG gives JSON with 401 otherwise).
        set("accept", ACCEPT);
        // Frameworks' CSRF checks ask for the sender's origin on a form post; nobody needs its path or query.
        let here = self.here();
        if request.method() == "POST" && request.form().is_some() && here == Origin::of(&wire.url) {
            let origin = here.map(|origin| origin.to_string()).unwrap_or_default();
            set("referer", &format!("{origin}/"));
            set("origin", &origin);
        }
        if let Some(cookies) = self.jar.header(&wire.url) {
            set("cookie", &cookies);
        }
    }

    /// The same request with the same cookies a third time can only be a loop
    fn count(&mut self, wire: &Wire) -> Result<(), Error> {
        let mut hasher = DefaultHasher::new();
        wire.method.hash(&mut hasher);
        wire.url.as_str().hash(&mut hasher);
        wire.body.hash(&mut hasher);
        let cookies = wire.headers.iter().find(|(name, _)| name == "cookie");
        cookies.map(|(_, value)| value.as_str()).hash(&mut hasher);
        let times = self.made.entry(hasher.finish()).or_default();
        *times += 1;
        match *times {
            0..=2 => Ok(()),
            _ => Err(Error::unexpected_page("the login goes round in a circle")
                .at("host", wire.url.host_str().unwrap_or_default())
                .at("path", redact::path(wire.url.path()))
                .hint("servers send us in circles when cookies get lost, often between replicas without affinity")),
        }
    }

    fn arrived(&mut self, page: &Page, took: Duration) {
        let hop = Hop {
            number: u32::try_from(self.trail.hops().len() + 1).unwrap_or(u32::MAX),
            method: page.sent().method(),
            host: host_and_port(page.url()),
            path: page.path(),
            status: page.status(),
            what: page.kind().as_str(),
            took,
        };
        tracing::debug!(
            hop = hop.number,
            method = hop.method,
            host = hop.host,
            path = hop.path,
            status = hop.status,
            what = hop.what,
            took = ?hop.took,
            "exchange"
        );
        self.listener.tell(&Event::Hop(&hop));
        self.trail.push(hop);
        if page.date().is_some() {
            let now = Timestamp::now();
            let there = now.saturating_add(skew(page.date(), now)).unwrap_or(now);
            self.server_time = (there, Instant::now());
        }
        self.note_refusal(page);
        self.here = Some(page.url().clone());
        self.note_devices();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("origins", &self.origins)
            .field("trail", &self.trail)
            .finish_non_exhaustive()
    }
}

fn untrusted(message: &str, url: &Url) -> Error {
    Error::untrusted_origin(message).at("to", show(url))
}

/// Scheme, host, port and path
fn show(url: &Url) -> String {
    format!(
        "{}://{}{}",
        url.scheme(),
        host_and_port(url),
        redact::path(url.path())
    )
}

fn host_and_port(url: &Url) -> String {
    let host = redact::one_line(url.host_str().unwrap_or_default());
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// What to do about a URL that has no credentials, at an origin that has some for other URLs
const OUTSIDE: &str = "credentials for a shorter URL, in the --credentials-file, would cover more; add --idp-url only if the whole \
                       host may have those of --username";

/// The least that a poll waits for
const A_WAIT: Duration = Duration::from_secs(1);

/// What a browser sends when a person opens a page
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
