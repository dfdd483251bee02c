//! Configuration: read once, into types that cannot be wrong.
//!
//! Compiled-in defaults, the user's file and `FLOWTLY_SYNC__…` variables are layers; a reader takes typed values out of
//! them and collects every [`Problem`] with its place and its mend, so that all are told at once; each CRM's connector takes
//! its own section through it. [`Settings`] is what the rest of the program is given; mapping and rules are its larger parts.
//!
//! Architecture invariant: nothing outside this module reads the environment, and secrets are never printed.

mod environment;
mod key;
mod problem;
mod duration;
mod positions;
mod system;
mod layers;
mod reader;
mod secret;
mod flowtly;
mod mapping;
mod custom;
mod scope;
mod rules;
mod web;
mod schedule;
mod backup;
mod notices;
mod log;
mod settings;
mod load;
mod draft;
mod outline;
mod show;
#[cfg(test)]
mod tests;

pub(crate) use draft::{load_draft, load_new, secret_variable};
pub use duration::parse as parse_duration;
pub use environment::Environment;
pub use flowtly::{FlowtlyCredentials, FlowtlySection};
pub use key::Key;
#[cfg(test)]
pub(crate) use load::read_text;
pub use load::{find_file, load, usual_file};
pub use notices::{CommandSection, NoticesSection, SecretUrl, WebhookSection};
pub use outline::{Outline, judge, outline, who_is_told};
pub use problem::{Place, Problem, Problems};
pub use reader::Reader;
pub use schedule::ScheduleSection;
pub(crate) use secret::without_line_break;
pub use settings::{LogFormat, LogSection, Settings, TracesSection};
pub use web::WebSection;
