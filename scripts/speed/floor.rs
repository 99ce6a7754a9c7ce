//! The least that a program which prints a token can be.
fn main() {
    println!("eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9");
}
