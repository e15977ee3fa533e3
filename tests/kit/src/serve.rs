//! The thread, the sockets and the way of a request to its double.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::clock::http_date;
use crate::fault::{Fault, Trouble};
use crate::http::{Answer, Ask};
use crate::world::World;

/// Answers one request
pub(crate) trait Service: Send {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer;

    /// Ends all OIDC sessions of somebody, and gives their number
    fn end_sessions(&mut self, login: &str) -> usize;
}

/// All doubles of one testbed, and what stands before them
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) service: Mutex<Box<dyn Service>>,
    pub(crate) faults: Mutex<Vec<Fault>>,
    /// Requests under way, by the session cookie that they carry
    under_way: Mutex<HashMap<String, String>>,
}

impl Shared {
    pub(crate) fn new(world: World, service: Box<dyn Service>, faults: Vec<Fault>) -> Self {
        Self {
            world,
            service: Mutex::new(service),
            faults: Mutex::new(faults),
            under_way: Mutex::new(HashMap::new()),
        }
    }

    async fn exchange(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let ask = self.read(request).await?;
        let jar = self.enter(&ask);
        let answer = self.answer(&ask);
        self.world.record.note(&ask, &answer);
        if !answer.pause.is_zero() {
            tokio::time::sleep(answer.pause).await;
        }
        self.leave(jar);
        if answer.hang_up {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.write(answer)
    }

    fn answer(&self, ask: &Ask) -> Answer {
        // Every fault counts every request, but the first that is due is the one that is met.
        let mut due = None;
        for fault in held(&self.faults).iter_mut() {
            let trouble = fault.meet(ask).cloned();
            due = due.or(trouble);
        }
        if let Some(answer) = due.as_ref().and_then(|due| due.answer(&self.world)) {
            return answer;
        }
        let answer = held(&self.service).answer(ask, &self.world);
        match due {
            Some(Trouble::LostAnswer) => Answer::hang_up(),
            Some(slow) => answer.after(slow.pause()),
            None => answer,
        }
    }

    async fn read(&self, request: Request<Incoming>) -> io::Result<Ask> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, LARGEST_BODY)
            .collect()
            .await
            .map_err(io::Error::other)?;
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let authority = headers
            .iter()
            .find(|(name, _)| name == "host")
            .map(|(_, value)| value.clone())
            .unwrap_or_default();
        Ok(Ask {
            method: head.method.as_str().to_owned(),
            site: self
                .world
                .site_at(&authority)
                .map(|site| site.name.clone())
                .unwrap_or_default(),
            origin: format!("https://{authority}"),
            path: head.uri.path().to_owned(),
            raw_query: head.uri.query().unwrap_or_default().to_owned(),
            headers,
            body: body.to_bytes().to_vec(),
        })
    }

    fn write(&self, answer: Answer) -> io::Result<Response<Full<Bytes>>> {
        let mut response = Response::new(Full::new(Bytes::from(answer.body)));
        *response.status_mut() = StatusCode::from_u16(answer.status).map_err(io::Error::other)?;
        let mut headers = answer.headers;
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("date"))
        {
            let now = self.world.clock().seconds();
            headers.push(("Date".to_owned(), http_date(now)));
        }
        for (name, value) in headers {
            response.headers_mut().append(
                HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?,
                HeaderValue::from_bytes(value.as_bytes()).map_err(io::Error::other)?,
            );
        }
        Ok(response)
    }

    /// Notes that a jar's request is under way; the login state of a portal allows one at a time
    fn enter(&self, ask: &Ask) -> Option<String> {
        let cookie = SESSION_COOKIES.iter().find_map(|&name| ask.cookie(name))?;
        let jar = format!("{} {cookie}", ask.site);
        let before = held(&self.under_way).insert(jar.clone(), ask.path.clone());
        if let Some(path) = before {
            self.world.complain(format!(
                "two requests at once on one jar: {path} and {}",
                ask.path
            ));
        }
        Some(jar)
    }

    fn leave(&self, jar: Option<String>) {
        if let Some(jar) = jar {
            held(&self.under_way).remove(&jar);
        }
    }
}

/// The thread that serves; it ends with this value
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(
        listeners: Vec<TcpListener>,
        acceptor: TlsAcceptor,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new()
            .name("doorward-testkit".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listeners, acceptor, shared, stopped));
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    listeners: Vec<TcpListener>,
    acceptor: TlsAcceptor,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    for listener in listeners {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        let acceptor = acceptor.clone();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&shared)));
            }
        });
    }
    // Dropping the runtime afterwards ends all connections.
    let _ = stopped.wait_for(|&stop| stop).await;
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.exchange(request).await }
    });
    let _ = http1::Builder::new()
        .title_case_headers(true)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const LARGEST_BODY: usize = 1 << 20;
const SESSION_COOKIES: [&str; 2] = ["tremolosession", "JSESSIONID"];
