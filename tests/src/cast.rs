//! Who plays, and where.

/// Ids of the people and the places of the stand-in workspace.
pub struct Cast;

impl Cast {
    /// May promote; asks.
    pub const MAYA: &str = "U0MAYA00001";
    /// May promote; confirms.
    pub const JONAS: &str = "U0JONAS0001";
    /// May promote; confirms where it takes two.
    pub const PRIYA: &str = "U0PRIYA0001";
    /// May look, not promote.
    pub const SAM: &str = "U0SAM000001";
    /// The incident channel.
    pub const INCIDENT: &str = "C0INCIDENT1";
    /// Another channel.
    pub const ELSEWHERE: &str = "C0STATUS001";
}
