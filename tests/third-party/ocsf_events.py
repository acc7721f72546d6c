"""Validates an OCSF export against the published schema's class, API Activity of version 1.5.0, as the package ocsf-json-schema has it.

    ocsf_events.py FILE
"""

import json
import sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


def main(path):
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.5.0")).get_class_schema("api_activity")
    validator = jsonschema.Draft202012Validator(schema)
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    faults = [f"{event['metadata']['sequence']}: {fault.message}" for event in events for fault in validator.iter_errors(event)]
    if faults:
        sys.exit("\n".join(faults))
    # And it refuses what is no such event.
    wrong = dict(events[0], class_uid="6003")
    wrong.pop("time")
    assert not validator.is_valid(wrong), "anything is valid"
    print(f"{len(events)} events are valid")


if __name__ == "__main__":
    main(*sys.argv[1:])
