package exchange_test

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the public program's hash
	"encoding/hex"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/exchangetest"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

var quiet = slog.New(slog.DiscardHandler)

// randomIDs returns n ascending ids. narrow ids share a long prefix, as those that
// count up do.
func randomIDs(r *rand.Rand, n int, narrow bool) []exchange.ID {
	set := map[exchange.ID]bool{}
	for len(set) < n {
		var id exchange.ID
		for i := range id {
			if !narrow || i > 12 {
				id[i] = byte(r.Uint32())
			}
		}
		if id != exchange.First {
			set[id] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b exchange.ID) int { return bytes.Compare(a[:], b[:]) })
}

// TestHashIsThePublicPrograms computes the hash as its description says, by other
// means.
func TestHashIsThePublicPrograms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 20 {
		ids, meta := randomIDs(r, n, false), map[string]string{}
		for i := range n % 4 {
			meta[fmt.Sprintf("key%d", 9-i)] = fmt.Sprintf("välue%d", i)
		}
		var text string
		for _, id := range ids {
			raw, _ := hex.DecodeString(strings.ReplaceAll(id.String(), "-", ""))
			text += string(raw)
		}
		keys := slices.Collect(maps.Keys(meta))
		sort.Strings(keys)
		for _, key := range keys {
			text += key + meta[key]
		}
		want := fmt.Sprintf("%x", sha1.Sum([]byte(text))) //nolint:gosec // the public program's hash
		if text == "" {
			want = ""
		}
		if got, err := exchange.Prove(exchange.Each(ids), meta); err != nil || got.Hash != want || got.Count != n {
			t.Errorf("%d: %+v, %v; want %s", n, got, err, want)
		}
	}
}

// TestDigestSeparates holds contents apart whose plain hash is one.
func TestDigestSeparates(t *testing.T) {
	prove := func(ids []exchange.ID, meta map[string]string) exchange.Proof {
		t.Helper()
		p, err := exchange.Prove(exchange.Each(ids), meta)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a, b := prove(nil, map[string]string{"ab": "c"}), prove(nil, map[string]string{"a": "bc"})
	if a.Hash != b.Hash || a.Digest == b.Digest || a.Equal(b) {
		t.Errorf("%+v and %+v", a, b)
	}
	id := exchange.ID([]byte("0123456789abcdef"))
	c, d := prove([]exchange.ID{id}, nil), prove(nil, map[string]string{"01234567": "89abcdef"})
	if c.Hash != d.Hash || c.Digest == d.Digest || c.Equal(d) {
		t.Errorf("%+v and %+v", c, d)
	}
	c.Digest = ""
	if !c.Equal(prove([]exchange.ID{id}, nil)) {
		t.Error("a proof of the public program does not compare")
	}
	if _, err := exchange.Prove(exchange.Each([]exchange.ID{id, id}), nil); err == nil {
		t.Error("an id twice was proven")
	}
}

// TestDifferFindsEveryDifference compares two sets with ids added, removed or both,
// of even and of narrow ids, and demands that the differences are those of the sets.
func TestDifferFindsEveryDifference(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		all := randomIDs(r, 1+r.IntN(3000), seed%2 == 0)
		var there, here, adds, deletes []exchange.ID
		odds := 1 + r.IntN(200)
		for _, id := range all {
			switch r.IntN(odds) {
			case 0:
				there, adds = append(there, id), append(adds, id)
			case 1:
				here, deletes = append(here, id), append(deletes, id)
			default:
				there, here = append(there, id), append(here, id)
			}
		}
		pieces, err := exchange.Cut(exchange.Whole, len(there), exchange.Each(there))
		if err != nil || len(pieces) > exchange.FanOut {
			t.Fatalf("%d pieces, %v", len(pieces), err)
		}
		differences, err := exchange.Differ(exchange.Whole, pieces, exchange.Each(here))
		if err != nil {
			t.Fatal(err)
		}
		var gotAdds, gotDeletes []exchange.ID
		within := func(ids []exchange.ID, r exchange.Range) (list []exchange.ID) {
			for _, id := range ids {
				if bytes.Compare(r.After[:], id[:]) < 0 && bytes.Compare(id[:], r.Upto[:]) <= 0 {
					list = append(list, id)
				}
			}
			return list
		}
		for _, d := range differences {
			var b []exchange.ID
			a, err := exchange.Diff(within(there, d.Range), exchange.Each(within(here, d.Range)), func(id exchange.ID) error {
				b = append(b, id)
				return nil
			})
			if err != nil || len(a)+len(b) == 0 {
				t.Fatalf("a piece without a difference, or %v", err)
			}
			if d.There != len(within(there, d.Range)) || d.Here != len(within(here, d.Range)) {
				t.Fatalf("the counts %+v are wrong", d)
			}
			gotAdds, gotDeletes = append(gotAdds, a...), append(gotDeletes, b...)
		}
		if diff := cmp.Diff([][]exchange.ID{adds, deletes}, [][]exchange.ID{gotAdds, gotDeletes}); diff != "" {
			t.Fatalf("seed %d:\n%s", seed, diff)
		}
	}
}

