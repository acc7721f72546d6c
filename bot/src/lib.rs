//! The program standby.
