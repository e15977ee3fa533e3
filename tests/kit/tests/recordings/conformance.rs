//! A good adapter passes in one line, at a provider of its own and at the portal's own form.

mod acme {
    doorward_testkit::conformance!(crate::acme::Acme::default(), "tests/cases/acme");
}

mod own_form {
    use crate::acme::{Acme, Elsewhere};

    doorward_testkit::conformance!(
        Acme::default(),
        "tests/cases/own-form",
        with = [Elsewhere {}]
    );
}
