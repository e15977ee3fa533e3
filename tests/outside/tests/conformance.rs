//! The facts that hold of every adapter, by the recordings in `fixtures/gatehouse`.

doorward_testkit::conformance!(
    doorward_gatehouse::Gatehouse::default(),
    "fixtures/gatehouse"
);
