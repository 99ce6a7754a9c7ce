//! Journeys over the real programs: one file per family.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod administration;
mod aws;
mod canary;
mod crash;
mod damage;
mod desktop;
mod device;
mod doctor;
mod errors;
mod hosts;
mod identity_center;
mod keyring;
mod models;
mod parts;
mod paste;
mod ports;
mod providers;
mod races;
mod reading;
mod refresh;
mod residency;
mod sign_in;
mod sign_out;
mod step_up;
