//! The CI platform's identity that a profile names.

use std::sync::Arc;

use doorward::{CiIdentity, CiPlatform, Error, FrontDoor};

use crate::door::Door;

/// The identity as a way in by itself
pub(super) fn front(door: &Door) -> Result<Box<dyn FrontDoor>, Error> {
    let mut identity = with_audiences(door, bare(door)?);
    if let Some(target) = &door.profile.target {
        identity = identity.target(target.clone());
    }
    Ok(Box::new(identity))
}

/// The identity that the profile's issuer takes: for the audiences of the profile, or else for the issuer itself
///
/// Where the platform fixes the audience, that of the profile is for what the issuer gives.
pub(super) fn for_issuer(door: &Door) -> Result<Arc<dyn FrontDoor>, Error> {
    let identity = bare(door)?;
    let issuer = door.profile.issuer.as_deref();
    let is_fixed = identity.platform().fixes_audience();
    Ok(Arc::new(match (is_fixed, issuer) {
        (true, _) => identity,
        (false, Some(issuer)) if door.profile.audience.is_empty() => identity.audience(issuer),
        (false, _) => with_audiences(door, identity),
    }))
}

fn with_audiences(door: &Door, identity: CiIdentity) -> CiIdentity {
    let audiences = door.profile.audience.iter();
    audiences.fold(identity, CiIdentity::audience)
}

fn bare(door: &Door) -> Result<CiIdentity, Error> {
    let environment = door.environment.clone();
    let variable = move |name: &str| environment.owned(name);
    let platform = match door.profile.ci_identity.as_deref().unwrap_or_default() {
        "" => CiPlatform::detect(&variable)?,
        named => CiPlatform::parse(named)?,
    };
    let listener = door.report.clone();
    Ok(CiIdentity::new(platform, variable)
        .network(door.network.clone())
        .on_event(move |event| listener.event(event)))
}
