#!/usr/bin/env python3
"""Verifies an export of Standby's audit log, from docs/audit.md alone and with Python's standard library only.

    verify_export.py FILE [SIZE ROOT] [--proofs FILE] [--witness FILE]... [--keys FILE] [--people FILE]

FILE is a whole export or one of a part, as JSON lines, as a table (CSV) or as OCSF events; the latter two are proved by a second
file, FILE.proofs unless --proofs names it. SIZE and ROOT are a head that was kept elsewhere; --witness is a text that checkpoints were
copied into, such as from a channel. --keys names public keys, one a line: their signatures are ed25519, which the standard library
has not, so that this option alone needs the package `cryptography`. --people is what `standby audit people` printed: e-mail addresses, each of
which a record about that person must commit to.

Exits 0 and prints the number of records and their root if the export is sound; otherwise exits 1 and prints each fault by
record number.

RFC 8785 form is not checked: the hashes are of bytes, so a change of form is found as a change of hash.
"""

import argparse
import base64
import csv
import datetime
import hashlib
import io
import json
import os
import re
import sys

HASH = re.compile("[0-9a-f]{64}")
NOTE = re.compile(r"^[ \t`]*(\S+)[ \t]*\n[ \t]*(0|[1-9][0-9]*)[ \t]*\n[ \t]*(\S{44})[ \t]*\n[ \t]*\n((?:[ \t]*\u2014 \S+ \S+?[ \t`]*(?:\n|$))+)", re.M)


def leaf_hash(line):
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """RFC 6962, section 2.1, without its recursion: subtrees of equal size are joined as they become complete."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def add(self, subtree, level=0):
        """Adds a complete subtree of 2 ** level leaves; the size must be a multiple of that."""
        n = self.size >> level
        self.size += 1 << level
        while n & 1:
            subtree = node_hash(self.peaks.pop(), subtree)
            n >>= 1
        self.peaks.append(subtree)

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").hexdigest()
        root = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            root = node_hash(left, root)
        return root.hex()


def levels(first, last):
    """The largest complete subtrees that the records first to last fill, in their order."""
    while first <= last:
        level = (last - first + 1).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        yield level
        first += 1 << level


def parse(line):
    """The JSON object on a line, or None."""
    try:
        value = json.loads(line.decode("utf-8") if isinstance(line, bytes) else line)
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def head_of(line):
    """The export's last line, or None."""
    value = parse(line)
    if value is None or not {"head", "v"} <= set(value) <= {"head", "v", "checkpoint", "filter"} or value["v"] != 1:
        return None
    head = value["head"]
    if not isinstance(head, dict) or set(head) != {"size", "root"} or not is_int(head["size"]):
        return None
    if not isinstance(head["root"], str) or not HASH.fullmatch(head["root"]):
        return None
    return value


def gap_of(value):
    """The gap on a line, or None."""
    gap = value.get("gap") if value and set(value) == {"gap", "v"} and value["v"] == 1 else None
    if not isinstance(gap, dict) or not {"first", "last", "hashes", "root"} <= set(gap):
        return None
    if not is_int(gap["first"]) or not is_int(gap["last"]) or not isinstance(gap["hashes"], list):
        return None
    if len(list(levels(gap["first"], gap["last"]))) != len(gap["hashes"]):
        return None
    return gap if all(isinstance(hash, str) and HASH.fullmatch(hash) for hash in gap["hashes"]) else None


class Note:
    """A checkpoint: a signed note."""

    def __init__(self, origin, size, root, signatures):
        self.origin, self.size = origin, int(size)
        self.root = base64.b64decode(root).hex()
        self.text = f"{origin}\n{size}\n{root}\n".encode()
        self.signatures = [line.strip(" \t`").split(" ")[1:] for line in signatures.strip().split("\n")]

    def is_signed_by(self, keys):
        for name, signature in self.signatures:
            signature = base64.b64decode(signature)
            if name == self.origin and any(key.accepts(name, signature, self.text) for key in keys):
                return True
        return False


def notes_in(text):
    return [Note(*found.groups()) for found in NOTE.finditer(text)]


