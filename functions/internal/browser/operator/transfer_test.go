package operator_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings/transfer"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire/wiretest"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	words "gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/transfertest"
)

// openTransfers opens the page of transfers with jobs of each state, which a person with
// a role sees. It returns the jobs' table and the failed job.
func openTransfers(t *testing.T, role string) (*browser.Page, wiretest.Product, *store.Store, int64) {
	t.Helper()
	t.Parallel()
	product := wiretest.Open(t, map[string]string{
		"WINGS": transfer.Name, "TRANSFER_URL": "http://127.0.0.1:1/t", "CLOUD_TASKS_EMULATOR_HOST": wiretest.Queues(t, "transfer"),
	}, transfer.Wing())
	jobs := store.New(product.DB.Pool().DB, sqldb.MySQL, slog.New(slog.DiscardHandler))
	failed := fillTransfers(t.Context(), t, jobs)
	return openWing(t, product, transfer.Name, role), product, jobs, failed
}

// fillTransfers has a job of each state. The names and errors are markup.
func fillTransfers(ctx context.Context, t *testing.T, jobs *store.Store) (failed int64) {
	t.Helper()
	const evil = `<img src=x onerror="document.title='hacked'">`
	var list []words.Draft
	for i := range 8 {
		list = append(list, transfertest.Draft(int64(4711+i), func(j *words.Job) {
			j.Date = words.Micro(time.Now())
			if i%2 == 1 {
				j.System, j.Model = words.Online, "res.partner"
			}
		}))
	}
	ids, err := jobs.Create(ctx, list)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	ok, err := jobs.Hold(ctx, "function worker-1 process 1", "t", time.Hour)
	if must(err); !ok {
		t.Fatal("the lease is held")
	}
	later := words.Micro(time.Now().Add(time.Minute))
	for i, state := range []words.State{words.Failed, words.Retry, words.Done, words.Skipped, words.Failed} {
		j, err := jobs.Claim(ctx, "t", ids[i])
		must(err)
		j.State = state
		j.Trace = words.Trace{
			SourceSystem: "fs", SourceModel: "dbo.Person", SourceID: &j.RecordID, TargetSystem: "fso", TargetModel: "res.partner", SyncTargetID: &ids[0],
			SourceData: `{"Name":"Müller","Plz":"1010"}`, TargetBefore: `{"lastname":"Maier"}`, Request: `{"verb":"update","fields":{"lastname":"Müller"}}`, Answer: words.Text(evil),
		}
		j.AddLog("run 1")
		if state == words.Failed || state == words.Retry {
			j.AddError(words.CodeTransform, "write online: "+evil)
		}
		if state == words.Retry {
			j.RetryAt = &later
		}
		_, err = jobs.Finish(ctx, "t", j)
		must(err)
	}
	_, err = jobs.Archive(ctx, 10)
	must(err)
	_, err = jobs.Claim(ctx, "t", ids[5])
	must(err)
	must(words.Leave(ctx, jobs.Notes, words.NoteWorker, words.Sign{Running: true}))
	return ids[0]
}

// TestTransferPage is an operator's look at transfers: failed jobs with their causes, one
// job with both sides, a retry that the audit names; nothing that axe complains about.
func TestTransferPage(t *testing.T) {
	p, product, jobs, failed := openTransfers(t, "operator")
	reads := func(section, text string) {
		t.Helper()
		p.Until(section+" to say "+text, fmt.Sprintf("document.querySelector(%s).innerText.includes(%s)", browser.Quote(section), browser.Quote(text)))
	}
	reads("#verdict", "2 transfer jobs failed")
	reads("#failed", "<img src=x")
	reads("#queue", "worker-1")
	reads("#open", "running")
	reads("#ended", "skipped")
	p.InEveryForm("transfers")

	t.Log("one job is looked at")
	p.Click(fmt.Sprintf(`#failed [data-key="job-%d"]`, failed))
	for _, text := range []string{"Müller", "Maier", `"verb": "update"`, "<img src=x", "transformation", "run 1"} {
		reads("#dialog", text)
	}
	if browser.Value[bool](p, `document.body.innerText.includes("[object")`) {
		t.Error("an element is shown as text")
	}
	p.Accessible()
	p.Picture("job")
	p.Size(390, 844)
	p.Picture("phone-job")
	p.Size(1280, 900)

	t.Log("it is tried again")
	p.Click(`#dialog [data-key="retry"]`)
	reads("#dialog", fmt.Sprintf("Try job %d again?", failed))
	p.Press(browser.Enter)
	reads("#toast", "is tried again")
	if j, err := jobs.Job(t.Context(), failed); err != nil || j.State != words.New {
		t.Errorf("%+v, %v", j, err)
	}

	t.Log("all are tried again, while the list changes under the pressed button")
	release := p.Hold(`[data-key="retry-all"]`)
	if _, err := product.DB.SQL().ExecContext(t.Context(), "UPDATE transfer_job SET job_error_text = 'changed meanwhile' WHERE job_error_code IS NOT NULL"); err != nil {
		t.Fatal(err)
	}
	reads("#failed", "changed meanwhile")
	release()
	p.Click("#confirm")
	reads("#failed", "No job has failed.")
	p.Click(`[data-key="start"]`)
	p.Click("#confirm")
	reads("#toast", "the worker was woken")
	var acts string
	if err := product.DB.SQL().QueryRowContext(t.Context(), "SELECT GROUP_CONCAT(CONCAT(action, ' ', outcome = 'done') ORDER BY id) FROM sync_audit WHERE who = 'ann' AND via = 'console'").Scan(&acts); err != nil || acts != "retry-transfer 1,retry-transfers 1,start-transfers 1" {
		t.Errorf("the audit: %s, %v", acts, err)
	}
	if browser.Value[string](p, "document.title") == "hacked" {
		t.Error("a text of a job was taken for markup")
	}
}

// TestTransferPageOfAReader offers no acts.
func TestTransferPageOfAReader(t *testing.T) {
	p, _, _, failed := openTransfers(t, "reader")
	p.Until("the list", `document.querySelectorAll("#failed tbody tr").length === 3`)
	p.Click(fmt.Sprintf(`#failed [data-key="job-%d"]`, failed))
	p.Until("the job", `document.querySelector("#dialog").innerText.includes("Maier")`)
	if n := browser.Value[int](p, `[...document.querySelectorAll("button")].filter(b => /again|now/i.test(b.innerText)).length`); n != 0 {
		t.Errorf("a reader is offered %d acts", n)
	}
}
