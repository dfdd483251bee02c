//! Conversations with a scripted HubSpot.

mod reads;
mod walks;
mod writes;
mod moves;
mod account;
