package deployment_test

import (
	"errors"
	"go/types"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// module is the path before our packages.
const module = "gitlab.com/eshopbox-team/return-sync/"

// program is our own code, ready to be walked through.
type program struct {
	*ssa.Program
	roots map[string]*ssa.Function // by folder below functions
}

// loadProgram returns the code of what starts, which is read once.
func loadProgram(t *testing.T) program {
	t.Helper()
	p, err := readProgram()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// readProgram reads the code of what starts.
var readProgram = sync.OnceValues(func() (program, error) {
	loaded, err := packages.Load(&packages.Config{Dir: root, Mode: packages.LoadAllSyntax&^packages.NeedDeps | packages.NeedImports}, "./functions/...", "./shared/...")
	if err != nil {
		return program{}, err
	}
	if packages.PrintErrors(loaded) > 0 {
		return program{}, errors.New("the program cannot be read")
	}
	prog, built := ssautil.Packages(loaded, ssa.InstantiateGenerics)
	prog.Build()
	p := program{Program: prog, roots: map[string]*ssa.Function{}}
	for _, pkg := range built {
		if pkg == nil {
			continue
		}
		folder, ok := strings.CutPrefix(pkg.Pkg.Path(), module+"functions/")
		if !ok {
			continue
		}
		for _, name := range []string{"open", "main"} {
			if f := pkg.Func(name); f != nil {
				p.roots[folder] = f
			}
		}
		if !strings.HasPrefix(folder, "internal/wings/") {
			continue
		}
		for name, member := range pkg.Members {
			if f, ok := member.(*ssa.Function); ok && strings.HasPrefix(name, "open") {
				p.roots[wire.FolderOf(pkg.Pkg.Name()+"."+name)] = f
			}
		}
	}
	return p, nil
})

// walk finds the functions that can run because one does: those that it calls or
// mentions, and the methods behind the interfaces that are used. A function that is
// put into a field of ours runs where a value of its type is called; every other
// one that is mentioned may be called by a library.
type walk struct {
	prog    *ssa.Program
	reached map[*ssa.Function]bool
	todo    []*ssa.Function
	kept    map[*ssa.Function]bool // put into a field of ours
	called  []*types.Signature     // of values that are called
	types   map[string]types.Type  // that were put behind an interface
	methods map[string]*types.Func // of interfaces that are called
}

// reach returns what can run because f does.
func (p program) reach(f *ssa.Function) map[*ssa.Function]bool {
	w := &walk{prog: p.Program, reached: map[*ssa.Function]bool{}, kept: map[*ssa.Function]bool{}, types: map[string]types.Type{}, methods: map[string]*types.Func{}}
	w.add(f)
	for len(w.todo) > 0 {
		for len(w.todo) > 0 {
			next := w.todo[len(w.todo)-1]
			w.todo = w.todo[:len(w.todo)-1]
			w.body(next)
		}
		w.dynamic()
	}
	return w.reached
}

// add takes a function that can run.
func (w *walk) add(f *ssa.Function) {
	if f != nil && !w.reached[f] {
		w.reached[f] = true
		w.todo = append(w.todo, f)
	}
}

// body looks through a function's instructions.
func (w *walk) body(f *ssa.Function) {
	for _, b := range f.Blocks {
		for _, in := range b.Instrs {
			if call, ok := in.(ssa.CallInstruction); ok {
				c := call.Common()
				if c.IsInvoke() {
					w.methods[c.Method.FullName()] = c.Method
				} else if c.StaticCallee() == nil {
					w.called = append(w.called, c.Signature())
				}
			}
			if made, ok := in.(*ssa.MakeInterface); ok {
				w.types[made.X.Type().String()] = made.X.Type()
				w.external(made)
			}
			w.mentions(in)
		}
	}
}

// mentions adds the functions among an instruction's operands.
func (w *walk) mentions(in ssa.Instruction) {
	store, stores := in.(*ssa.Store)
	for _, op := range in.Operands(nil) {
		if *op == nil {
			continue
		}
		if g, ok := (*op).(*ssa.Global); ok && own(g.Pkg.Pkg) {
			w.globals(g.Pkg)
		}
		f := functionOf(*op)
		if f == nil {
			continue
		}
		if stores && *op == store.Val && ownField(store.Addr) {
			w.kept[f] = true
			continue
		}
		if closure, ok := in.(*ssa.MakeClosure); ok && keptAlone(closure) {
			w.kept[f] = true
			continue
		}
		w.add(f)
	}
}

// globals adds the functions that a package puts into its variables.
func (w *walk) globals(pkg *ssa.Package) {
	if init := pkg.Func("init"); !w.reached[init] {
		w.add(init)
	}
}

// own reports whether a package is ours.
func own(pkg *types.Package) bool {
	return pkg != nil && strings.HasPrefix(pkg.Path(), module)
}

// functionOf returns the function that a value is, nil for others.
func functionOf(v ssa.Value) *ssa.Function {
	switch v := v.(type) {
	case *ssa.Function:
		return v
	case *ssa.MakeClosure:
		return v.Fn.(*ssa.Function)
	case *ssa.ChangeType:
		return functionOf(v.X)
	}
	return nil
}

// keptAlone reports whether a closure is put into fields of ours and nothing else.
func keptAlone(c *ssa.MakeClosure) bool {
	for _, r := range *c.Referrers() {
		store, ok := r.(*ssa.Store)
		if !ok || !ownField(store.Addr) {
			return false
		}
	}
	return true
}

// ownField reports whether an address is that of a field of a struct of ours.
func ownField(addr ssa.Value) bool {
	field, ok := addr.(*ssa.FieldAddr)
	if !ok {
		return false
	}
	named, ok := field.X.Type().Underlying().(*types.Pointer).Elem().(*types.Named)
	return ok && own(named.Obj().Pkg())
}

// external adds the methods that a library can call on what is given to it.
func (w *walk) external(made *ssa.MakeInterface) {
	of, ok := made.Type().Underlying().(*types.Interface)
	named, isNamed := made.Type().(*types.Named)
	if !ok || isNamed && own(named.Obj().Pkg()) {
		return
	}
	for m := range of.Methods() {
		w.method(made.X.Type(), m)
	}
}

// method adds a type's method of that name.
func (w *walk) method(t types.Type, m *types.Func) {
	if types.IsInterface(t) {
		return
	}
	if s := w.prog.MethodSets.MethodSet(t).Lookup(m.Pkg(), m.Name()); s != nil {
		w.add(w.prog.MethodValue(s))
	}
}

// dynamic adds what is called through interfaces and through fields.
func (w *walk) dynamic() {
	for _, m := range w.methods {
		of := m.Signature().Recv().Type().Underlying().(*types.Interface)
		for _, t := range w.types {
			if types.Implements(t, of) {
				w.method(t, m)
			}
		}
	}
	for f := range w.kept {
		s := f.Signature
		plain := types.NewSignatureType(nil, nil, nil, s.Params(), s.Results(), s.Variadic())
		if slices.ContainsFunc(w.called, func(of *types.Signature) bool { return types.Identical(of, plain) }) {
			w.add(f)
		}
	}
}
