//! What /dr does: grammar, status, readiness, plans, runbooks, the engine and the AWS calls.
