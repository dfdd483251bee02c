//! The daemon's end-points over HTTP.