class Key:
    """A public key, NAME+HASH+KEY."""

    def __init__(self, text):
        # Only here, so that everything else needs the standard library alone.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        self.name, self.id, key = text.split("+", 2)
        raw = base64.b64decode(key)
        if raw[0] != 1 or hashlib.sha256(self.name.encode() + b"\n" + raw).hexdigest()[:8] != self.id:
            sys.exit(f"not an ed25519 key: {text}")
        self.key = Ed25519PublicKey.from_public_bytes(raw[1:])

    def accepts(self, name, signature, text):
        from cryptography.exceptions import InvalidSignature

        if name != self.name or signature[:4].hex() != self.id:
            return False
        try:
            self.key.verify(signature[4:], text)
        except InvalidSignature:
            return False
        return True


class Verifier:
    """What is known between two lines."""

    def __init__(self, keys, kept, witnesses):
        self.keys, self.kept, self.witnesses = keys, kept, witnesses
        self.faults, self.seen = [], []
        self.tree, self.expected, self.before = Tree(), 0, None
        self.records, self.signed, self.found = 0, 0, None
        self.gaps, self.resolved = [], set()
        self.boundary()

    def boundary(self):
        """Compares what was kept elsewhere with as many records as there are now."""
        if self.kept and self.kept[0] == self.tree.size:
            self.found = self.tree.root()
        for note in [note for note in self.witnesses if note.size == self.tree.size]:
            self.witnesses.remove(note)
            if self.faults:
                continue
            if self.keys and not note.is_signed_by(self.keys):
                self.faults.append(f"the kept checkpoint of {note.size} records is not signed by a key that is trusted")
            elif note.root != self.tree.root():
                self.faults.append(f"the log was rewritten: its first {note.size} records are not those of the kept checkpoint")

    def line(self, number, line):
        record = parse(line)
        gap = gap_of(record)
        if gap:
            return self.gap(gap)
        if record and record.get("event") == "person.resolved":
            self.resolved.add((record["data"].get("user"), record["data"].get("email_commitment")))
        seq = record.get("seq") if record else None
        if record is None or not is_int(seq) or record.get("v") != 1:
            self.faults.append(f"record {self.expected} was changed: line {number} is not a record of version 1")
            self.seen.append((self.expected, self.expected))
            self.expected, self.before = self.expected + 1, None
            self.tree.add(leaf_hash(line))
            return
        follows = record.get("prev") == self.before and (self.before is not None or self.expected == 0)
        if seq != self.expected and follows:
            self.faults.append(f"record {self.expected} was changed: its number says {seq}")
            self.seen.append((self.expected, self.expected))
            self.expected, self.before = self.expected + 1, None
        elif seq < self.expected:
            twice = any(first <= seq <= last for first, last in self.seen)
            self.faults.append(f"record {seq} stands there twice" if twice else f"record {seq} stands after {self.expected - 1}")
            self.seen.append((seq, seq))
            return
        else:
            if seq == 0 and "prev" in record:
                self.faults.append("record 0 was changed: it names a record before it")
            elif seq == self.expected and self.before is not None and not follows:
                self.faults.append(f"record {seq - 1} was changed, or what record {seq} says of it")
            self.seen.append((seq, seq))
            self.expected, self.before = seq + 1, leaf_hash(line).hex()
        if record.get("event") == "log.checkpointed" and not self.faults:
            self.checkpoint(record)
        if record.get("event") == "log.key-rotated" and self.keys:
            self.rotate(record)
        self.tree.add(leaf_hash(line))
        self.records += 1
        self.boundary()

    def gap(self, gap):
        first, last = gap["first"], gap["last"]
        if first < self.expected:
            self.faults.append(f"the line for records {first} to {last}, which are left out, does not belong there")
            return
        if first == self.expected and self.before is not None and gap.get("prev") != self.before:
            self.faults.append(f"record {first - 1} was changed, or the line for records {first} to {last}, which are left out")
        elif not self.faults and self.tree.root() != gap["root"]:
            others = "".join(f", or the one for records {a} to {b}" for a, b in self.gaps[-1:])
            self.faults.append(f"the line for records {first} to {last}, which are left out, was changed{others}")
        if self.tree.size == first:
            for level, subtree in zip(levels(first, last), gap["hashes"]):
                self.tree.add(bytes.fromhex(subtree), level)
        self.gaps.append((first, last))
        self.seen.append((first, last))
        self.expected, self.before = last + 1, None
        self.boundary()

    def checkpoint(self, record):
        """A record that signs the head of those before it."""
        notes = notes_in(record["data"].get("note", ""))
        if len(notes) != 1 or (notes[0].size, notes[0].root) != (record["seq"], self.tree.root()):
            self.faults.append(f"record {record['seq']} is a checkpoint of other records than those before it")
        else:
            self.sign(notes[0])

    def sign(self, note):
        if self.keys and not note.is_signed_by(self.keys):
            self.faults.append(f"the checkpoint of {note.size} records is not signed by a key that was given")
        elif self.keys:
            self.signed = note.size

    def rotate(self, record):
        """A key that says which one follows it."""
        text, _, signatures = record["data"].get("statement", "").partition("\n\n")
        lines, text = text.split("\n"), (text + "\n").encode()
        for _, name, signature in (line.split(" ") for line in signatures.strip().split("\n") if line.count(" ") == 2):
            if any(key.accepts(name, base64.b64decode(signature), text) for key in self.keys):
                if len(lines) == 2 and lines[0] == "standby key rotation":
                    self.keys.append(Key(lines[1]))
                    return
        self.faults.append(f"record {record['seq']} does not introduce a key")

    def finish(self, line):
        size, root = line["head"]["size"], line["head"]["root"]
        self.faults += self.missing()
        if size > self.expected:
            self.faults.append(f"records {self.expected} to {size - 1} are missing")
        elif size < self.expected:
            self.faults.append(f"records {size} to {self.expected - 1} are not counted by the head")
        computed = self.tree.root()
        if not self.faults and computed != root:
            gaps = "".join(f", the line for records {a} to {b}, which are left out," for a, b in self.gaps[-1:])
            self.faults.append(
                f"record {self.expected - 1}{gaps} or the head was changed: the head says {root}, the records have {computed}"
            )
        if self.kept and self.found != self.kept[1]:
            self.faults.append(f"the log was rewritten, or is another: the first {self.kept[0]} records do not have root {self.kept[1]}")
        if self.faults:
            return
        if "checkpoint" in line:
            notes = notes_in(line["checkpoint"])
            if len(notes) != 1 or (notes[0].size, notes[0].root) != (size, root):
                self.faults.append("the checkpoint in the last line is not of its head")
            else:
                self.sign(notes[0])
        for note in self.witnesses:
            self.faults.append(
                f"the log was cut, or the export is older: the kept checkpoint counts {note.size} records, and this has {size}"
                if note.size > size
                else f"the kept checkpoint of {note.size} records ends within what is left out: verify it with the whole log"
            )
        if self.keys and not self.signed and not self.faults:
            self.faults.append("no checkpoint in the export is signed by a key that was given")

    def opened(self, openings):
        """A fault for each address that no record commits to."""
        for opening in openings:
            salt, data = bytes.fromhex(opening["salt"]), opening["data"].encode()
            commitment = hashlib.sha256(b"\x02" + salt + data).hexdigest()
            if len(salt) != 32 or commitment != opening["commitment"] or (opening["person"], commitment) not in self.resolved:
                yield f"no record here commits to what is said of {opening['person']}"

    def missing(self):
        """A fault for each run of numbers that were passed over."""
        faults, expected = [], 0
        for first, last in sorted(self.seen):
            if first == expected + 1:
                faults.append(f"record {expected} is missing")
            elif first > expected:
                faults.append(f"records {expected} to {first - 1} are missing")
            expected = max(expected, last + 1)
        return faults


