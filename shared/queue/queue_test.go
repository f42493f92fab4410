package queue

import (
	"regexp"
	"testing"
)

func TestName(t *testing.T) {
	a := Name("token/1", "returns run 1 page 2")
	if a != Name("token/1", "returns run 1 page 2") {
		t.Error("the same key and label must give the same name")
	}
	if a == Name("token/2", "returns run 1 page 2") {
		t.Error("another key must give another name")
	}
	if !regexp.MustCompile(`^[0-9a-f]{16}-returns-run-1-page-2$`).MatchString(a) {
		t.Error(a)
	}
}
