package exchangetest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// list returns a report's results without what may differ between two runs.
func list(r exchange.Report) []exchange.Result {
	results := slices.Clone(r.Results)
	for i := range results {
		results[i].Duration = 0
	}
	return results
}

// outcome returns the only result of a report.
func outcome(t testing.TB, r exchange.Report) exchange.Result {
	t.Helper()
	if r.Error != "" || len(r.Results) != 1 {
		t.Fatalf("%q, %+v; want one result", r.Error, r.Results)
	}
	return r.Results[0]
}

// RunSessions is the suite of sessions that every server's tables pass. open returns
// empty tables; activities returns those of tables, oldest first.
func RunSessions(t *testing.T, open func(t *testing.T) Tables, activities func(Tables) []exchange.Activity) {
	world := func(t *testing.T) *World { return NewWorld(t, open(t), open(t)) }
	t.Run("the first sync brings everything, the second nothing", func(t *testing.T) { firstAndSecond(t, world(t), activities) })
	t.Run("changes cross", func(t *testing.T) { changesCross(t, world(t)) })
	t.Run("metadata crosses, also where the plain hash is equal", func(t *testing.T) { metadataCrosses(t, world(t)) })
	t.Run("a large grain comes in parts", func(t *testing.T) { largeGrain(t, world(t)) })
	t.Run("a run without update lists what the real run does", func(t *testing.T) { withoutUpdate(t, world(t), activities) })
	t.Run("flags are those of the document", func(t *testing.T) { flags(t, world(t), activities) })
	t.Run("an inactive company reads nothing", func(t *testing.T) { inactiveCompany(t, world(t)) })
	t.Run("a locked slice is waited for", func(t *testing.T) { locked(t, world(t)) })
	t.Run("an interrupted sync goes on where it ended", func(t *testing.T) { resumes(t, world(t)) })
	t.Run("subscriptions come, change their id, vanish and return", func(t *testing.T) { subscriptionsChange(t, world(t), activities) })
	t.Run("a slice of our own is not taken over", func(t *testing.T) { ownSlice(t, world(t)) })
	t.Run("a slice that fails does not stop the others", func(t *testing.T) { oneFails(t, world(t), activities) })
}

func firstAndSecond(t *testing.T, w *World, activities func(Tables) []exchange.Activity) {
	a, b := w.Publish("rotors", 700, 300), w.Publish("pads", 0, 0)
	r := w.Sync(false)
	if !r.OK() || len(r.Results) != 2 {
		t.Fatalf("%+v", r)
	}
	pads, rotors := r.Results[0], r.Results[1]
	if rotors.Outcome != exchange.OutcomeSynced || rotors.Added != 700 || !rotors.New || rotors.Bytes < 700*300 || pads.Outcome != exchange.OutcomeUnchanged {
		t.Errorf("%+v", r.Results)
	}
	if w.Came.Grains != 700 || w.Came.Bytes != rotors.Bytes || w.Came.Slice != "rotors" || w.Came.Partner.ID != w.Publisher.ID {
		t.Errorf("the last progress is %+v", w.Came)
	}
	w.Same(a.SliceID)
	w.Same(b.SliceID)
	held, _, err := w.Secondary.Held(t.Context(), w.Publisher.ID)
	w.Must(err)
	if len(held) != 2 || held[1].CompanyID != w.Publisher.ID || held[1].Slice.Hash != rotors.Hash || held[1].Slice.Count != 700 || held[1].Slice.Status != exchange.StatusSuccess {
		t.Errorf("%+v", held)
	}
	for _, result := range w.Sync(false).Results {
		if result.Outcome != exchange.OutcomeUnchanged || result.Bytes != 0 {
			t.Errorf("again: %+v", result)
		}
	}
	there, here := activities(w.Primary), activities(w.Secondary)
	if len(there) != 4 || len(here) != 2 {
		t.Fatalf("%d activities there, %d here", len(there), len(here))
	}
	if one := there[1]; !one.Success || one.CompanyID != w.Receiver.ID || one.SubID != a.ID || one.Message != `Slice "rotors"` || one.Duration <= 0 || one.Added != 700 || one.Bytes != rotors.Bytes {
		t.Errorf("there: %+v", one)
	}
	if one := here[0]; !one.Success || one.CompanyID != w.Publisher.ID || one.SubID != exchange.First || one.Message != `Syncing "abc brakes" (https://abc.example)` || one.Added != 700 || one.Bytes != rotors.Bytes {
		t.Errorf("here: %+v", one)
	}
}

