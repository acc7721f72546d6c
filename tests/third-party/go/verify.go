// Verifies a log's checkpoints and proofs with Go's own sumdb/note and sumdb/tlog, and that they refuse each with any one bit changed.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go vectors.json
//
// The packages are Debian's golang-go and golang-golang-x-mod-dev. The vectors are written by storage/tests/it/strangers.rs.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type vectors struct {
	Key         string
	Records     [][]byte
	Checkpoints []string
	Inclusion   []struct {
		Size, Index int64
		Proof       tlog.RecordProof
	}
	Consistency []struct {
		From, To int64
		Proof    tlog.TreeProof
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// open verifies a note and reads the checkpoint in it.
func open(text []byte, known note.Verifiers) (tlog.Tree, error) {
	opened, err := note.Open(text, known)
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != opened.Sigs[0].Name {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// refused calls try with each bit of the bytes changed, and counts; a change that the bytes do not show, as unused bits of base64, is not one.
func refused(what string, data []byte, try func([]byte) error, same func([]byte) bool) int {
	count := 0
	for at := range data {
		for bit := 0; bit < 8; bit++ {
			changed := append([]byte(nil), data...)
			changed[at] ^= 1 << bit
			if same(changed) {
				continue
			}
			if try(changed) == nil {
				check(fmt.Errorf("%s is accepted with bit %d of byte %d changed", what, bit, at))
			}
			count++
		}
	}
	return count
}

// signature decodes the signature of a note with one.
func signature(text []byte) []byte {
	fields := strings.Fields(string(text))
	decoded, _ := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	return decoded
}

func never([]byte) bool { return false }

func main() {
	data, err := os.ReadFile(os.Args[1])
	check(err)
	var v vectors
	check(json.Unmarshal(data, &v))
	verifier, err := note.NewVerifier(v.Key)
	check(err)
	known := note.VerifierList(verifier)
	roots, bits := map[int64]tlog.Hash{}, 0
	for _, text := range v.Checkpoints {
		tree, err := open([]byte(text), known)
		check(err)
		roots[tree.N] = tree.Hash
		try := func(changed []byte) error { _, err := open(changed, known); return err }
		at := strings.LastIndexByte(text, ' ') + 1
		same := func(changed []byte) bool {
			return string(changed[:at]) == text[:at] && changed[len(changed)-1] == '\n' && bytes.Equal(signature(changed), signature([]byte(text)))
		}
		bits += refused("a checkpoint", []byte(text), try, same)
	}
	for _, p := range v.Inclusion {
		record := v.Records[p.Index]
		check(tlog.CheckRecord(p.Proof, p.Size, roots[p.Size], p.Index, tlog.RecordHash(record)))
		bits += refused("a record", record, func(changed []byte) error {
			return tlog.CheckRecord(p.Proof, p.Size, roots[p.Size], p.Index, tlog.RecordHash(changed))
		}, never)
		for i := range p.Proof {
			bits += refused("an inclusion proof", p.Proof[i][:], func(changed []byte) error {
				proof := append(tlog.RecordProof(nil), p.Proof...)
				copy(proof[i][:], changed)
				return tlog.CheckRecord(proof, p.Size, roots[p.Size], p.Index, tlog.RecordHash(record))
			}, never)
		}
	}
	for _, p := range v.Consistency {
		check(tlog.CheckTree(p.Proof, p.To, roots[p.To], p.From, roots[p.From]))
		for i := range p.Proof {
			bits += refused("a consistency proof", p.Proof[i][:], func(changed []byte) error {
				proof := append(tlog.TreeProof(nil), p.Proof...)
				copy(proof[i][:], changed)
				return tlog.CheckTree(proof, p.To, roots[p.To], p.From, roots[p.From])
			}, never)
		}
	}
	fmt.Printf("%d checkpoints, %d inclusion and %d consistency proofs accepted; refused with each of %d bits changed\n",
		len(v.Checkpoints), len(v.Inclusion), len(v.Consistency), bits)
}
