// Package strictyamltest makes texts from which a reader of definitions has to return.
package strictyamltest

import (
	"iter"
	"slices"
	"strings"
)

// strange are values that are YAML, or nearly, and that no definition has: tags on values
// of another kind, anchors without a value, aliases to themselves, keys that are not texts.
var strange = []string{
	"! 0", "!x", "!!binary x", "!!binary", "!!set {a}", "!!map x", "!!seq x", "!!int x", "!!float x", "!!timestamp x", "!!null", "!!str {a: b}", "!x [a]",
	"&a", "&a *a", "&a [*a]", "*a", "~", "", "[]", "{}", "[[]]", "[~]", "{a}", "{~: x}", "{[a]: x}", "{<<: x}", "<<: *a", "? a", "? ", "|", ">-", "\"", "'",
	"[! 0]", "{a: ! 0}", "- ! 0", "0x", "1e999", "-0", ".nan", "\x00", "\xff", "%YAML 9", "---", "...", "- -", ": :", "a: b: c", "\t- x",
}

// Strange yields a good text with each strange value in the place of each value, each
// line, and the whole text.
func Strange(good string) iter.Seq[string] {
	lines := strings.Split(strings.TrimRight(good, "\n"), "\n")
	return func(yield func(string) bool) {
		for _, value := range strange {
			if !yield(value) {
				return
			}
			for i, line := range lines {
				indent := line[:len(line)-len(strings.TrimLeft(line, " -"))]
				replaced := []string{indent + value}
				if key, _, ok := strings.Cut(line, ": "); ok {
					replaced = append(replaced, key+": "+value)
				}
				for _, one := range replaced {
					if !yield(strings.Join(slices.Concat(lines[:i], []string{one}, lines[i+1:]), "\n")) {
						return
					}
				}
			}
		}
	}
}
