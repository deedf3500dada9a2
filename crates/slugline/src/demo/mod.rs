//! The parts of `slugline demo`.

pub mod face;
pub mod samples;
pub mod stage;
pub mod table;
