package rehearsal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// A story is one file of testdata/stories/sync: what goes wrong, written in the words
// below, and what must have become of it. Each is played on a stack of its own,
// whose functions are processes of their own, in a database of its own.
//
// A line is one command; a line that begins with a blank goes on with the line
// before; # begins a comment. A comment that the test prints stands
// at the beginning of a line. TIME is relative to the story's begin, such as
// -10m. N is a number, or a range such as 1..2 or 1.. where both make sense.
//
//	for NAME in VALUE ...        plays the story once for each value of $NAME
//	with NAME=VALUE ...          environment of the functions; comes first
//
//	returns N [TIME]             adds returns 1 to N, each with one item (records
//	                             R1-1 to RN-N), stamped with TIME; default is now
//	sql STATEMENT                what the owner's application writes
//	alter STATEMENT              changes the owner's tables
//	open STATEMENT               the same in a transaction that stays open
//	commit                       commits it
//	server NAME VALUE            sets a global variable of the database server
//	cut                          cuts every connection to the database
//
//	tick [TIME] [xN] [&]         calls the cron function, as the scheduler's tick
//	                             of TIME or, without, as a person; N calls at
//	                             once; & does not wait for the answer
//	schedule TIME                lets the scheduler emulator deliver its tick
//	sync [xN]                    ticks and waits until the run that begins has ended,
//	                             N times; a synced run must move the watermark
//	heal                         ticks until a run that begins from now on is synced
//	settle                       waits until no tick is under way and no task is
//	                             waiting or running
//	await STATE                  waits until the newest run is in STATE
//	await claim STATUS           waits until the claim has the owner's status code
//	await index ID FIELD=VALUE   waits until the index shows it
//	await passed STEP N          waits until a step was reached N times since mark
//	await held STEP              waits until a process is held at a step
//	await answered N             waits until N of the ticks with & were answered
//	await retried N              waits until the queues have planned N attempts after
//	                             failed ones since mark
//	await lapsed                 waits until the lease of the claim has run out
//	lapse                        lets the leases of claim and pages run out now; for
//	                             dead holders only
//	deliver                      dispatches every waiting task now, also a late one
//	post FUNCTION BODY           delivers a task by hand; FUNCTION is window, process
//	search ACCOUNT QUERY         asks the search function
//
//	kill at STEP [NTH]           kills the process that reaches a step of the flow
//	                             (the next time, or the NTH); it is started again
//	hold at STEP [NTH]           holds it there until it is released: slow, not dead
//	release STEP                 waits until a process is held at a step, and lets
//	                             the one go on that has waited the longest
//	kill held at STEP            the same, but kills it
//	kill FUNCTION                kills a function's process now; it is started again
//	tasks JSON                   faults of the queues (emulator/tasks.Faults)
//	scheduler JSON               faults of the scheduler (emulator/scheduler.Faults)
//	index RULES                  faults of the index ([]emulator/algolia.Fault)
//	calm                         ends all faults
//
//	mark                         what is expected below is counted from here
//	expect run STATE             the newest run's state
//	expect runs STATE N          how many runs there are in a state
//	expect COUNT=N ...           the newest run's account: found saved deleted
//	                             unchanged parked operations pages attempts
//	expect error TEXT            the newest run's error contains TEXT
//	expect watermark moved|stays since mark
//	expect window spans DURATION the newest run's window is at least that long
//	expect decided DECISION ...  what the ticks of the last command did, sorted
//	expect answer STATUS [TEXT]  what the last post or search was answered
//	expect found N               how many records the last search found
//	expect index ID FIELD=VALUE ... or absent
//	expect records N             how many records the index holds
//	expect pushes [ID] N         how often a record, or all, went to the index since
//	                             mark, whether the index took them or not
//	expect passed STEP N         how often a step was reached since mark
//	expect parked ID REASON      or none
//
// Nothing waits for a time: a test must hold on a machine that is busy otherwise.
//
// When a story has been played, all faults end and what is under way drains. Then,
// in every story, each kill and hold must have happened, no run may be open, the
// index must hold what the database holds, the ledger what the index holds, every
// account must add up, and no window may begin behind the one before it.
func TestStories(t *testing.T) {
	t.Parallel() // waits most of the time
	files, err := filepath.Glob("../../../testdata/stories/sync/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	atOnce := make(chan struct{}, storiesAtOnce)
	var all sync.WaitGroup
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, c := range castsOf(name, string(archive.Comment)) {
			atOnce <- struct{}{}
			all.Go(func() {
				defer func() { <-atOnce }()
				t.Run(c.name, func(t *testing.T) { play(t, c.script) })
			})
		}
	}
	all.Wait()
}

// storiesAtOnce is how many stories are played at the same time, whatever the
// machine: they wait for leases most of the time.
const storiesAtOnce = 4

// cast is a script with the value of its variable put in.
type cast struct{ name, script string }

// loop is the line that plays a story once for each value.
var loop = regexp.MustCompile(`(?m)^for (\w+) in (.+)$`)

// castsOf returns what a file's script is played as.
func castsOf(name, script string) []cast {
	m := loop.FindStringSubmatch(script)
	if m == nil {
		return []cast{{name, script}}
	}
	script = strings.Replace(script, m[0], "", 1)
	var casts []cast
	for _, value := range strings.Fields(m[2]) {
		casts = append(casts, cast{name + "/" + value, strings.ReplaceAll(script, "$"+m[1], value)})
	}
	return casts
}

// linesOf returns a script's commands; a line that begins with a blank belongs to
// the one before, and an empty line keeps the numbers right.
func linesOf(script string) []string {
	lines := strings.Split(script, "\n")
	last := 0
	for i, line := range lines {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "":
			lines[i] = ""
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"):
			lines[last] += " " + trimmed
			lines[i] = ""
		default:
			lines[i], last = trimmed, i
		}
	}
	return lines
}

// play plays a script.
func play(t *testing.T, script string) {
	began := time.Now()
	s := &story{t: t, began: began.UTC().Truncate(time.Second), pushes: newPushLog()}
	for n, line := range linesOf(script) {
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "#") {
			t.Log(line)
			continue
		}
		if err := s.do(line); err != nil {
			t.Fatalf("line %d: %s\n\t%v\n%s", n+1, line, err, s.situation())
		}
	}
	played := time.Since(began)
	if err := s.finish(); err != nil {
		t.Fatalf("after the story:\n%v\n%s", err, s.situation())
	}
	t.Logf("played in %.1f s, drained and judged in %.1f s", played.Seconds(), (time.Since(began) - played).Seconds())
}

// TestStoryScripts checks the words of every story without playing it, so that a
// misspelt one is named at once.
func TestStoryScripts(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/stories/sync/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	words := (&story{}).commands()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range linesOf(string(text)) {
			word, _, _ := strings.Cut(line, " ")
			if line == "" || line[0] == '#' || word == "for" || words[word] != nil {
				continue
			}
			t.Errorf("%s:%d: unknown command %q", filepath.Base(file), n+1, word)
		}
	}
}
