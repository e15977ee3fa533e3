//! The command line of doorward.

fn main() {}
