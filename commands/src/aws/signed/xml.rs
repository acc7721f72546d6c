//! XML whose shape is not known beforehand.

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};
use serde_json::{Map, Value, json};

/// The root element of an XML document as a tree: elements by name, texts as strings, repeated ones and those called `item` as arrays.
pub(super) fn tree(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(Element::named(start.local_name().as_ref())),
            Event::Empty(start) => close(&mut open, Element::named(start.local_name().as_ref())),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(&mut open, element);
                }
            }
            Event::Text(text) => append(&mut open, &text),
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => character.to_string(),
                    None => resolve_predefined_entity(&entity).unwrap_or_default().to_owned(),
                };
                append(&mut open, &resolved);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let document = open.into_iter().next().unwrap_or_default().members;
    document.into_iter().next().map(|(_, root)| root).ok_or_else(|| "the document is empty".to_owned())
}

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    members: Map<String, Value>,
}

impl Element {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Adds an element that has ended to the one around it.
fn close(open: &mut [Element], element: Element) {
    let Some(around) = open.last_mut() else { return };
    let value = match element.members.is_empty() {
        true => Value::String(element.text.trim().to_owned()),
        false => Value::Object(element.members),
    };
    match around.members.get_mut(&element.name) {
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = json!([first.take(), value]),
        None if element.name == "item" => {
            around.members.insert(element.name, json!([value]));
        }
        None => {
            around.members.insert(element.name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_ec2_become_trees() {
        let document =
            b"<?xml version=\"1.0\"?>\n<DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n \
            <requestId>1</requestId><subnetSet><item><subnetId>subnet-1</subnetId><availableIpAddressCount>7\
            </availableIpAddressCount></item></subnetSet><next/></DescribeSubnetsResponse>";
        let tree = tree(document).unwrap_or_default();
        assert_eq!(tree["subnetSet"]["item"][0]["availableIpAddressCount"], "7");
        assert_eq!(tree["next"], "");
        assert!(super::tree(b"").is_err() && super::tree(b"<a><b></a>").is_err());
    }
}
