//! Whether hosts can be reached: their names, the proxy that leads to them, and a connection.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use doorward::{ErrorKind, Network, Profile, Url, one_line};

use super::finding::Finding;
use crate::settings::CONNECT_TIMEOUT;

/// A host of the way, and how it is reached
pub(super) struct Reach {
    host: String,
    port: u16,
    /// The proxy that leads there, by host and port
    proxy: Option<String>,
    /// Whose name is looked up here: the host's own, or the proxy's
    looked_up: String,
    addresses: Vec<IpAddr>,
    /// Who said so
    source: &'static str,
    /// Why there are none
    problem: Option<String>,
    resolve_is_in_vain: bool,
    /// How long each address took, or why it did not answer
    connections: Vec<(SocketAddr, Result<Duration, String>)>,
}

impl Reach {
    /// Looks up the host of `origin`, and opens a connection to it, or to the proxy that leads there
    pub(super) fn of(origin: &str, profile: &Profile, network: &Network) -> Option<Self> {
        let url = Url::parse(origin).ok()?;
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let proxy = network.proxy_to(&url);
        let proxy_url = proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok());
        let target = proxy_url.as_ref().unwrap_or(&url);
        let looked_up = target.host_str()?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default()?;
        let target_port = target.port_or_known_default().unwrap_or(port);
        let in_vain = network.resolved_in_vain();
        let mut reach = Self {
            resolve_is_in_vain: in_vain.iter().any(|name| *name == host),
            host,
            port,
            proxy,
            looked_up,
            addresses: Vec::new(),
            source: "DNS",
            problem: None,
            connections: Vec::new(),
        };
        reach.look_up(profile);
        let wait = profile
            .connect_timeout
            .map_or(CONNECT_TIMEOUT, Duration::from_secs);
        for address in reach.addresses.iter().take(MOST_ADDRESSES) {
            let address = SocketAddr::new(*address, target_port);
            let begin = Instant::now();
            let answer = TcpStream::connect_timeout(&address, wait);
            let answer = answer
                .map(|_| begin.elapsed())
                .map_err(|error| one_line(&error.to_string()));
            reach.connections.push((address, answer));
        }
        Some(reach)
    }

    fn look_up(&mut self, profile: &Profile) {
        if let Ok(address) = self.looked_up.parse() {
            self.addresses = vec![address];
            self.source = "the address itself";
            return;
        }
        let entries = |wanted: &str| -> Vec<IpAddr> {
            let entries = profile.resolve.iter().filter_map(|entry| {
                let mut parts = entry.splitn(3, ':');
                let (host, _, address) = (parts.next()?, parts.next()?, parts.next()?);
                let address = address.trim_matches(['[', ']']).parse().ok()?;
                host.eq_ignore_ascii_case(wanted).then_some(address)
            });
            entries.collect()
        };
        let own = entries(&self.looked_up);
        self.addresses = if own.is_empty() { entries("*") } else { own };
        if !self.addresses.is_empty() {
            self.source = "--resolve";
            return;
        }
        if is_in_hosts(&self.looked_up) {
            self.source = "the hosts file";
        }
        match by_the_system(&self.looked_up) {
            Ok(found) if found.is_empty() => self.problem = Some("it has no address".to_owned()),
            Ok(found) => self.addresses = found,
            Err(problem) => self.problem = Some(problem),
        }
    }

    fn is_reached(&self) -> bool {
        self.connections.iter().any(|(_, answer)| answer.is_ok())
    }

    fn name_line(&self) -> String {
        let of = match &self.proxy {
            Some(proxy) => format!("{} by the proxy {proxy}, whose address is ", self.host),
            None => format!("{}: ", self.host),
        };
        match &self.problem {
            Some(problem) => format!("{of}none: {problem}"),
            None => {
                let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
                format!("{of}{} ({})", addresses.join(", "), self.source)
            }
        }
    }

    fn connection_lines(&self) -> impl Iterator<Item = String> + '_ {
        let to = match &self.proxy {
            Some(proxy) => format!("{proxy} for {}", self.host),
            None => format!("{}:{}", self.host, self.port),
        };
        self.connections
            .iter()
            .map(move |(address, answer)| match answer {
                Ok(took) => format!("{to} at {address}: {:.1} ms", took.as_secs_f64() * 1000.0),
                Err(problem) => format!("{to} at {address}: {problem}"),
            })
    }
}

/// The checks `names`, `proxy` and `connection` of all hosts together
pub(super) fn findings(reached: &[Reach]) -> Vec<Finding> {
    vec![names(reached), proxies(reached), connections(reached)]
}

