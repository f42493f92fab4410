package fault_test

import (
	"context"
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

// TestJoinedErrorsPassIfOneMay joins errors of each kind in each order.
func TestJoinedErrorsPassIfOneMay(t *testing.T) {
	errs := []error{io.EOF, fmt.Errorf("read: %w", io.ErrClosedPipe)}
	for kind := range fault.Kind(20) {
		errs = append(errs, fault.New(kind, "code", "kind %d", kind), fault.Wrap(io.EOF, kind, "code", "wrapped"))
	}
	for _, a := range errs {
		for _, b := range append(errs, nil) {
			err := fault.Join(a, b)
			if want := fault.Retryable(a) || b != nil && fault.Retryable(b); fault.Retryable(err) != want || !errors.Is(err, a) || b != nil && !errors.Is(err, b) {
				t.Errorf("%v and %v: may pass %v, want %v", a, b, !want, want)
			}
		}
	}
	if err := fault.Join(io.EOF, fault.New(fault.Superseded, "gone", "nothing to do")); err.Error() != "EOF\nnothing to do" || fault.CodeOf(err) != "internal" {
		t.Errorf("%v, code %s", err, fault.CodeOf(err))
	}
	if fault.Join(nil, nil) != nil {
		t.Error("nothing joined is an error")
	}
}

func TestNothingStaysNothing(t *testing.T) {
	if err := fault.Wrap(nil, fault.Retry, "x", "y"); err != nil {
		t.Errorf("Wrap(nil) = %#v", err)
	}
}

// TestTheEndOfTimeIsNoSetting wraps calls that were not waited for.
func TestTheEndOfTimeIsNoSetting(t *testing.T) {
	for _, over := range []error{context.DeadlineExceeded, context.Canceled, fmt.Errorf("dial: %w", context.DeadlineExceeded), fault.Wrap(context.Canceled, fault.Internal, "x", "y")} {
		for kind := fault.Internal; kind <= fault.Misconfigured; kind++ {
			want := kind
			if kind == fault.Misconfigured {
				want = fault.Retry
			}
			if got := fault.KindOf(fault.Wrap(over, kind, "code", "sentence")); got != want {
				t.Errorf("%v as %d has the kind %d; want %d", over, kind, got, want)
			}
		}
	}
	if got := fault.KindOf(fault.Wrap(io.EOF, fault.Misconfigured, "code", "sentence")); got != fault.Misconfigured {
		t.Errorf("a mistake has the kind %d", got)
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
