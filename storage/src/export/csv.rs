//! Records as a table that is safe to open in a spreadsheet.

use std::io::{self, Read};

use csv::{QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};

use super::Altered;
use crate::{Actor, Hash, Origin, Record, line::parse};

/// The columns.
const HEADING: [&str; 12] = [
    "seq",
    "at",
    "event",
    "actor_kind",
    "actor",
    "actor_name",
    "origin",
    "application",
    "run",
    "step",
    "leaf_hash",
    "record",
];

/// What a spreadsheet may take for the beginning of a formula, in full width too
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

type Cells = [String; HEADING.len()];

pub(super) fn heading() -> io::Result<Vec<u8>> {
    write(&HEADING.map(str::to_owned))
}

pub(super) fn row(record: &Record, line: &[u8], leaf: Hash) -> io::Result<Vec<u8>> {
    write(&cells(record, line, leaf)?)
}

/// A record's cells. One that would begin a formula begins with an apostrophe, which spreadsheets read as "text".
fn cells(record: &Record, line: &[u8], leaf: Hash) -> io::Result<Cells> {
    let line = std::str::from_utf8(line).map_err(io::Error::other)?;
    let (kind, actor, name) = match &record.actor {
        Actor::Slack { user, name, .. } => ("slack", user.as_str(), name.as_deref()),
        Actor::Terminal { user } => ("terminal", user.as_str(), None),
        Actor::Bot => ("bot", "", None),
    };
    let origin = match &record.origin {
        Origin::Slack { channel, .. } => channel.as_str(),
        Origin::Terminal => "terminal",
        Origin::System => "system",
    };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let cells = [
        record.seq.to_string(),
        format!("{:.6}", record.at),
        record.event.clone(),
        kind.to_owned(),
        actor.to_owned(),
        text(name),
        origin.to_owned(),
        text(record.application.as_deref()),
        text(record.run.as_deref()),
        text(record.step.as_deref()),
        leaf.to_string(),
        line.to_owned(),
    ];
    Ok(cells.map(|cell| if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }))
}

/// A row; every cell is quoted.
fn write(cells: &Cells) -> io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .buffer_capacity(1024)
        .from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| error.into_error())
}

/// A row that was read back: its record's line, which is not to be trusted any more than the row.
pub(crate) type Row = Result<Vec<u8>, Altered>;

/// The rows of an exported table, its heading excluded; an error ends them.
pub(crate) fn rows(table: impl Read) -> impl Iterator<Item = io::Result<Row>> {
    let reader = ReaderBuilder::new().has_headers(true).flexible(true).from_reader(table);
    reader.into_byte_records().map(|found| {
        let found = found?;
        let line = found.get(HEADING.len() - 1).unwrap_or_default().to_owned();
        let expected = parse(&line).ok().and_then(|record| cells(&record, &line, Hash::leaf(&line)).ok());
        let same = expected.is_some_and(|expected| found.iter().eq(expected.iter().map(String::as_bytes)));
        Ok(if same { Ok(line) } else { Err(Altered(line)) })
    })
}
