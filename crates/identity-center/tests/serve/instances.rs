//! Several instances on one PostgreSQL database, as real programs: killed under load, and asked after somebody has left.

mod balancer;
pub(crate) mod cluster;
mod ended;
mod killed;
pub(crate) mod person;
mod provisioned;
pub(crate) mod wire;