def table_lines(data, faults):
    """The records' lines in a table. What its other columns show is compared with them."""
    csv.field_size_limit(1 << 21)  # a record's line has at most 1 MiB
    rows = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""))
    for number, row in enumerate(rows, start=1):
        line = row.get("record") or ""
        record = parse(line) or {}
        actor, origin = record.get("actor", {}), record.get("origin", {})
        shown = {
            "seq": str(record.get("seq")),
            "at": record.get("at"),
            "event": record.get("event"),
            "actor_kind": actor.get("kind"),
            "actor": actor.get("user", ""),
            "actor_name": actor.get("name", ""),
            "origin": origin.get("channel", origin.get("kind")),
            "application": record.get("application", ""),
            "run": record.get("run", ""),
            "step": record.get("step", ""),
            "leaf_hash": leaf_hash(line.encode()).hex(),
        }
        for column, value in shown.items():
            # A cell that would begin a formula has an apostrophe before it.
            safe = f"'{value}" if value and value[0] in "=+-@\t\r＝＋－＠" else value
            if row.get(column) != safe:
                faults.append(f"row {number} of record {record.get('seq')} was changed: its {column} is not the record's")
        yield line.encode()


def milliseconds(at):
    """A record's time in milliseconds of 1970."""
    try:
        whole, fraction = at.removesuffix("Z").split(".")
        seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    except ValueError:
        return None
    return int(seconds) * 1000 + int(fraction[:3])


