//! The thread, the sockets, and HTTP to and from the values that a test deals in.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::http::{Answer, Ask};

/// What stands behind the sockets
pub(crate) trait Hosts: Send + Sync + 'static {
    /// Answers one request, whose site is not known yet
    fn exchange(&self, ask: Ask) -> impl Future<Output = Answer> + Send;
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
        hosts: Arc<impl Hosts>,
    ) -> io::Result<Self> {
        Self::serve(listeners, Some(acceptor), hosts)
    }

    /// The same without TLS, for what has none in the real world
    pub(crate) fn start_plain(
        listeners: Vec<TcpListener>,
        hosts: Arc<impl Hosts>,
    ) -> io::Result<Self> {
        Self::serve(listeners, None, hosts)
    }

    fn serve(
        listeners: Vec<TcpListener>,
        acceptor: Option<TlsAcceptor>,
        hosts: Arc<impl Hosts>,
    ) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new()
            .name("doorward-testkit".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listeners, acceptor, hosts, stopped));
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
    acceptor: Option<TlsAcceptor>,
    hosts: Arc<impl Hosts>,
    mut stopped: watch::Receiver<bool>,
) {
    for listener in listeners {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        let acceptor = acceptor.clone();
        let hosts = Arc::clone(&hosts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&hosts)));
            }
        });
    }
    // Dropping the runtime afterwards ends all connections.
    let _ = stopped.wait_for(|&stop| stop).await;
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, hosts: Arc<impl Hosts>) {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return exchanges(stream, false, hosts).await;
    };
    if let Ok(stream) = acceptor.accept(stream).await {
        let client_certificate = stream.get_ref().1.peer_certificates().is_some();
        exchanges(stream, client_certificate, hosts).await;
    }
}

async fn exchanges(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    client_certificate: bool,
    hosts: Arc<impl Hosts>,
) {
    let service = service_fn(move |request| {
        let hosts = Arc::clone(&hosts);
        async move {
            let mut ask = read(request).await?;
            ask.client_certificate = client_certificate;
            let answer = hosts.exchange(ask).await;
            match answer.hang_up {
                true => Err(io::ErrorKind::ConnectionAborted.into()),
                false => write(answer),
            }
        }
    });
    let _ = http1::Builder::new()
        .title_case_headers(true)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn read(request: Request<Incoming>) -> io::Result<Ask> {
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
        site: String::new(),
        origin: format!("https://{authority}"),
        path: head.uri.path().to_owned(),
        raw_query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.to_bytes().to_vec(),
        client_certificate: false,
    })
}

fn write(answer: Answer) -> io::Result<Response<Full<Bytes>>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(io::Error::other)?;
    for (name, value) in answer.headers {
        response.headers_mut().append(
            HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?,
            HeaderValue::from_bytes(value.as_bytes()).map_err(io::Error::other)?,
        );
    }
    Ok(response)
}

const LARGEST_BODY: usize = 1 << 20;
