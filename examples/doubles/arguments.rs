//! The arguments: how long tokens, sessions and spent refresh tokens live.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::PortalSwitches;

/// The portal's settings; whatever is no argument is an error
pub(crate) fn portal(
    mut arguments: impl Iterator<Item = String>,
) -> Result<PortalSwitches, Box<dyn Error>> {
    let mut switches = PortalSwitches::default();
    while let Some(name) = arguments.next() {
        let life = match name.as_str() {
            "--token-life" => &mut switches.token_life,
            "--session-life" => &mut switches.session_life,
            "--grace" => &mut switches.grace,
            _ => return Err(format!("{name} is no argument of this program").into()),
        };
        let value = arguments.next().unwrap_or_default();
        let seconds = value
            .parse()
            .map_err(|_| format!("{name} needs whole seconds"))?;
        *life = Duration::from_secs(seconds);
    }
    Ok(switches)
}
