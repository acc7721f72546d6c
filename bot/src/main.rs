//! The program `standby`.
fn main() {}
