//! Adapters for doorward: one identity provider each.
