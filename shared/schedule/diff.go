package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// Diff says in words where two edits differ: the old values and the new ones, such
// as "time 23:30" and "time 22:00". Against the zero Edit it lists every value that
// is set.
func Diff(before, after Edit) (was, is string) {
	var a, b []string
	old, now := before.fields(), after.fields()
	for i, f := range old {
		if f.value != now[i].value {
			a, b = append(a, f.String()), append(b, now[i].String())
		}
	}
	return strings.Join(a, ", "), strings.Join(b, ", ")
}

// field is a value of an edit with its name.
type field struct{ name, value string }

// String says the field; one without a value is "no" such.
func (f field) String() string {
	if f.value == "" {
		return "no " + f.name
	}
	return f.name + " " + f.value
}

// fields lists the values of an edit.
func (e Edit) fields() []field {
	zone := ""
	if e.Timezone != nil {
		zone = strconv.FormatFloat(*e.Timezone, 'f', -1, 64)
	}
	disabled := ""
	if e.Disabled {
		disabled = "yes"
	}
	quoted := func(text string) string {
		if text == "" {
			return ""
		}
		return fmt.Sprintf("%q", text)
	}
	return []field{
		{"name", quoted(e.Name)}, {"target_kind", e.TargetKind}, {"target", e.Target}, {"run", e.Run}, {"time", e.Time},
		{"timezone", zone}, {"zone", e.Zone}, {"weekday", e.Weekday}, {"disabled", disabled}, {"description", quoted(e.Description)},
	}
}