func changesCross(t *testing.T, w *World) {
	sub := w.Publish("rotors", 300, 50)
	w.Sync(false)
	changed := Grains(sub.SliceID, 100, 3, 80) // other content under known keys
	w.Must(w.Primary.AddGrains(t.Context(), sub.SliceID, append(changed, Grains(sub.SliceID, 300, 2, 50)...), true))
	r := outcome(t, w.Sync(false))
	if r.Outcome != exchange.OutcomeSynced || r.Added != 5 || r.Removed != 3 || r.Count != 302 {
		t.Errorf("%+v", r)
	}
	w.Same(sub.SliceID)
}

func metadataCrosses(t *testing.T, w *World) {
	sub := w.Publish("rotors", 10, 50)
	w.Sync(false)
	for _, meta := range []map[string]string{{"ab": "c"}, {"a": "bc"}, nil} {
		slice := *sub.Slice
		slice.Metadata = meta
		w.Must(w.Primary.UpdateSlice(t.Context(), slice))
		r := outcome(t, w.Sync(false))
		if r.Outcome != exchange.OutcomeSynced || r.Added+r.Removed != 0 || r.Error != "" {
			t.Errorf("%v: %+v", meta, r)
		}
		there, err := w.Primary.Subscribed(t.Context(), w.Receiver.ID, sub.SliceID)
		w.Must(err)
		held, _, err := w.Secondary.Held(t.Context(), w.Publisher.ID)
		w.Must(err)
		if held[0].Slice.Digest != there.Digest || held[0].Slice.Hash != there.Hash {
			t.Errorf("%v: the proofs differ", meta)
		}
	}
}

func largeGrain(t *testing.T, w *World) {
	sub := w.Publish("files", 3, 50)
	payload := strings.Repeat("a€\x01\"", 200_000) // characters of one to three bytes, and such that grow when they are escaped
	g := exchange.Grain{ID: exchange.NewID(), SliceID: sub.SliceID, Key: "large", Encoding: exchange.EncodingRaw, Payload: payload}
	w.Must(w.Primary.AddGrains(t.Context(), sub.SliceID, []exchange.Grain{g}, false))
	if r := outcome(t, w.Sync(false)); r.Outcome != exchange.OutcomeSynced || r.Added != 4 {
		t.Errorf("%+v", r)
	}
	w.Same(sub.SliceID)
	if w.FromPrimary.Largest > exchange.MaxFrame {
		t.Errorf("a frame of %d bytes was sent", w.FromPrimary.Largest)
	}
}

func withoutUpdate(t *testing.T, w *World, activities func(Tables) []exchange.Activity) {
	compare := func(step string) {
		t.Helper()
		before := activities(w.Secondary)
		held, names, err := w.Secondary.Held(t.Context(), w.Publisher.ID)
		w.Must(err)
		dry := w.Sync(true)
		heldAfter, namesAfter, err := w.Secondary.Held(t.Context(), w.Publisher.ID)
		w.Must(err)
		if diff := cmp.Diff([]any{before, held, names}, []any{activities(w.Secondary), heldAfter, namesAfter}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: the run without update changed:\n%s", step, diff)
		}
		there := activities(w.Primary)
		if len(there) == 0 || !there[len(there)-1].Test {
			t.Errorf("%s: the primary does not know that it was a test", step)
		}
		wet := w.Sync(false)
		if diff := cmp.Diff(list(dry), list(wet)); diff != "" || dry.Error != wet.Error {
			t.Errorf("%s: the lists differ (-without +with update):\n%s", step, diff)
		}
		if there := activities(w.Primary); there[len(there)-1].Test {
			t.Errorf("%s: the real run counts as a test", step)
		}
	}
	a, b, c := w.Publish("rotors", 200, 100), w.Publish("pads", 20, 100), w.Publish("belts", 5, 100)
	compare("first")
	w.Must(w.Primary.AddGrains(t.Context(), a.SliceID, Grains(a.SliceID, 50, 10, 120), true))
	b.Active = false
	w.Must(w.Primary.UpdateSubscription(t.Context(), b))
	w.Must(w.Primary.DeleteSubscription(t.Context(), c.ID))
	slice := *a.Slice
	slice.Metadata = map[string]string{"version": "2"}
	w.Must(w.Primary.UpdateSlice(t.Context(), slice))
	compare("changed")
	slice.AllowSync = false
	w.Must(w.Primary.UpdateSlice(t.Context(), slice))
	w.Must(w.Primary.AddGrains(t.Context(), a.SliceID, Grains(a.SliceID, 900, 1, 10), false))
	compare("locked")
}

