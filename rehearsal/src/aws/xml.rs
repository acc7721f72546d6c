//! Trees to XML and back, as the awsQuery and restXml protocols of AWS write them.

use quick_xml::{Reader, escape::escape, events::Event};
use serde_json::{Map, Value};

/// How a service writes XML.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// Namespace of the root element.
    pub(super) namespace: &'static str,
    /// Name of a list's items, by the list's name.
    pub(super) item: fn(&str) -> &'static str,
}

/// A document with these elements under `root`, in their order: the SDKs insist on the result before the metadata.
pub(super) fn document(dialect: Dialect, root: &str, elements: &[(&str, &Value)]) -> String {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{}\">", dialect.namespace);
    elements.iter().for_each(|(name, value)| element(&mut out, dialect, name, value));
    out.push_str(&format!("</{root}>"));
    out
}

fn content(out: &mut String, dialect: Dialect, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(members) => members.iter().for_each(|(name, member)| element(out, dialect, name, member)),
        Value::Array(items) => {
            let item_name = (dialect.item)(name);
            items.iter().for_each(|item| element(out, dialect, item_name, item));
        }
        Value::String(text) => out.push_str(&escape(text.as_str())),
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn element(out: &mut String, dialect: Dialect, name: &str, value: &Value) {
    if !value.is_null() {
        out.push_str(&format!("<{name}>"));
        content(out, dialect, name, value);
        out.push_str(&format!("</{name}>"));
    }
}

/// Parses a document into a tree; the root element's name is dropped. Elements called one of `items` are a list in
/// place of the element around them.
pub(super) fn parse(document: &str, items: &[&str]) -> Result<Value, quick_xml::Error> {
    let mut reader = Reader::from_str(document);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event()? {
            Event::Start(start) => open.push(Element::named(start.name().as_ref())),
            Event::Empty(start) => close(&mut open, Element::named(start.name().as_ref()), items),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(&mut open, element, items);
                }
            }
            Event::Text(text) => append(&mut open, &text),
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&entity).unwrap_or_default().to_owned(),
                };
                append(&mut open, &resolved);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let root = open.into_iter().next().unwrap_or_default();
    Ok(root.members.into_iter().next().map_or(Value::Null, |(_, value)| value))
}

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    members: Map<String, Value>,
    items: Option<Vec<Value>>,
}

impl Element {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn value(self) -> Value {
        match self.items {
            Some(items) => Value::Array(items),
            None if self.members.is_empty() => Value::String(self.text.trim().to_owned()),
            None => Value::Object(self.members),
        }
    }
}

fn close(open: &mut [Element], mut element: Element, items: &[&str]) {
    let Some(parent) = open.last_mut() else { return };
    let name = std::mem::take(&mut element.name);
    if items.contains(&name.as_str()) {
        parent.items.get_or_insert_default().push(element.value());
    } else {
        parent.members.insert(name, element.value());
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn trees_become_documents() {
        let dialect = Dialect { namespace: "urn:x", item: |name| if name == "Events" { "Event" } else { "member" } };
        let events = json!([{"Message": "a < b", "Gone": null}]);
        let expected = "<R xmlns=\"urn:x\"><Other><member>x</member></Other><N>5</N>\
            <Events><Event><Message>a &lt; b</Message></Event></Events></R>";
        let document = document(dialect, "R", &[("Other", &json!(["x"])), ("N", &json!(5)), ("Events", &events)]);
        assert_eq!(document.lines().last(), Some(expected));
    }

    #[test]
    fn documents_become_trees() {
        let text = "<R xmlns='urn:x'>\n <A>1 &amp; 2</A><Changes><Change><B>x</B></Change></Changes></R>";
        assert_eq!(parse(text, &["Change"]).unwrap(), json!({"A": "1 & 2", "Changes": [{"B": "x"}]}));
    }
}
