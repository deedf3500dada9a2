//! The contract against its schemas, its documents and itself.

mod documents;
mod forms;
mod reading;
mod released;