func flags(t *testing.T, w *World, activities func(Tables) []exchange.Activity) {
	sub := w.Publish("rotors", 5, 50)
	set := func(tables Tables, active bool) {
		t.Helper()
		row := sub
		row.Active = active
		w.Must(tables.UpdateSubscription(t.Context(), row))
	}
	want := func(step, outcomeWanted string, there, here bool) {
		t.Helper()
		r := outcome(t, w.Sync(false))
		theirs, err := w.Primary.AllSubscriptions(t.Context(), nil)
		w.Must(err)
		ours, err := w.Secondary.AllSubscriptions(t.Context(), nil)
		w.Must(err)
		if r.Outcome != outcomeWanted || theirs[0].Active != there || ours[0].Active != here {
			t.Errorf("%s: %s, active there %v, here %v", step, r.Outcome, theirs[0].Active, ours[0].Active)
		}
	}
	want("new", exchange.OutcomeSynced, true, true)
	set(w.Primary, false)
	want("off there", exchange.OutcomeDeactivated, false, false)
	if all := activities(w.Secondary); !slices.ContainsFunc(all, func(a exchange.Activity) bool {
		return a.SubID == sub.ID && !a.Success && a.Message == "deactivated by primary"
	}) {
		t.Errorf("no activity says so: %+v", all)
	}
	set(w.Primary, true)
	want("on there", exchange.OutcomeInactive, true, false)
	set(w.Secondary, true)
	want("on here", exchange.OutcomeUnchanged, true, true)
	set(w.Secondary, false)
	want("off here", exchange.OutcomeInactive, true, false)
}

func inactiveCompany(t *testing.T, w *World) {
	sub := w.Publish("rotors", 5, 50)
	other := exchange.Company{ID: exchange.NewID(), Name: "closed", Active: false}
	w.Must(w.Primary.CreateCompany(t.Context(), other))
	w.Must(w.Primary.CreateSubscription(t.Context(), exchange.Subscription{ID: exchange.NewID(), SliceID: sub.SliceID, CompanyID: other.ID, Name: "closed", Active: true}))
	for _, company := range []exchange.ID{other.ID, exchange.NewID()} {
		if state, err := w.Primary.Subscribed(t.Context(), company, sub.SliceID); err == nil {
			t.Errorf("it reads %+v", state)
		}
		if err := w.Primary.Allowed(t.Context(), company, sub.SliceID); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("it is allowed to read: %v", err)
		}
	}
	w.Must(w.Primary.Allowed(t.Context(), w.Receiver.ID, sub.SliceID))
}

func locked(t *testing.T, w *World) {
	sub := w.Publish("rotors", 5, 50)
	slice := *sub.Slice
	lock := func(allow bool) {
		slice.AllowSync = allow
		w.Must(w.Primary.UpdateSlice(t.Context(), slice))
	}
	lock(false)
	if r := outcome(t, w.Sync(false)); r.Outcome != exchange.OutcomeLocked || len(w.Waits) != 2 || w.Content(sub.SliceID) != "" {
		t.Errorf("locked: %+v after %v", r, w.Waits)
	}
	w.WhileWaiting = func() { lock(true) }
	if r := outcome(t, w.Sync(false)); r.Outcome != exchange.OutcomeSynced || len(w.Waits) != 3 {
		t.Errorf("unlocked while waiting: %+v after %v", r, w.Waits)
	}
	lock(false)
	if r := outcome(t, w.Sync(false)); r.Outcome != exchange.OutcomeUnchanged || r.Error != "" {
		t.Errorf("locked and unchanged: %+v", r)
	}
}

func resumes(t *testing.T, w *World) {
	sub := w.Publish("rotors", 3000, 1000)
	cut := errors.New("the line is cut")
	batches := 0
	w.PrimaryEnd = func(e *End) {
		e.BeforeSend = func(frame []byte) error {
			if strings.Contains(string(frame), `"grains"`) {
				if batches++; batches > 30 {
					return cut
				}
			}
			return nil
		}
	}
	if r := w.Sync(false); r.Error == "" || w.Content(sub.SliceID) != "" {
		t.Fatalf("it was not interrupted, or left half of the content: %+v", r)
	}
	w.PrimaryEnd = nil
	r := outcome(t, w.Sync(false))
	if r.Outcome != exchange.OutcomeSynced || r.Added != 3000 || r.Bytes > 2_000_000 || r.Bytes < 500_000 {
		t.Errorf("%+v", r)
	}
	w.Same(sub.SliceID)
}

