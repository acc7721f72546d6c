//! Conversations with the whole bot, sweeps of crashes and faults, third-party clients.
