//! The servers, as the arguments want them.

use std::io;

use doorward_testkit::{Fault, Names, OKTA_HOST, OktaSwitches, PASSWORD, Person, Testbed, Trouble};

use crate::Arguments;

pub(crate) fn start(arguments: Arguments) -> io::Result<Testbed> {
    let Arguments {
        portal,
        users,
        thinking,
    } = arguments;
    let okta = OktaSwitches {
        rate_limit: false,
        ..OktaSwitches::default()
    };
    let mut builder = Testbed::builder()
        .names(Names::Loopback)
        .okta(okta)
        .portal(portal);
    for number in 1..=users {
        builder = builder.person(Person::new(&format!("user-{number}"), PASSWORD));
    }
    if !thinking.is_zero() {
        let slow = Fault::new(OKTA_HOST, "/api/v1/authn", Trouble::Slow(thinking));
        builder = builder.fault(slow.times(usize::MAX));
    }
    builder.start()
}
