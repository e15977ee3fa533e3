use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::Secret;
use crate::exec_credential::{ExecApiVersion, ExecCredential};
use crate::kubeconfig::same_server;

/// A token with enough life left to be used
///
/// What [`TokenSource::token`](crate::TokenSource::token) gives. Use it at once, and ask again for the next request: that costs nothing as
/// long as the token is good.
#[derive(Clone, Debug)]
pub struct FreshToken {
    pub(crate) id_token: Secret,
    pub(crate) life: Life,
    pub(crate) servers: Vec<String>,
    pub(crate) user: String,
    pub(crate) rung: Rung,
}

impl FreshToken {
    /// The id_token, which the API server takes as a bearer token
    pub fn id_token(&self) -> &Secret {
        &self.id_token
    }

    /// The token as a kubectl plug-in hands it over, with the end that it has by its own `exp` claim
    pub fn exec_credential(&self, api_version: ExecApiVersion) -> ExecCredential {
        ExecCredential {
            api_version,
            token: self.id_token.clone(),
            expires: Some(self.expires()),
        }
    }

    /// When the token ends, by its own `exp` claim
    pub fn expires(&self) -> Timestamp {
        self.life.ends
    }

    /// Whether it has more life left at `now` than the margin
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.life.is_fresh(now)
    }

    /// How long it lives yet, by the clock of the server that made it
    pub fn left(&self) -> SignedDuration {
        let there = self.life.there(Timestamp::now());
        self.life.ends.duration_since(there)
    }

    /// How long until a source that renews early takes the next one; zero if it is time
    pub fn due_in(&self) -> Duration {
        let now = Timestamp::now();
        match self.life.is_fresh_early(now) {
            true => self
                .life
                .due()
                .duration_since(now)
                .try_into()
                .unwrap_or_default(),
            false => Duration::ZERO,
        }
    }

    /// How far the server's clock is ahead of ours; zero where they differ by two seconds at most
    pub fn skew(&self) -> SignedDuration {
        self.life.skew
    }

    /// Whether the portal gave it for the cluster at `server`; nothing if the portal named none
    pub fn is_for(&self, server: &str) -> Option<bool> {
        let mut servers = self.servers.iter();
        (!self.servers.is_empty()).then(|| servers.any(|own| same_server(own, server)))
    }

    /// The clusters that the portal gave it for, by URL
    pub fn servers(&self) -> &[String] {
        &self.servers
    }

    /// Whose it is, in the portal's words
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Which rung of the ladder it came from
    pub fn rung(&self) -> Rung {
        self.rung
    }
}

/// Where a token came from: the rungs of the ladder, the cheapest first
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Rung {
    /// It was there already
    Cache,
    /// A key of one's own signed it
    Minted,
    /// The issuer gave it for a refresh token
    Refresh,
    /// A login gave it
    Login,
}

impl Rung {
    /// `cache`, `minted`, `refresh` or `login`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Minted => "minted",
            Self::Refresh => "refresh",
            Self::Login => "login",
        }
    }
}

/// When a token was made, when it ends, and how our clock compares with that of the server that made it
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Life {
    pub(crate) issued: Timestamp,
    pub(crate) ends: Timestamp,
    /// When it came, by our clock
    pub(crate) received: Timestamp,
    /// What must be added to our clock to have the server's
    pub(crate) skew: SignedDuration,
}

impl Life {
    /// The part of the life at whose beginning a token is no longer handed out
    ///
    /// A sixth of it, between 1 and 60 seconds: 10 seconds of a 60 second token.
    pub(crate) fn margin(&self) -> SignedDuration {
        let life = self.ends.duration_since(self.issued);
        (life / 6).clamp(SignedDuration::from_secs(1), SignedDuration::from_mins(1))
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        // A clock that was put back since makes an old token look young.
        let went_back = now.duration_since(self.received) < -CLOCK_NOISE;
        !went_back && self.ends.duration_since(self.there(now)) > self.margin()
    }

    /// Whether it is fresh, and will be for half a margin
    pub(crate) fn is_fresh_early(&self, now: Timestamp) -> bool {
        self.is_fresh(now) && now < self.due()
    }

    /// Half a margin before it ceases to be fresh, by our clock
    fn due(&self) -> Timestamp {
        let before = self.margin() * 3 / 2 + self.skew;
        self.ends.saturating_sub(before).unwrap_or(self.received)
    }

    fn there(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.skew).unwrap_or(now)
    }
}

/// What an NTP client may move a clock by at once
const CLOCK_NOISE: SignedDuration = SignedDuration::from_secs(5);

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Life;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn life(seconds: i64) -> Life {
        Life {
            issued: second(0),
            ends: second(seconds),
            received: second(0),
            skew: SignedDuration::ZERO,
        }
    }

    #[test]
    fn the_margin_is_a_sixth_of_the_life_within_limits() {
        for (seconds, margin) in [
            (60, 10),
            (12, 2),
            (6, 1),
            (2, 1),
            (0, 1),
            (360, 60),
            (86_400, 60),
        ] {
            assert_eq!(life(seconds).margin().as_secs(), margin, "{seconds}");
        }
    }

    #[test]
    fn a_token_is_fresh_until_its_margin_begins() {
        let life = life(60);

        assert!(life.is_fresh(second(0)));
        assert!(life.is_fresh(second(49)));
        for late in [50, 59, 60, 1000] {
            assert!(!life.is_fresh(second(late)), "{late}");
        }
    }

    #[test]
    fn whoever_renews_early_does_so_half_a_margin_before_the_others() {
        let mut life = life(60);
        assert!(life.is_fresh_early(second(44)) && !life.is_fresh_early(second(45)));
        assert!(life.is_fresh(second(49)));

        life.skew = SignedDuration::from_secs(30);
        assert!(life.is_fresh_early(second(14)) && !life.is_fresh_early(second(15)));
    }

    #[test]
    fn a_token_that_was_born_dead_is_never_fresh() {
        assert!(!life(0).is_fresh(second(0)));
        assert!(!life(1).is_fresh(second(0)));
        assert!(!life(-5).is_fresh(second(0)));
    }

    #[test]
    fn the_servers_clock_counts() {
        let mut ahead = life(60);
        ahead.skew = SignedDuration::from_secs(30);
        assert!(ahead.is_fresh(second(19)));
        assert!(!ahead.is_fresh(second(20)));

        let mut behind = life(60);
        behind.skew = SignedDuration::from_secs(-3600);
        behind.received = second(3600);
        assert!(behind.is_fresh(second(3649)));
        assert!(!behind.is_fresh(second(3650)));
    }

    #[test]
    fn a_clock_that_went_back_makes_no_token_fresh() {
        assert!(life(60).is_fresh(second(-4)));
        assert!(!life(60).is_fresh(second(-6)));
    }
}