def event_lines(data, faults):
    """The records' lines in OCSF events."""
    for number, event in enumerate(data.splitlines(), start=1):
        event = parse(event) or {}
        line = str(event.get("raw_data", ""))
        record, metadata = parse(line) or {}, event.get("metadata", {})
        actor, user = record.get("actor", {}), event.get("actor", {}).get("user", {})
        is_person = actor.get("kind") == "slack"
        name = actor.get("name") if is_person else actor.get("user", "standby")
        shown = [
            (metadata.get("sequence"), record.get("seq")),
            (metadata.get("event_code"), record.get("event")),
            (metadata.get("correlation_uid"), record.get("run")),
            (metadata.get("uid"), leaf_hash(line.encode()).hex()),
            (event.get("api", {}).get("operation"), record.get("event")),
            (event.get("activity_name", record.get("event")), record.get("event")),
            (event.get("time"), milliseconds(record.get("at", ""))),
            (user.get("name"), name),
            (user.get("uid"), actor.get("user") if is_person else None),
            (user.get("domain"), actor.get("team")),
        ]
        if any(seen != true for seen, true in shown):
            faults.append(f"event {number} of record {record.get('seq')} was changed")
        yield line.encode()


def merged(records, proofs):
    """Records, and what proves them in between, by its place among them."""
    proofs = [line for line in proofs.split(b"\n") if line]
    for line in records:
        seq = (parse(line) or {}).get("seq", 0)
        while proofs and (gap := gap_of(parse(proofs[0]))) and gap["first"] <= seq:
            yield proofs.pop(0)
        yield line
    yield from proofs


def verify(data, proofs, keys, kept=None, witnesses=()):
    """Answers the last line, the verifier, and the faults."""
    verifier, shown = Verifier(keys, kept, list(witnesses)), []
    if proofs is None:
        lines = data.split(b"\n")
        rest = lines.pop()
    else:
        records = table_lines if data.startswith(b'"') else event_lines
        lines, rest = list(merged(records(data, shown), proofs)), b""
    head = head_of(lines[-1]) if lines and not rest else None
    if head:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        verifier.line(number, line)
    if head is None:
        cut = f"the export is cut off after {verifier.expected} records: its last line, with the head, is missing"
        return None, verifier, shown + verifier.faults + verifier.missing() + [cut]
    verifier.finish(head)
    return head, verifier, shown + verifier.faults


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("head", nargs="*", metavar="SIZE ROOT")
    parser.add_argument("--proofs")
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("--keys")
    parser.add_argument("--people")
    options = parser.parse_args(arguments)
    if len(options.head) not in (0, 2):
        parser.error("give SIZE and ROOT, or neither")
    kept = (int(options.head[0]), options.head[1]) if options.head else None
    keys = []
    if options.keys:
        lines = read(options.keys).decode().splitlines()
        keys = [Key(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    witnesses = [note for path in options.witness for note in notes_in(read(path).decode())]
    if options.witness and not witnesses:
        parser.error("there is no checkpoint in what --witness names")
    beside = options.proofs or options.file + ".proofs"
    proofs = read(beside) if options.proofs or os.path.exists(beside) else None
    head, verifier, faults = verify(read(options.file), proofs, keys, kept, witnesses)
    openings = [json.loads(line) for line in read(options.people).splitlines() if line] if options.people else []
    faults += verifier.opened(openings)
    for fault in faults:
        print(fault)
    if faults:
        return 1
    print(f"verified {head['head']['size']} records, root {head['head']['root']}")
    if verifier.records < head["head"]["size"]:
        print(f"a part: {verifier.records} of them are here")
    if witnesses:
        print(f"{len(witnesses)} kept checkpoints agree")
    if openings:
        print(f"{len(openings)} e-mail addresses are what the records commit to")
    print(f"the first {verifier.signed} are signed" if keys else "no signature was checked: give --keys")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
