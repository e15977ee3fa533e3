use std::fmt;
use std::time::Duration;

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
/// Host and path are safe to show: made one line, of limited length, without query and long path segments. As text it ends
/// with its time where that is a second or more: who reads why a login failed sees which server was slow, and all other lines
/// are the same from login to login. `{:#}` shows the time in any case.
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
    /// From the request to the end of the answer: the time of server and network, repeated attempts included
    pub took: Duration,
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
            took,
        } = self;
        write!(f, "{number:>2} {method:<4} {host}{path} {status} {what}")?;
        match took.as_secs() {
            1.. => write!(f, " {:.1} s", took.as_secs_f64()),
            0 if f.alternate() => write!(f, " {} ms", took.as_millis()),
            0 => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Hop;

    #[test]
    fn a_line_says_how_long_a_slow_hop_took() {
        let shown = |millis| {
            let hop = Hop {
                number: 3,
                method: "GET",
                host: "idp.test".into(),
                path: "/login".into(),
                status: 200,
                what: "login page",
                took: Duration::from_millis(millis),
            };
            [format!("{hop}"), format!("{hop:#}")]
        };

        let plain = " 3 GET  idp.test/login 200 login page";
        assert_eq!(shown(999), [plain.into(), format!("{plain} 999 ms")]);
        let slow = format!("{plain} 1.2 s");
        assert_eq!(shown(1240), [slow.clone(), slow]);
    }
}
