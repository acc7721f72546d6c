//! Trees to CBOR (RFC 8949) and back, as far as Smithy's RPC v2 CBOR protocol uses it.

use minicbor::{
    Decoder, Encoder,
    data::{IanaTag, Type},
    decode::Error,
};
use serde_json::{Map, Value};

type WriteError = minicbor::encode::Error<std::convert::Infallible>;

/// Members that are times: the protocol tags them, a tree cannot.
const TIMES: [&str; 1] = ["Timestamps"];

/// Depth at which a request is refused: none of the operations comes near.
const DEPTH: usize = 32;

/// Encodes a tree.
pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // Writing to memory does not fail.
    let _ = write(&mut encoder, value, false);
    encoder.into_writer()
}

fn write(encoder: &mut Encoder<Vec<u8>>, value: &Value, time: bool) -> Result<(), WriteError> {
    match value {
        Value::Null => encoder.null()?,
        Value::Bool(flag) => encoder.bool(*flag)?,
        Value::String(text) => encoder.str(text)?,
        Value::Number(number) => {
            if time {
                encoder.tag(IanaTag::Timestamp)?;
            }
            match number.as_i64() {
                Some(whole) => encoder.i64(whole)?,
                None => encoder.f64(number.as_f64().unwrap_or_default())?,
            }
        }
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            return items.iter().try_for_each(|item| write(encoder, item, time));
        }
        Value::Object(members) => {
            encoder.map(members.len() as u64)?;
            for (name, member) in members {
                encoder.str(name)?;
                write(encoder, member, TIMES.contains(&name.as_str()))?;
            }
            return Ok(());
        }
    };
    Ok(())
}

/// Decodes a tree; times become numbers of seconds.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.is_empty() { Ok(Value::Object(Map::new())) } else { read(&mut Decoder::new(bytes), DEPTH) }
}

fn read(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    let deeper = depth.checked_sub(1).ok_or_else(|| Error::message("nested too deeply"))?;
    Ok(match decoder.datatype()? {
        Type::Tag => {
            decoder.tag()?;
            read(decoder, deeper)?
        }
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        Type::Bool => Value::Bool(decoder.bool()?),
        Type::F16 | Type::F32 | Type::F64 => Value::from(decoder.f64()?),
        Type::String | Type::StringIndef => Value::String(decoder.str_iter()?.collect::<Result<String, _>>()?),
        Type::Array | Type::ArrayIndef => {
            let length = decoder.array()?;
            let mut items = Vec::new();
            while more(decoder, length, items.len() as u64)? {
                items.push(read(decoder, deeper)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let length = decoder.map()?;
            let mut members = Map::new();
            let mut count = 0;
            while more(decoder, length, count)? {
                let name = decoder.str()?.to_owned();
                members.insert(name, read(decoder, deeper)?);
                count += 1;
            }
            Value::Object(members)
        }
        _ => Value::from(decoder.i64()?),
    })
}

/// Whether another item follows; eats the break that ends an indefinite length.
fn more(decoder: &mut Decoder<'_>, length: Option<u64>, read: u64) -> Result<bool, Error> {
    match length {
        Some(length) => Ok(read < length),
        None if decoder.datatype()? == Type::Break => {
            decoder.skip()?;
            Ok(false)
        }
        None => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn trees_survive_the_way_there_and_back() {
        let tree =
            json!({"Values": [1.5, 2.0], "Timestamps": [1.5], "Flag": true, "Text": "x", "Number": 7, "Nothing": null});
        assert_eq!(decode(&encode(&tree)).unwrap(), tree);
    }
}