func TestPiecesHaveToCover(t *testing.T) {
	ids := randomIDs(rand.New(rand.NewPCG(4, 4)), 600, false)
	good, err := exchange.Cut(exchange.Whole, 600, exchange.Each(ids))
	if err != nil {
		t.Fatal(err)
	}
	for name, pieces := range map[string][]exchange.Piece{
		"none": nil, "an end before the range's": good[:len(good)-1], "twice": append(slices.Clone(good), good[len(good)-1]),
		"out of order": append([]exchange.Piece{good[1], good[0]}, good[2:]...), "too many": slices.Repeat(good, 2),
	} {
		if _, err := exchange.Differ(exchange.Whole, pieces, exchange.Each(ids)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// listing is tables with one slice of which only the ids are kept.
type listing struct {
	*exchangetest.Memory
	ids   []exchange.ID
	state exchange.State
	grain exchange.Grain
}

// within returns the ids of a range.
func (l *listing) within(r exchange.Range) []exchange.ID {
	behind := func(id exchange.ID) int {
		return sort.Search(len(l.ids), func(i int) bool { return bytes.Compare(l.ids[i][:], id[:]) > 0 })
	}
	return l.ids[behind(r.After):behind(r.Upto)]
}

func (l *listing) IDs(_ context.Context, _ exchange.ID, r exchange.Range) iter.Seq2[exchange.ID, error] {
	return exchange.Each(l.within(r))
}

func (l *listing) Count(_ context.Context, _ exchange.ID, r exchange.Range) (int, error) {
	return len(l.within(r)), nil
}

func (l *listing) Subscribed(context.Context, exchange.ID, exchange.ID) (exchange.State, error) {
	return l.state, nil
}

func (l *listing) Read(_ context.Context, _ exchange.ID, _ []exchange.ID, fn func(exchange.Grain) error) error {
	return fn(l.grain)
}

// TestOneChangedGrainInAMillion counts frames and bytes of a session that finds one
// grain with new content among a million.
func TestOneChangedGrainInAMillion(t *testing.T) {
	const million = 1_000_000
	primary, secondary := &listing{Memory: exchangetest.NewMemory()}, &listing{Memory: exchangetest.NewMemory()}
	w := exchangetest.NewWorld(t, primary, secondary)
	sub := w.Publish("rotors", 0, 0)
	secondary.ids = randomIDs(rand.New(rand.NewPCG(5, 5)), million, false)
	primary.grain = exchangetest.Grains(sub.SliceID, 0, 1, 1000)[0]
	changed := slices.Delete(slices.Clone(secondary.ids), 777_777, 777_778)
	at := sort.Search(len(changed), func(i int) bool { return bytes.Compare(changed[i][:], primary.grain.ID[:]) > 0 })
	primary.ids = slices.Insert(changed, at, primary.grain.ID)
	proof, err := exchange.Prove(exchange.Each(primary.ids), nil)
	w.Must(err)
	primary.state = exchange.State{Proof: proof, AllowSync: true}
	r := w.Sync(true)
	if !r.OK() || r.Results[0].Added != 1 || r.Results[0].Removed != 1 || r.Results[0].Count != million {
		t.Fatalf("%+v", r)
	}
	// begin, subscriptions, slice, done and end are of every session.
	frames, size := w.FromPrimary.Frames+w.FromSec.Frames, w.FromPrimary.Bytes+w.FromSec.Bytes
	found := frames - 1 - 2 - 2 - 2 - 2
	t.Logf("%d frames, %d of them find and fetch the grain; %d bytes in all, the largest frame %d", frames, found, size, w.FromPrimary.Largest)
	if found > 10 || size > 256<<10 || w.FromPrimary.Largest > 64<<10 {
		t.Error("want at most 10 frames, 256 KiB in all and 64 KiB a frame")
	}
}

func TestGrainID(t *testing.T) {
	slice := exchange.NewID()
	id := exchange.GrainID(slice, "R1-2", []byte("content"))
	if id.Version() != 5 || id != exchange.GrainID(slice, "R1-2", []byte("content")) {
		t.Errorf("%s", id)
	}
	for name, other := range map[string]exchange.ID{
		"content": exchange.GrainID(slice, "R1-2", []byte("other")), "key": exchange.GrainID(slice, "R1-3", []byte("content")),
		"slice": exchange.GrainID(exchange.NewID(), "R1-2", []byte("content")),
	} {
		if other == id {
			t.Errorf("another %s has the same id", name)
		}
	}
}

func TestFilesSurvive(t *testing.T) {
	content := bytes.Repeat([]byte("a file of a supplier\x00\xff"), 1000)
	g, err := exchange.FileGrain(exchange.NewID(), "rotors.xml", content)
	if err != nil || strings.HasSuffix(g.Payload, "=") || g.Key != exchange.Level1Key {
		t.Fatalf("%+v, %v", g.Key, err)
	}
	for _, padding := range []string{"", "=", "=="} {
		padded := g
		padded.Payload += padding
		var out bytes.Buffer
		if n, err := padded.WriteTo(&out); err != nil || n != int64(len(content)) || !bytes.Equal(out.Bytes(), content) {
			t.Errorf("%q: %d bytes, %v", padding, n, err)
		}
	}
	for _, bad := range []exchange.Grain{{Encoding: "z64", Payload: "QUJD"}, {Encoding: "b64", Payload: "*"}, {Encoding: "a85", Payload: "x"}} {
		if _, err := bad.WriteTo(&bytes.Buffer{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestChoose(t *testing.T) {
	abc := exchange.Company{ID: exchange.NewID(), Name: "abc brakes"}
	xyz := exchange.Company{ID: exchange.NewID(), Name: "acme-rotors"}
	rotors := exchange.Subscription{ID: exchange.NewID(), Name: "acme-rotors", CompanyID: abc.ID}
	pads := exchange.Subscription{ID: exchange.NewID(), Name: "pads", CompanyID: abc.ID}
	named := exchange.Subscription{ID: exchange.NewID(), Name: "2bea8308-1840-4802-ad38-72b53e31594c", CompanyID: xyz.ID}
	for text, want := range map[string]exchange.Choice{
		abc.ID.String(): {Company: abc.ID}, "PADS ": {Company: abc.ID, Sub: pads.ID}, "ABC Brakes": {Company: abc.ID}, named.Name: {Company: xyz.ID, Sub: named.ID},
	} {
		if got, err := exchange.Choose(text, []exchange.Company{abc, xyz}, []exchange.Subscription{rotors, pads, named}); got != want || err != nil {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	_, err := exchange.Choose("acme-rotors", []exchange.Company{abc, xyz}, []exchange.Subscription{rotors, pads})
	if err == nil || !strings.Contains(err.Error(), rotors.ID.String()) || !strings.Contains(err.Error(), xyz.ID.String()) {
		t.Errorf("two matches: %v", err)
	}
	if _, err := exchange.Choose("nobody", nil, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}

// TestForeignSlices refuses a slice that another partner's subscription holds.
func TestForeignSlices(t *testing.T) {
	primary, other := exchange.NewID(), exchange.NewID()
	slice := &exchange.Slice{ID: exchange.NewID(), Name: "rotors", Type: exchange.DefaultType}
	sub := exchange.Subscription{ID: exchange.NewID(), SliceID: slice.ID, Name: "rotors", Active: true, Slice: slice}
	p := exchange.PlanOf(primary, []exchange.Subscription{sub}, nil, exchange.Names{Holders: map[exchange.ID]exchange.ID{slice.ID: other}})
	if len(p.Foreign) != 1 || len(p.Add)+len(p.Sync) != 0 {
		t.Errorf("%+v", p)
	}
}

// FuzzFrames demands that every frame that is read can be written, is read again alike
// and written again to the same bytes, and that limits hold. An empty list and an absent
// one are alike: Encode writes neither, and nothing asks which of the two came.
func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		`{"action":"begin","begin":{"server":"2bea8308-1840-4802-ad38-72b53e31594c","version":1}}`, `{"action":"ids","id":1,"ids":"AAAAAAAAAAAAAAAAAAAAAA=="}`,
		`{"action":"grains","id":3,"part":{"grain":{"id":"2bea8308-1840-4802-ad38-72b53e31594c","payload":"\u0000"},"text":"\ud800"}}`, `{"action":"pieces","pieces":[{}]}`, `[]`,
		// Lists that are there and empty.
		`{"action":"ids","ids":""}`, `{"action":"pieces","pieces":[],"subscriptions":[],"grains":[]}`, `{"action":"slice","state":{"metadata":{}}}`,
		`{"action":"subscriptions","subscriptions":[{"slice":{"metadata":{},"tags":[]}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := exchange.ParseFrame(data)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.TooLarge {
				t.Errorf("kind %d: %v", kind, err)
			}
			return
		}
		if len(frame.IDs) > exchange.MaxIDs || frame.Action == "" {
			t.Error("a limit does not hold")
		}
		encoded, err := frame.Encode()
		if err != nil {
			t.Skip() // a time that JSON cannot write
		}
		again, err := exchange.ParseFrame(encoded)
		if err != nil && len(encoded) <= exchange.MaxFrame {
			t.Fatal(err)
		}
		if err == nil {
			if diff := cmp.Diff(frame, again, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if second, err := again.Encode(); err != nil || !bytes.Equal(second, encoded) {
				t.Errorf("written again: %s, %v\nfirst: %s", second, err, encoded)
			}
		}
	})
}
