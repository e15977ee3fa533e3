use std::fmt;

/// Where a login went: one line per hop, without queries, cookies or bodies
///
/// `-v` prints it, and [`Error`](crate::Error) carries it, so that a failed CI job shows the way that led to the
/// failure.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trail {
    hops: Vec<Hop>,
}

impl Trail {
    /// The hops, first one first
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    #[cfg(feature = "login")]
    pub(crate) fn push(&mut self, hop: Hop) {
        self.hops.push(hop);
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, hop) in self.hops.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{hop}")?;
        }
        Ok(())
    }
}

/// One exchange of a [`Trail`]
///
/// Host and path are safe to show: made one line, of limited length, without query and long path segments.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Hop {
    /// The number of the exchange in its login, from 1
    pub number: u32,
    /// `GET` or `POST`
    pub method: &'static str,
    /// The host, and the port where it is not the scheme's own
    pub host: String,
    /// The path, shortened
    pub path: String,
    /// The status of the answer
    pub status: u16,
    /// What the answer was, such as `redirect` or `login page`
    pub what: &'static str,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            method,
            host,
            path,
            status,
            what,
        } = self;
        write!(f, "{number:>2} {method:<4} {host}{path} {status} {what}")
    }
}
