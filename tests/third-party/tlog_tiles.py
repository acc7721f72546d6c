"""Has aics-tlog read a log's folder of tiles, and aics-witness cosign the log as it grows and refuse that it shrinks.

    tlog_tiles.py FOLDER

FOLDER holds `tiles` (the layout of C2SP tlog-tiles), `key` (the public key), and `vectors.json` as storage/tests/it/strangers.rs writes it.
Needs Python 3.12 with aics-tlog and aics-witness.
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(sys.executable).parent


def tlog(*arguments):
    done = subprocess.run([BIN / "aics-tlog", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def accepts(*arguments):
    fine, said = tlog(*arguments)
    assert fine, said


def read_tiles(folder, vectors):
    key, tiles = folder / "key", folder / "tiles"
    accepts("verify-checkpoint", "--note", tiles / "checkpoint", "--vkey-file", key)
    size = len(vectors["Records"])
    for index in (0, 1, size // 2, size - 1):
        entry = folder / "entry"
        accepts("verify-inclusion", "--index", index, "--tiles", tiles, "--vkey-file", key, "--entry-out", entry)
        assert entry.read_bytes() == (folder / "records" / str(index)).read_bytes(), index
    old = folder / "old"
    old.write_text(vectors["Checkpoints"][0])
    accepts("verify-consistency", "--old-checkpoint", old, "--tiles", tiles, "--vkey-file", key)
    # One bit of one tile, and it is found.
    tile = next(path for path in (tiles / "tile" / "0").rglob("*") if path.is_file())
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(data)
    fine, _ = tlog("verify-inclusion", "--index", 1, "--tiles", tiles, "--vkey-file", key)
    assert not fine, "a changed tile is accepted"
    data[40] ^= 1
    tile.write_bytes(data)
    print(f"aics-tlog: checkpoint, 4 inclusions and consistency of {size} records accepted; a changed tile refused")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def submit(url, old, proof, note):
    body = f"old {old}\n" + "".join(f"{hash}\n" for hash in proof) + "\n" + note
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/add-checkpoint", body.encode(), method="POST")) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def witness(folder, vectors):
    port, config = free_port(), folder / "witness.json"
    witness = [str(BIN / "aics-witness")]
    run = lambda *arguments: subprocess.run([*witness, *arguments], check=True, capture_output=True, text=True)
    key = (folder / "key").read_text().strip()
    run("init", "--config", str(config), "--name", "witness.example.org/w1", "--listen", f"127.0.0.1:{port}")
    run("add-log", "--config", str(config), "--origin", key.split("+")[0], "--vkey", key)
    serving = subprocess.Popen([*witness, "serve", "--config", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        proofs = {(proof["From"], proof["To"]): proof["Proof"] for proof in vectors["Consistency"]}
        sizes = [int(note.split("\n")[1]) for note in vectors["Checkpoints"]]
        before = 0
        for size, note in zip(sizes, vectors["Checkpoints"]):
            status, said = submit(url, before, proofs.get((before, size), []), note)
            assert status == 200 and said.startswith("\u2014 witness.example.org/w1 "), (size, status, said)
            before = size
        for size, note in list(zip(sizes, vectors["Checkpoints"]))[:-1]:
            status, said = submit(url, before, [], note)
            assert status in (400, 409, 422), (size, status, said)
        # A log that was rewritten and signed again.
        status, said = submit(url, before, proofs[tuple(sizes[-2:])], vectors["Forged"])
        assert status in (409, 422), (status, said)
        print(f"aics-witness: cosigned {sizes}; refused {len(sizes) - 1} rollbacks and a fork ({status})")
    finally:
        serving.terminate()
        serving.wait()


def main(folder):
    folder = pathlib.Path(folder)
    vectors = json.loads((folder / "vectors.json").read_text())
    read_tiles(folder, vectors)
    with tempfile.TemporaryDirectory() as own:
        own = pathlib.Path(own)
        (own / "key").write_text((folder / "key").read_text())
        witness(own, vectors)


if __name__ == "__main__":
    main(*sys.argv[1:])