func subscriptionsChange(t *testing.T, w *World, activities func(Tables) []exchange.Activity) {
	ctx := t.Context()
	w.Must(w.Secondary.CreateSlice(ctx, exchange.Slice{ID: exchange.NewID(), Name: "rotors", Type: exchange.DefaultType}))
	a := w.Publish("rotors", 5, 50)
	w.Sync(false)
	held, _, err := w.Secondary.Held(ctx, w.Publisher.ID)
	w.Must(err)
	if len(held) != 1 || held[0].Name != "rotors" || held[0].Slice.Name != "rotors ("+a.SliceID.String()+")" {
		t.Fatalf("a name that clashes: %+v", held)
	}
	w.Must(w.Primary.DeleteSubscription(ctx, a.ID))
	if r := outcome(t, w.Sync(false)); r.Outcome != exchange.OutcomeVanished {
		t.Errorf("vanished: %+v", r)
	}
	w.Same(a.SliceID)
	if r := w.Sync(false); len(r.Results) != 0 {
		t.Errorf("it vanishes twice: %+v", r)
	}
	old := a.ID
	a.ID = exchange.NewID()
	w.Must(w.Primary.CreateSubscription(ctx, a))
	w.Must(w.Primary.AddGrains(ctx, a.SliceID, Grains(a.SliceID, 5, 1, 50), false))
	if r := outcome(t, w.Sync(false)); r.Outcome != exchange.OutcomeSynced || r.Added != 1 || r.Subscription != a.ID {
		t.Errorf("recreated: %+v", r)
	}
	w.Same(a.SliceID)
	held, _, err = w.Secondary.Held(ctx, w.Publisher.ID)
	w.Must(err)
	if len(held) != 1 || held[0].ID != a.ID || held[0].ID == old || held[0].Vanished {
		t.Errorf("%+v", held)
	}
	vanished := 0
	for _, activity := range activities(w.Secondary) {
		if strings.Contains(activity.Message, "no longer listed") {
			vanished++
		}
	}
	if vanished != 1 {
		t.Errorf("%d activities say that it vanished", vanished)
	}
}

// ownSlice has a primary publish a slice under the id of one that the secondary has from
// nobody: it stays as it is, and the other slices are synced.
func ownSlice(t *testing.T, w *World) {
	bad, good := w.Publish("pads", 6, 50), w.Publish("rotors", 5, 50)
	w.Must(w.Secondary.CreateSlice(t.Context(), exchange.Slice{ID: bad.SliceID, Name: "our own", Type: exchange.DefaultType}))
	w.Must(w.Secondary.AddGrains(t.Context(), bad.SliceID, Grains(bad.SliceID, 100, 3, 20), false))
	before := w.Content(bad.SliceID)
	for range 2 {
		r := w.Sync(false)
		if r.Failures() != 1 || len(r.Results) != 2 || !strings.Contains(r.Results[0].Error, "not from this partner") || w.Content(bad.SliceID) != before {
			t.Errorf("%+v", r)
		}
	}
	w.Same(good.SliceID)
}

func oneFails(t *testing.T, w *World, activities func(Tables) []exchange.Activity) {
	w.Publish("belts", 5, 50)
	bad := w.Publish("pads", 6, 50)
	good := w.Publish("rotors", 5, 50)
	w.PrimaryEnd = func(e *End) {
		e.Alter = func(frame []byte) [][]byte {
			return [][]byte{[]byte(strings.Replace(string(frame), `"content_count":6,"allow_sync"`, `"content_count":7,"allow_sync"`, 1))}
		}
	}
	r := w.Sync(false)
	if r.Error != "" || r.Failures() != 1 || len(r.Results) != 3 || r.Results[1].Outcome != exchange.OutcomeFailed || r.Results[2].Outcome != exchange.OutcomeSynced {
		t.Fatalf("%+v", r)
	}
	if w.Content(bad.SliceID) != "" {
		t.Error("the bad slice has content")
	}
	w.Same(good.SliceID)
	for name, tables := range map[string]Tables{"primary": w.Primary, "secondary": w.Secondary} {
		if !slices.ContainsFunc(activities(tables), func(a exchange.Activity) bool { return a.SubID == bad.ID && !a.Success && a.Error != "" }) {
			t.Errorf("the %s keeps no activity of the failure", name)
		}
	}
	w.PrimaryEnd = nil
	if r := w.Sync(false); !r.OK() || r.Results[1].Outcome != exchange.OutcomeSynced {
		t.Errorf("afterwards: %+v", r)
	}
}
