//! Whether users are still sent to a side: its tasks are not taken away before.

use crate::{aws::AwsError, engine::Pair, records::served_by, topology::SideName};

/// Why that side's tasks stay: a record still points there. `None` if none does.
///
/// # Errors
/// The records could not be read: what is not seen is not taken away.
pub(super) async fn still(pair: &Pair, side: SideName) -> Result<Option<String>, AwsError> {
    let records = pair.aws.records().await?;
    let mut there =
        records.iter().filter(|record| record.addresses().any(|set| served_by(&pair.app, set) == Some(side)));
    let region = &pair.app.side(side).region;
    Ok(there.next().map(|record| format!("{} still points at {region}, so its tasks stay", record.name)))
}
