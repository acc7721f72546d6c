#!/usr/bin/env python3
"""Verifies an export of Standby's audit log, from docs/audit.md alone and with Python's standard library only.

    verify_export.py FILE [SIZE ROOT]

SIZE and ROOT are a head that was kept elsewhere. Exits 0 and prints the number of records and their root if the export is
sound; otherwise exits 1 and prints each fault by record number.

RFC 8785 form is not checked: the hashes are of bytes, so a change of form is found as a change of hash.
"""

import hashlib
import json
import re
import sys

HASH = re.compile("[0-9a-f]{64}")


def leaf_hash(line):
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves):
    """RFC 6962, section 2.1, without its recursion: subtrees of equal size are joined as they become complete."""
    stack = []
    for n, leaf in enumerate(leaves):
        while n & 1:
            leaf = node_hash(stack.pop(), leaf)
            n >>= 1
        stack.append(leaf)
    if not stack:
        return hashlib.sha256(b"").hexdigest()
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root.hex()


def parse(line):
    """The JSON object on a line, or None."""
    try:
        value = json.loads(line.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def head_of(line):
    """Size and root on an export's last line, or None."""
    value = parse(line)
    if value is None or set(value) != {"head", "v"} or value["v"] != 1:
        return None
    head = value["head"]
    if not isinstance(head, dict) or set(head) != {"size", "root"} or not is_int(head["size"]):
        return None
    if not isinstance(head["root"], str) or not HASH.fullmatch(head["root"]):
        return None
    return head["size"], head["root"]


def check_records(lines):
    """The faults of the records' lines, apart from the root, and the number after the highest."""
    faults, seen = [], set()
    expected, before = 0, None  # the next number; the hash of the line just before, if that is a record in its place
    for n, line in enumerate(lines, start=1):
        record = parse(line)
        seq = record.get("seq") if record else None
        if record is None or not is_int(seq) or record.get("v") != 1:
            faults.append(f"record {expected} was changed: line {n} is not a record of version 1")
            seen.add(expected)
            expected, before = expected + 1, None
            continue
        follows = record.get("prev") == before and (before is not None or expected == 0)
        if seq != expected and follows:
            faults.append(f"record {expected} was changed: its number says {seq}")
            seen.add(expected)
            expected, before = expected + 1, None
            continue
        if seq < expected:
            faults.append(f"record {seq} stands there twice" if seq in seen else f"record {seq} stands after {expected - 1}")
            seen.add(seq)
            continue
        if seq == 0 and "prev" in record:
            faults.append("record 0 was changed: it names a record before it")
        elif seq == expected and before is not None and not follows:
            faults.append(f"record {seq - 1} was changed, or what record {seq} says of it")
        seen.add(seq)
        expected, before = seq + 1, leaf_hash(line).hex()
    return faults + missing(seen), expected


def missing(seen):
    """A fault for each run of numbers that were passed over."""
    faults, expected = [], 0
    for seq in sorted(seen):
        if seq == expected + 1:
            faults.append(f"record {expected} is missing")
        elif seq > expected:
            faults.append(f"records {expected} to {seq - 1} are missing")
        expected = seq + 1
    return faults


def verify(data, kept=None):
    """Answers the head and the faults."""
    lines = data.split(b"\n")
    rest = lines.pop()
    head = head_of(lines[-1]) if lines and not rest else None
    if head is None:
        faults, expected = check_records(lines)
        return None, faults + [f"the export is cut off after {expected} records: its last line, with the head, is missing"]
    lines.pop()
    faults, expected = check_records(lines)
    size, root = head
    if size > expected:
        faults.append(f"records {expected} to {size - 1} are missing")
    elif size < expected:
        faults.append(f"records {size} to {expected - 1} are not counted by the head")
    leaves = [leaf_hash(line) for line in lines]
    computed = root_of(leaves)
    if not faults and computed != root:
        faults.append(f"record {expected - 1} or the head was changed: the head says {root}, the records have {computed}")
    if kept is not None and (kept[0] > len(leaves) or root_of(leaves[: kept[0]]) != kept[1]):
        faults.append(f"the log was rewritten, or is another: the first {kept[0]} records do not have root {kept[1]}")
    return head, faults


def main(arguments):
    if len(arguments) not in (1, 3):
        sys.exit(__doc__)
    with open(arguments[0], "rb") as file:
        data = file.read()
    kept = (int(arguments[1]), arguments[2]) if len(arguments) == 3 else None
    head, faults = verify(data, kept)
    for fault in faults:
        print(fault)
    if faults:
        return 1
    print(f"verified {head[0]} records, root {head[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
