package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func TestKindAndCodeSurviveWrapping(t *testing.T) {
	base := fault.Wrap(io.EOF, fault.Throttled, "slow-down", "the index asks to slow down")
	for name, err := range map[string]error{
		"itself": base, "wrapped": fmt.Errorf("page 3: %w", base), "joined": errors.Join(base, io.ErrClosedPipe),
	} {
		if fault.KindOf(err) != fault.Throttled || fault.CodeOf(err) != "slow-down" || !fault.Retryable(err) || !errors.Is(err, io.EOF) {
			t.Errorf("%s: kind %d, code %s", name, fault.KindOf(err), fault.CodeOf(err))
		}
	}
	outer := fault.Wrap(base, fault.Superseded, "gone", "nothing to do")
	if fault.KindOf(outer) != fault.Superseded || fault.Retryable(outer) {
		t.Errorf("the outermost kind counts, got %d", fault.KindOf(outer))
	}
}

func TestNothingStaysNothing(t *testing.T) {
	if err := fault.Wrap(nil, fault.Retry, "x", "y"); err != nil {
		t.Errorf("Wrap(nil) = %#v", err)
	}
}

func TestUnclassifiedIsInternalAndRetryable(t *testing.T) {
	if fault.KindOf(io.EOF) != fault.Internal || fault.CodeOf(io.EOF) != "internal" || !fault.Retryable(io.EOF) {
		t.Error("an error that nobody classified")
	}
}

func TestWithCopies(t *testing.T) {
	e := fault.New(fault.Invalid, "bad", "page %d", 3)
	f := e.WithAfter(time.Second).WithParam("page")
	if e.After != 0 || e.Param != "" || f.After != time.Second || f.Param != "page" || f.Error() != "page 3" {
		t.Errorf("%+v, %+v", e, f)
	}
}
