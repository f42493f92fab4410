package deployment_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
)

// The places, from this package's folder.
const (
	root      = "../../.."
	terraform = root + "/terraform"
)

// config is a folder of Terraform, ready to be evaluated. What only Google knows
// is unknown in it, as in a plan.
type config struct {
	t      *testing.T
	dir    string
	blocks map[string]*hclsyntax.Block // "variable project", "resource TYPE NAME", "module NAME", "output NAME"
	files  map[string]string           // a block's file
	locals map[string]hclsyntax.Expression
	vars   map[string]cty.Value
	known  map[string]cty.Value // locals that were evaluated
}

// parse reads one file of HCL.
func parse(t *testing.T, path string) *hclsyntax.Body {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return file.Body.(*hclsyntax.Body)
}

// load reads a folder with values for its variables, as HCL; the rest has its
// defaults.
func load(t *testing.T, dir string, values map[string]string) *config {
	t.Helper()
	c := &config{t: t, dir: dir, blocks: map[string]*hclsyntax.Block{}, files: map[string]string{}, locals: map[string]hclsyntax.Expression{}, vars: map[string]cty.Value{}, known: map[string]cty.Value{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no Terraform in ", dir, err)
	}
	for _, path := range paths {
		for _, block := range parse(t, path).Blocks {
			if block.Type == "locals" {
				for name, attribute := range block.Body.Attributes {
					c.locals[name] = attribute.Expr
				}
				continue
			}
			key := strings.Join(append([]string{block.Type}, block.Labels...), " ")
			c.blocks[key], c.files[key] = block, filepath.Base(path)
		}
	}
	for _, block := range c.blocks {
		if block.Type == "variable" {
			c.vars[block.Labels[0]] = c.variable(block, values[block.Labels[0]])
		}
	}
	for name := range values {
		if _, ok := c.vars[name]; !ok {
			t.Errorf("%s has no variable %q", dir, name)
		}
	}
	return c
}

// variable returns the value of a variable: the one given as HCL, or its default.
func (c *config) variable(block *hclsyntax.Block, given string) cty.Value {
	c.t.Helper()
	attributes := block.Body.Attributes
	typ, defaults, diags := typeexpr.TypeConstraintWithDefaults(attributes["type"].Expr)
	if diags.HasErrors() {
		c.t.Fatal(diags)
	}
	value := cty.UnknownVal(typ)
	if given != "" {
		expr, diags := hclsyntax.ParseExpression([]byte(given), "test", hcl.InitialPos)
		if diags.HasErrors() {
			c.t.Fatal(diags)
		}
		value, _ = expr.Value(nil)
	} else if preset := attributes["default"]; preset != nil {
		value, diags = preset.Expr.Value(nil)
		if diags.HasErrors() {
			c.t.Fatal(diags)
		}
	}
	if defaults != nil && value.IsKnown() && !value.IsNull() {
		value = defaults.Apply(value)
	}
	value, err := convert.Convert(value, typ)
	if err != nil {
		c.t.Fatalf("variable %s: %v", block.Labels[0], err)
	}
	return value
}

// eval evaluates an expression. extra are further names, such as each.
func (c *config) eval(expr hcl.Expression, extra map[string]cty.Value) cty.Value {
	c.t.Helper()
	names := map[string]cty.Value{"var": cty.ObjectVal(c.vars)}
	locals := map[string]cty.Value{}
	for _, traversal := range expr.Variables() {
		switch name := traversal.RootName(); name {
		case "var":
		case "local":
			step := traversal[1].(hcl.TraverseAttr).Name
			locals[step] = c.local(step)
		case "google_secret_manager_secret":
			names[name] = c.secrets()
		default:
			names[name] = cty.DynamicVal
		}
	}
	names["local"] = cty.ObjectVal(locals)
	maps.Copy(names, extra)
	value, diags := expr.Value(&hcl.EvalContext{Variables: names, Functions: functions})
	if diags.HasErrors() {
		c.t.Fatal(diags)
	}
	return value
}

// local evaluates a local value.
func (c *config) local(name string) cty.Value {
	c.t.Helper()
	if value, ok := c.known[name]; ok {
		return value
	}
	expr := c.locals[name]
	if expr == nil {
		c.t.Fatalf("there is no local.%s", name)
	}
	value := c.eval(expr, nil)
	c.known[name] = value
	return value
}

// secrets returns the secrets as the resource has them: their names are known.
func (c *config) secrets() cty.Value {
	each := map[string]cty.Value{}
	for key := range c.local("secrets").AsValueMap() {
		each[key] = cty.ObjectVal(map[string]cty.Value{"secret_id": cty.StringVal("return-sync-" + key)})
	}
	return cty.ObjectVal(map[string]cty.Value{"sync": cty.ObjectVal(each)})
}

// attribute evaluates an attribute of a block that has to be there.
func (c *config) attribute(block, name string) cty.Value {
	c.t.Helper()
	b := c.blocks[block]
	if b == nil || b.Body.Attributes[name] == nil {
		c.t.Fatalf("terraform has no %s with %s", block, name)
	}
	return c.eval(b.Body.Attributes[name].Expr, nil)
}

// texts returns a map's or object's values as texts; unknown ones are "?".
func texts(v cty.Value) map[string]string {
	found := map[string]string{}
	for key, value := range v.AsValueMap() {
		text, err := convert.Convert(value, cty.String)
		switch {
		case err != nil || !text.IsKnown():
			found[key] = "?"
		case !text.IsNull():
			found[key] = text.AsString()
		}
	}
	return found
}

// number returns a local's number.
func (c *config) number(name string) int {
	c.t.Helper()
	n, _ := c.local(name).AsBigFloat().Int64()
	return int(n)
}

// scale is a function's size as Terraform has it.
func (c *config) scale(function, field string) int {
	c.t.Helper()
	n, _ := c.local("scale").GetAttr(function).GetAttr(field).AsBigFloat().Int64()
	return int(n)
}

// modules returns the names of the function modules.
func (c *config) modules() []string {
	var names []string
	for _, b := range c.blocks {
		if b.Type == "module" {
			names = append(names, b.Labels[0])
		}
	}
	slices.Sort(names)
	return names
}

// required is what has no default.
func required() map[string]string {
	return map[string]string{"project": `"acme-returns-test"`, "project_number": `"123456789012"`, "algolia_app_id": `"EXAMPLEAPP"`, "ticks": "true", "wings": wingNames(),
		"exchange": `{ role = "primary", company = "2f8c8b4e-7f0e-4c93-9c44-0a4b1a3f5c11" }`,
		"transfer": `{ sides = "rehearsal" }`}
}

// wingNames are all wings, as HCL.
func wingNames() string {
	names := []string{}
	for _, w := range wings.All() {
		names = append(names, strconv.Quote(w.Name))
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// variants are ways to fill in the variables that lead to different environments.
func variants() map[string]map[string]string {
	all := map[string]map[string]string{
		"defaults": {},
		"password": {"database": `{ create = false, instance = "p:r:i" }`},
		"apart":    {"database": `{ create = false, state_apart = true }`},
		"iam":      {"database": `{ iam_auth = true }`},
		"second":   {"prefix": `"acme-eu"`},
		"ledger":   {"verify_index": "false"},
		"everything": {
			"search_jwks_url": `"https://login.example/keys"`, "search_jwt": `{ issuer = "https://login.example/", audience = "returns" }`,
			"operator_jwt":   `{ audience = "operators", issuer = "us", jwks = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}" }`,
			"search_origins": `["https://portal.example"]`, "search_public": "true",
			"console_iap": "true", "console_settings": "true", "operators": `{ team = "group:ops@example.com", me = "user:me@example.com", you = "user:you@example.com" }`,
			"alert_webhooks": `["slack", "teams", "pagerduty", "webhook"]`,
			"alert_email":    `{ to = ["ops@example.com", "night@example.com"], from = "sync@example.com", server = "smtp.example.com", user = "sync" }`, "reports": `["spapi", "airtable", "mongodb"]`, "sync_base": `"appSYNC"`, "operations": `{ day = 1000, month = 20000 }`,
		},
	}
	for _, values := range all {
		maps.Copy(values, required())
	}
	return all
}

// block is a block of Terraform.
type block = *hclsyntax.Block

// source returns an attribute as it is written.
func source(t *testing.T, c *config, key, attribute string) string {
	t.Helper()
	a := c.blocks[key].Body.Attributes[attribute]
	if a == nil {
		return ""
	}
	src, err := os.ReadFile(filepath.Join(c.dir, c.files[key]))
	if err != nil {
		t.Fatal(err)
	}
	return string(a.Expr.Range().SliceBytes(src))
}
