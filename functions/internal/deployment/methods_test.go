package deployment_test

import (
	"cmp"
	"go/types"
	"strings"
	"testing"
)

// mostMethods is how many exported methods an exported type may have.
const mostMethods = 25

// stillLarger are the types that have more, with their numbers. A number may only
// shrink, and no type may be added.
var stillLarger = map[string]int{
	"functions/internal/rehearsal.Stack": 36,
	"shared/emulator/tasks.Server":       29,
}

// TestExportedTypesHaveFewMethods counts the exported methods of every exported type,
// with those of embedded types of ours: a caller that depends on a type that can do
// everything depends on everything.
func TestExportedTypesHaveFewMethods(t *testing.T) {
	counted := 0
	for _, pkg := range loadProgram(t).AllPackages() {
		if !strings.HasPrefix(pkg.Pkg.Path(), module) {
			continue
		}
		names := pkg.Pkg.Scope()
		for _, name := range names.Names() {
			of, ok := names.Lookup(name).(*types.TypeName)
			if !ok || !of.Exported() || of.IsAlias() {
				continue
			}
			counted++
			full, n := strings.TrimPrefix(pkg.Pkg.Path(), module)+"."+name, exportedMethods(of.Type())
			if most := cmp.Or(stillLarger[full], mostMethods); n > most {
				t.Errorf("%s has %d exported methods, more than %d: divide it by what it keeps", full, n, most)
			} else if n < most && most != mostMethods {
				t.Errorf("%s has %d exported methods now: write that number, or remove the line", full, n)
			}
		}
	}
	if counted < 100 {
		t.Errorf("only %d exported types were found", counted)
	}
}

// exportedMethods counts the exported methods of a type and of its pointer that are
// declared in our own packages.
func exportedMethods(of types.Type) int {
	if !types.IsInterface(of) {
		of = types.NewPointer(of)
	}
	set, n := types.NewMethodSet(of), 0
	for i := range set.Len() {
		if m := set.At(i).Obj(); m.Exported() && m.Pkg() != nil && strings.HasPrefix(m.Pkg().Path(), module) {
			n++
		}
	}
	return n
}
