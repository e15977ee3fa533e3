//! Which way in a profile means.

use doorward::{PortalKind, Profile, Url};

use crate::failure;

/// The ways in
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    CiIdentity,
    Issuer,
    OwnKey,
    Portal,
    ServiceAccount,
}

impl Way {
    /// The way in of a profile
    pub(crate) fn of(profile: &Profile) -> Self {
        // An entry that was in a kubeconfig has an issuer, too; what it lacks is a portal.
        let is_entry = profile.user_entry.is_some();
        match profile {
            _ if profile.service_account.is_some() => Self::ServiceAccount,
            _ if profile.jwt_key.is_some() => Self::OwnKey,
            _ if profile.portal.is_some() || is_entry => Self::Portal,
            _ if profile.issuer.is_some() => Self::Issuer,
            _ if profile.ci_identity.is_some() => Self::CiIdentity,
            _ => Self::Portal,
        }
    }

    /// Whether somebody signs in on it, with a password that a provider may refuse
    pub(crate) fn has_a_password(self, profile: &Profile) -> bool {
        match self {
            Self::Portal => true,
            Self::Issuer => matches!(profile.grant.as_deref(), None | Some("code" | "password")),
            Self::CiIdentity | Self::OwnKey | Self::ServiceAccount => false,
        }
    }

    /// Whether it tells which cluster its token is for; else the caller does
    pub(crate) fn names_the_cluster(self, profile: &Profile) -> bool {
        match self {
            Self::Portal => kind(profile) != Some(PortalKind::Pinniped),
            Self::ServiceAccount => true,
            Self::CiIdentity | Self::Issuer | Self::OwnKey => false,
        }
    }

    /// Whether the caller may name the cluster
    ///
    /// At some kinds of portals in place of what they say, since they do not say all of it, such as the cluster's certificate.
    pub(crate) fn takes_a_cluster(self, profile: &Profile) -> bool {
        let is_other = !matches!(kind(profile), None | Some(PortalKind::OpenUnison));
        !self.names_the_cluster(profile) || (self == Self::Portal && is_other)
    }

    /// Whether its tokens are kept on disk between two calls
    ///
    /// A CI platform's are not: what is kept would be another job's identity, on a machine that jobs share. Nor are those of a key of
    /// one's own, which cost less than keeping them.
    pub(crate) fn keeps_tokens(self) -> bool {
        !matches!(self, Self::CiIdentity | Self::OwnKey)
    }

    /// Whether clients could refresh its tokens by themselves, as an `auth-provider` has it
    pub(crate) fn has_an_issuer(self) -> bool {
        matches!(self, Self::Issuer | Self::Portal)
    }

    /// What is said while it is on its way
    pub(crate) fn under_way(self, profile: &Profile) -> String {
        match self {
            Self::CiIdentity => "asking the CI platform for a token".to_owned(),
            Self::Issuer => format!("{}: asking for a token", host(profile.issuer.as_deref())),
            Self::OwnKey => "making a token".to_owned(),
            Self::Portal => format!("{}: asking for a token", host(profile.portal.as_deref())),
            Self::ServiceAccount => "asking the API server for a token".to_owned(),
        }
    }
}

/// The origin of the portal or issuer of a profile, which messages name
pub(crate) fn place(profile: &Profile) -> Option<String> {
    let url = profile.portal.as_deref().or(profile.issuer.as_deref());
    url.and_then(failure::origin)
}

/// What kind of portal the profile names, if it says so
fn kind(profile: &Profile) -> Option<PortalKind> {
    PortalKind::of(profile.portal_kind.as_deref()?)
}

fn host(url: Option<&str>) -> String {
    let url = url.and_then(|url| Url::parse(url).ok());
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use doorward::Profile;

    use super::Way;

    fn way(change: impl FnOnce(&mut Profile)) -> Way {
        let mut profile = Profile::default();
        change(&mut profile);
        Way::of(&profile)
    }

    #[test]
    fn a_profile_has_one_way_in() {
        let issuer = |profile: &mut Profile| profile.issuer = Some("https://i.test".into());

        assert_eq!(way(|_| {}), Way::Portal);
        assert_eq!(way(issuer), Way::Issuer);
        let key = |profile: &mut Profile| {
            issuer(profile);
            profile.jwt_key = Some("/key".into());
        };
        assert_eq!(way(key), Way::OwnKey);
        let exchange = |profile: &mut Profile| {
            issuer(profile);
            profile.ci_identity = Some(String::new());
        };
        assert_eq!(way(exchange), Way::Issuer);
        let platform = |profile: &mut Profile| profile.ci_identity = Some(String::new());
        assert_eq!(way(platform), Way::CiIdentity);
        let account = |profile: &mut Profile| profile.service_account = Some(Default::default());
        assert_eq!(way(account), Way::ServiceAccount);
    }

    #[test]
    fn an_entry_of_a_kubeconfig_gets_no_way_in_by_its_issuer() {
        let entry = |profile: &mut Profile| {
            profile.issuer = Some("https://i.test".into());
            profile.user_entry = Some("ada".into());
        };

        assert_eq!(way(entry), Way::Portal);
    }

    #[test]
    fn some_kinds_of_portals_leave_the_cluster_to_the_caller() {
        let of = |kind: Option<&str>| {
            let mut profile = Profile::default();
            profile.portal_kind = kind.map(str::to_owned);
            let way = Way::Portal;
            (
                way.names_the_cluster(&profile),
                way.takes_a_cluster(&profile),
            )
        };

        assert_eq!(of(None), (true, false));
        assert_eq!(of(Some("openunison")), (true, false));
        assert_eq!(of(Some("gangway")), (true, true));
        assert_eq!(of(Some("openshift")), (true, true));
        assert_eq!(of(Some("pinniped")), (false, true));
    }

    #[test]
    fn a_password_is_for_a_login_page_and_for_the_grant_of_its_name() {
        let with = |grant: Option<&str>| {
            let mut profile = Profile::default();
            profile.grant = grant.map(str::to_owned);
            Way::Issuer.has_a_password(&profile)
        };

        assert!(with(None) && with(Some("code")) && with(Some("password")));
        assert!(!with(Some("client-credentials")) && !with(Some("token-exchange")));
    }
}
