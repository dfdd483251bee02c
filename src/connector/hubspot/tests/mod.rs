//! Literal replies, and conversations with a scripted HubSpot.

mod rows;
mod errors;
mod reads;
mod walks;
mod writes;
mod moves;
mod documents;
mod account;
