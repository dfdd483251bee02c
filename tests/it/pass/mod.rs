//! The pass itself: what is read when, what waits and for what, what is refused as a whole, and what a dry run leaves alone.

mod acted;
mod beats;
mod births;
mod dry;
mod ends;
mod limits;
mod lost;
mod policies;
mod refusals;
mod trouble;
mod turns;
mod waits;
mod without_id;
