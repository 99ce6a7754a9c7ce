//! Several instances on one PostgreSQL database, as real programs: killed under load, and asked after somebody has left.

mod balancer;
mod cluster;
mod ended;
mod killed;
mod person;
mod wire;
