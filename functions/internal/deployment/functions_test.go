package deployment_test

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of Terraform's functions that terraform/ calls where the
// tests evaluate it.
var functions = map[string]function.Function{
	"can":             tryfunc.CanFunc,
	"ceil":            stdlib.CeilFunc,
	"coalesce":        stdlib.CoalesceFunc,
	"concat":          stdlib.ConcatFunc,
	"contains":        stdlib.ContainsFunc,
	"floor":           stdlib.FloorFunc,
	"join":            stdlib.JoinFunc,
	"keys":            stdlib.KeysFunc,
	"length":          stdlib.LengthFunc,
	"lookup":          stdlib.LookupFunc,
	"max":             stdlib.MaxFunc,
	"merge":           stdlib.MergeFunc,
	"one":             one,
	"regex":           stdlib.RegexFunc,
	"replace":         stdlib.ReplaceFunc,
	"setintersection": stdlib.SetIntersectionFunc,
	"setunion":        stdlib.SetUnionFunc,
	"split":           stdlib.SplitFunc,
	"strcontains":     strcontains,
	"sum":             sum,
	"tolist":          stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
	"toset":           stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	"tonumber":        stdlib.MakeToFunc(cty.Number),
	"tostring":        stdlib.MakeToFunc(cty.String),
	"trimprefix":      stdlib.TrimPrefixFunc,
	"try":             tryfunc.TryFunc,
	"values":          stdlib.ValuesFunc,
}

// one returns the only element of a list, or null.
var one = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch {
		case !args[0].IsWhollyKnown():
			return cty.DynamicVal, nil
		case args[0].LengthInt() == 0:
			return cty.NullVal(cty.DynamicPseudoType), nil
		case args[0].LengthInt() > 1:
			return cty.NilVal, fmt.Errorf("one of %d", args[0].LengthInt())
		}
		return args[0].AsValueSlice()[0], nil
	},
})

// sum adds numbers.
var sum = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		total := cty.Zero
		for _, n := range args[0].AsValueSlice() {
			total = total.Add(n)
		}
		return total, nil
	},
})

// strcontains reports whether a text holds another.
var strcontains = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.BoolVal(strings.Contains(args[0].AsString(), args[1].AsString())), nil
	},
})