fn names(reached: &[Reach]) -> Finding {
    let lost: Vec<&str> = reached
        .iter()
        .filter(|reach| reach.problem.is_some())
        .map(|reach| reach.looked_up.as_str())
        .collect();
    let lines = reached.iter().map(Reach::name_line);
    match lost.as_slice() {
        [] => Finding::ok("names", has_each(reached.len(), "an address")).details(lines),
        lost => Finding::error(
            "names",
            ErrorKind::Transport,
            format!("nobody knows the address of {}", lost.join(", ")),
        )
        .details(lines)
        .next("is the name spelled right, and known to the DNS server of this machine? --resolve HOST:PORT:ADDR does without"),
    }
}

fn proxies(reached: &[Reach]) -> Finding {
    let lines = reached.iter().map(|reach| match &reach.proxy {
        Some(proxy) => format!("{}: {proxy}", reach.host),
        None => format!("{}: directly", reach.host),
    });
    let in_vain: Vec<&str> = reached
        .iter()
        .filter(|reach| reach.resolve_is_in_vain)
        .map(|reach| reach.host.as_str())
        .collect();
    if !in_vain.is_empty() {
        return Finding::warning(
            "proxy",
            format!("--resolve has no effect on {}", in_vain.join(", ")),
        )
        .details(lines)
        .next("a proxy leads there, and looks up the name itself; --proxy none or NO_PROXY goes there directly");
    }
    let count = reached.iter().filter(|reach| reach.proxy.is_some()).count();
    match count {
        0 => Finding::ok("proxy", "none: every host is reached directly"),
        count if count == reached.len() => {
            Finding::ok("proxy", "every host is reached by a proxy").details(lines)
        }
        _ => Finding::ok("proxy", "some hosts are reached by a proxy").details(lines),
    }
}

fn connections(reached: &[Reach]) -> Finding {
    let lines: Vec<String> = reached.iter().flat_map(Reach::connection_lines).collect();
    let lost: Vec<&str> = reached
        .iter()
        .filter(|reach| reach.problem.is_none() && !reach.is_reached())
        .map(|reach| reach.looked_up.as_str())
        .collect();
    let is_partial = reached.iter().any(|reach| {
        reach.is_reached() && reach.connections.iter().any(|(_, answer)| answer.is_err())
    });
    if !lost.is_empty() {
        let by_proxy = reached.iter().any(|reach| reach.proxy.is_some());
        return Finding::error(
            "connection",
            ErrorKind::Transport,
            format!("{} cannot be reached", lost.join(", ")),
        )
        .details(lines)
        .next(match by_proxy {
            true => "is the proxy right? --proxy URL names another, --proxy none takes none",
            false => "a firewall, a VPN that is off, a wrong port, or a proxy that is missing: --proxy URL names one",
        });
    }
    if reached.iter().all(|reach| reach.connections.is_empty()) {
        return Finding::unknown("connection", "not tried: there is no address");
    }
    match is_partial {
        true => Finding::warning(
            "connection",
            "not every address answers, so that a connection may take long",
        )
        .details(lines)
        .next(
            "often the addresses of IPv6 on a network without it; --resolve names one that answers",
        ),
        false => {
            Finding::ok("connection", has_each(reached.len(), "a port that answers")).details(lines)
        }
    }
}

fn has_each(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 host has {what}"),
        count => format!("{count} hosts have {what}"),
    }
}

/// What the system says, within a time
fn by_the_system(host: &str) -> Result<Vec<IpAddr>, String> {
    let (to, answer) = mpsc::channel();
    let asked = (host.to_owned(), 443);
    // A resolver may wait longer than anybody would; its thread ends by itself.
    thread::spawn(move || {
        let found = asked
            .to_socket_addrs()
            .map(|found| found.map(|address| address.ip()).collect::<Vec<_>>())
            .map_err(|error| one_line(&error.to_string()));
        let _ = to.send(found);
    });
    let mut found = answer
        .recv_timeout(NAME_WAIT)
        .unwrap_or_else(|_| Err(format!("no answer within {} s", NAME_WAIT.as_secs())))?;
    found.dedup();
    Ok(found)
}

/// Whether the system's file of hosts has the name
fn is_in_hosts(host: &str) -> bool {
    let path = match cfg!(windows) {
        true => r"C:\Windows\System32\drivers\etc\hosts",
        false => "/etc/hosts",
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    lines.any(|line| {
        line.split_whitespace()
            .skip(1)
            .any(|name| name.eq_ignore_ascii_case(host))
    })
}

/// Of hosts with more, some are enough to see what is wrong
const MOST_ADDRESSES: usize = 4;

const NAME_WAIT: Duration = Duration::from_secs(10);
