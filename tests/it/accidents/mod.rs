//! The accidents that the design is there to prevent: each once happened to somebody, or was found on paper.

mod cuts;
mod values;
mod recognised;
mod reads;
mod writes;
mod families;
mod people;
mod mapping;
mod secured;
mod stumbles;
mod restored;
