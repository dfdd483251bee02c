//! Against the sandbox server.
