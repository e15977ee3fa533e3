use doorward::{Error, FrontDoor, Portal, PortalKind, Url, Walk};

use crate::door::Door;
use crate::settings;

/// The portal that the profile names
pub(super) fn front(door: &Door) -> Result<Box<dyn FrontDoor>, Error> {
    Ok(Box::new(of(door)?))
}

/// The portal, with all who may sign in
pub(super) fn of(door: &Door) -> Result<Portal, Error> {
    let profile = &door.profile;
    let mut portal = named(url(door)?, profile.portal_kind.as_deref(), door.walk()?)?;
    if let Some(target) = &profile.target {
        portal = portal.target(target.clone());
    }
    let is_supervisor = profile.portal_kind.as_deref() == Some(PortalKind::Pinniped.as_str());
    portal = match profile.audience.as_slice() {
        [] => portal,
        [audience] if is_supervisor => portal.audience(audience),
        _ => {
            return Err(Error::config(
                "of all portals, only Pinniped's Supervisor takes an audience, and one",
            )
            .hint("leave out --audience, or give it once with --portal-kind pinniped"));
        }
    };
    Ok(portal.allow(settings::allow(profile)))
}

/// The portal at this URL, of this kind where one is named
pub(crate) fn named(url: &str, kind: Option<&str>, walk: Walk) -> Result<Portal, Error> {
    let portal = Portal::new(url, walk)?;
    let Some(name) = kind else {
        return Ok(portal);
    };
    let kind = PortalKind::of(name)
        .ok_or_else(|| Error::config("there is no such kind of portal").at("portal_kind", name))?;
    Ok(portal.kind(kind))
}

/// The portal, for a walk that reads no secret
pub(super) fn to_probe(door: &Door) -> Result<Portal, Error> {
    let kind = door.profile.portal_kind.as_deref();
    named(url(door)?, kind, door.walk_to_probe()?)
}

/// Whether the issuer's endpoint may have the refresh token
pub(super) fn permits(door: &Door, endpoint: &Url) -> bool {
    let portal = url(door).and_then(|url| Portal::new(url, door.walk_without_secrets()?));
    portal.is_ok_and(|portal| portal.permits(endpoint))
}

/// Where it is
pub(super) fn url(door: &Door) -> Result<&str, Error> {
    let url = door.profile.portal.as_deref();
    url.ok_or_else(|| {
        Error::config("the profile has no portal to log in at")
            .hint("doorward login --profile NAME --portal URL … gives it one")
    })
}
