//! Every adapter with its recorded logins, whose folders stand in `fixtures/`.

// Acme is made up. It stands for a provider of yours, and its adapter is the template.
#[path = "../template.rs"]
pub mod template;

mod acme {
    doorward_testkit::conformance!(crate::template::Acme::default(), "fixtures/acme");
}

// A connector leads to a realm.
#[cfg(all(feature = "dex", feature = "keycloak"))]
mod dex {
    use doorward_providers::{Dex, Keycloak};

    doorward_testkit::conformance!(Dex::default(), "fixtures/dex", with = [Keycloak::default()]);
}

#[cfg(feature = "form")]
mod form {
    use doorward_providers::LoginForm;

    doorward_testkit::conformance!(LoginForm::default(), "fixtures/form");
}

#[cfg(feature = "keycloak")]
mod keycloak {
    use doorward_providers::Keycloak;

    doorward_testkit::conformance!(Keycloak::default(), "fixtures/keycloak");
}

#[cfg(feature = "lemonldap")]
mod lemonldap {
    use doorward_providers::LemonLdap;

    doorward_testkit::conformance!(LemonLdap::default(), "fixtures/lemonldap");
}

#[cfg(feature = "okta")]
mod okta {
    use doorward_providers::Okta;

    doorward_testkit::conformance!(Okta::default(), "fixtures/okta");
}

#[cfg(feature = "openunison")]
mod openunison {
    use doorward_providers::OpenUnison;

    doorward_testkit::conformance!(OpenUnison::default(), "fixtures/openunison");
}

#[cfg(feature = "simplesamlphp")]
mod simplesamlphp {
    use doorward_providers::SimpleSamlPhp;

    doorward_testkit::conformance!(SimpleSamlPhp::default(), "fixtures/simplesamlphp");
}
