//! `[applications.NAME.record]` and `records`: the names that clients use.

use commands::topology::{Application, RecordName, normal};

use super::{FILL_IN, Problem};

/// Everything about them that does not fit; `key` is the application's.
pub(super) fn problems(key: &str, application: &Application) -> Vec<Problem> {
    let records = &application.records;
    let mut found = Vec::new();
    if records.is_empty() {
        let fix = "name the record that says which region serves, with its zone, in [applications.NAME.record]";
        found.push(Problem::new(format!("{key}.record"), "is missing", fix));
    }
    for (index, record) in records.iter().enumerate() {
        let key = match records.len() {
            1 => format!("{key}.record"),
            _ => format!("{key}.records[{index}]"),
        };
        found.extend(of_one(&key, record));
        found.extend(beside(&key, record, &records[..index]));
    }
    found.extend(health_host(key, application));
    found
}

fn of_one(key: &str, record: &RecordName) -> Vec<Problem> {
    let filled = |name: &str, value: &str| {
        // Names are held in lower case.
        let is_blank = value.is_empty() || value.to_ascii_uppercase().contains(FILL_IN);
        is_blank.then(|| Problem::new(format!("{key}.{name}"), "is empty", "fill it in"))
    };
    let asterisk = record.name.strip_prefix("*.").unwrap_or(&record.name).contains('*').then(|| {
        let what = format!("is {}, but Route 53 takes an asterisk as a whole first label only", record.name);
        Problem::new(format!("{key}.name"), what, "write *.example.com")
    });
    let role = record.role_arn.as_ref().filter(|role| !role.starts_with("arn:"));
    let role =
        role.map(|_| Problem::new(format!("{key}.role_arn"), "is not an ARN", "write arn:aws:iam::ACCOUNT:role/NAME"));
    filled("zone", &record.zone).into_iter().chain(filled("name", &record.name)).chain(asterisk).chain(role).collect()
}

/// What does not fit with those before it: a zone is changed in one batch, so with one role.
fn beside(key: &str, record: &RecordName, before: &[RecordName]) -> Option<Problem> {
    let same_zone = || before.iter().filter(|other| other.zone == record.zone);
    if same_zone().any(|other| other.name == record.name) {
        let what = format!("names {} in zone {} a second time", record.name, record.zone);
        return Some(Problem::new(format!("{key}.name"), what, "name each record once"));
    }
    same_zone().find(|other| other.role_arn != record.role_arn).map(|other| {
        let what = format!("differs from that of {}, which is in zone {} too", other.name, record.zone);
        Problem::new(
            format!("{key}.role_arn"),
            what,
            "give all records of a zone the same role: they are changed together",
        )
    })
}

/// The health URL's host is what one of the records is for.
fn health_host(key: &str, application: &Application) -> Option<Problem> {
    let host = application.verify.url.host_str().unwrap_or_default();
    let covered = application.records.iter().any(|record| record.covers(&normal(host)));
    (!covered && !application.records.is_empty()).then(|| {
        let (what, fix) = match application.records.as_slice() {
            [record] if record.name.starts_with('*') => {
                (format!("the record is {record}"), "use a host below the wildcard, since that is what people call")
            }
            [record] => {
                (format!("the record is {record}"), "use the record's name as host, since that is what people call")
            }
            _ => (
                format!("the records are {}", application.record_names()),
                "use one of the records' names as host, since that is what people call",
            ),
        };
        Problem::new(format!("{key}.verify.url"), format!("has host {host}, but {what}"), fix)
    })
}
