package mssql_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	emulator "gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/mssql"
)

// typedSide opens a side on the table with all types.
func typedSide(t *testing.T) (*emulator.Server, *mssql.Side) {
	server, address := serve(t, emulator.Options{Tables: []emulator.Table{typed}})
	return server, open(t, address, func(s *mssql.Settings) { s.Models = typedModels(t) })
}

// TestTypesComeBack writes random values of every type, NULL among them, and reads them.
func TestTypesComeBack(t *testing.T) {
	t.Parallel()
	_, side := typedSide(t)
	r := rand.New(rand.NewPCG(1, 2))
	at := func() time.Time {
		return time.Date(1+r.IntN(9998), 1, 1+r.IntN(365), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1e6)*1000, time.UTC)
	}
	words := []string{"", "Größe", " Rand ", "漢字", "😀", "O'Neil; DROP TABLE", "a\nb"}
	for n := range 300 {
		fields := map[string]any{
			"Ja": r.IntN(2) == 1, "Klein": int64(r.IntN(256)), "Kurz": int64(int16(r.Uint32())), "Ganz": int64(int32(r.Uint32())), "Groß": int64(r.Uint64()), "Fließend": float64(r.IntN(1e6)) / 4,
			"Betrag": json.Number(fmt.Sprintf("%d.%04d", r.Int64N(1e16)-5e15, 1+r.IntN(9999))), "Text": words[r.IntN(len(words))], "Länge": strings.Repeat(words[r.IntN(len(words))], r.IntN(3000)),
			"Tag": at().Format(time.DateOnly), "Zeit": at(), "Zone": at(), "Kennung": fmt.Sprintf("%08X-0102-0304-0506-%012X", r.Uint32(), r.Int64N(1<<48)), "Bild": []byte(strings.Repeat("\x00\xff", 1+r.IntN(9000))),
		}
		for name := range fields {
			if n == 0 || r.IntN(5) == 0 {
				fields[name] = nil
			}
		}
		w, err := side.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: typed.Name, Fields: fields})
		if err != nil {
			t.Fatalf("%v: %v", fields, err)
		}
		record, err := side.Read(t.Context(), typed.Name, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range fields {
			got := record.Fields[name]
			if same := transfer.Same(got, want); !same || want != nil && fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
				t.Fatalf("%s: %T %v came back as %T %v", name, want, want, got, got)
			}
		}
	}
}

// TestValuesOfTheOtherSide writes what comes from Odoo or through JSON.
func TestValuesOfTheOtherSide(t *testing.T) {
	t.Parallel()
	_, side := typedSide(t)
	for _, c := range []struct {
		column string
		v      any
		want   any // an error stands for data that cannot be written
	}{
		{"Ja", json.Number("1"), true}, {"Ja", "yes", errors.New("")}, {"Ganz", false, nil}, {"Ganz", json.Number("7"), int64(7)}, {"Ganz", 7.0, int64(7)}, {"Ganz", 7.5, errors.New("")}, {"Ganz", "7", errors.New("")},
		{"Ganz", int64(1 << 40), errors.New("")}, {"Betrag", 12.5, json.Number("12.5000")}, {"Betrag", json.Number("1e2"), json.Number("100.0000")}, {"Betrag", "12,5", errors.New("")}, {"Betrag", int64(3), json.Number("3.0000")},
		{"Text", false, nil}, {"Text", strings.Repeat("ä", 21), errors.New("")}, {"Text", int64(3), errors.New("")}, {"Tag", "2026-05-01", "2026-05-01"}, {"Tag", "2026-05-01 10:00:00", "2026-05-01"}, {"Tag", "1.5.2026", errors.New("")},
		{"Zeit", "2026-05-01 10:00:00", time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)}, {"Zeit", false, nil}, {"Zone", "2026-05-01T10:00:00+02:00", time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)},
		{"Kennung", "no guid", errors.New("")}, {"Kennung", strings.Repeat("x", 36), errors.New("")}, {"Bild", "text", errors.New("")}, {"Bild", nil, nil}, {"X", 1, errors.New("")},
	} {
		w, err := side.Write(t.Context(), transfer.Write{Verb: transfer.Create, Model: typed.Name, Fields: map[string]any{c.column: c.v}})
		if _, fails := c.want.(error); fails {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.Misconfigured {
				t.Errorf("%s %v: %v", c.column, c.v, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %v: %v", c.column, c.v, err)
			continue
		}
		r, err := side.Read(t.Context(), typed.Name, w.ID)
		if got := r.Fields[c.column]; err != nil || !transfer.Same(got, c.want) {
			t.Errorf("%s %v: %v, %v; want %v", c.column, c.v, got, err, c.want)
		}
	}
}

// TestSeventhDigit updates a record whose date has seven digits, as the studio's triggers
// write them: the synchronisation knows six.
func TestSeventhDigit(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 10, 0, 0, 123456700, time.UTC)
	server, address := serve(t, emulator.Options{Now: func() time.Time { return at }})
	side := open(t, address)
	id, err := server.Edit(t.Context(), "dbo.Person", 0, map[string]any{"Name": "Maier", "Titel": "Dr."})
	if err != nil {
		t.Fatal(err)
	}
	r, err := side.Read(t.Context(), "dbo.Person", id)
	if err != nil || !r.WriteDate.Equal(at) {
		t.Fatalf("%+v, %v", r, err)
	}
	seen, later := r.Effective(), at.Add(time.Second)
	if _, err := side.Write(t.Context(), transfer.Write{Verb: transfer.Update, Model: "DBO.person", ID: id, WriteDate: &later, Fields: map[string]any{"Name": "Müller"}, If: &seen}); err != nil {
		t.Fatal(err)
	}
	if row := server.Rows("dbo.Person")[id]; row["Name"] != "Müller" || row["Titel"] != "Dr." || !row["sosync_write_date"].(time.Time).Equal(transfer.Micro(later)) {
		t.Errorf("%v", row)
	}
	if n := server.Stats().Posted["dbo.Person"]; n != 1 {
		t.Errorf("%d jobs were posted; the write of the synchronisation posts none", n)
	}
}

// TestSearchIsExact searches where the collation finds texts equal that are not.
func TestSearchIsExact(t *testing.T) {
	t.Parallel()
	server, address := serve(t, emulator.Options{})
	side := open(t, address)
	var want int64
	for _, name := range []string{"MAIER", "maier", "Maier ", "Maier", "Mayer"} {
		id, err := server.Edit(t.Context(), "dbo.Person", 0, map[string]any{"Name": name})
		if err != nil {
			t.Fatal(err)
		}
		if name == "Maier" {
			want = id
		}
	}
	list, err := side.Search(t.Context(), "dbo.Person", transfer.Query{Equal: map[string]any{"Name": "Maier"}, Most: 1})
	if err != nil || len(list) != 1 || list[0].ID != want {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := side.Search(t.Context(), "dbo.Person", transfer.Query{Equal: map[string]any{"X": 1}, Most: 1}); fault.KindOf(err) != fault.Misconfigured {
		t.Error(err)
	}
}
