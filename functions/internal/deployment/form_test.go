package deployment_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// TestFormat holds all HCL to the form that terraform fmt gives it.
func TestFormat(t *testing.T) {
	files := 0
	err := filepath.WalkDir(terraform, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && entry.Name() == ".terraform" {
				return fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".tf") && !strings.HasSuffix(path, ".hcl") && !strings.HasSuffix(path, ".tfvars.example") {
			return nil
		}
		files++
		src, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(hclwrite.Format(src), src) {
			t.Errorf("%s is not formatted: terraform fmt -recursive terraform", path)
		}
		parse(t, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 25 {
		t.Errorf("%d files", files)
	}
}

// TestOneProvider allows hashicorp/google and nothing besides, no data that a plan
// would have to ask Google for, and no lock file, which would hold the checksums
// of one platform.
func TestOneProvider(t *testing.T) {
	for _, dir := range []string{terraform, terraform + "/modules/function"} {
		var c *config
		if dir == terraform {
			c = load(t, dir, required())
		} else {
			c = load(t, dir, nil)
		}
		for key, b := range c.blocks {
			if b.Type == "data" {
				t.Errorf("%s: a plan without a network cannot read data", key)
			}
			if b.Type == "resource" && !strings.HasPrefix(b.Labels[0], "google_") {
				t.Errorf("%s is of another provider", key)
			}
			for _, inner := range b.Body.Blocks {
				if b.Type == "terraform" && inner.Type == "required_providers" && (len(inner.Body.Attributes) != 1 || inner.Body.Attributes["google"] == nil) {
					t.Errorf("%s: providers besides google", dir)
				}
			}
		}
	}
	if _, err := os.Stat(terraform + "/.terraform.lock.hcl"); err == nil {
		tracked, _ := os.ReadFile(root + "/.gitignore")
		if !bytes.Contains(tracked, []byte(".terraform.lock.hcl")) {
			t.Error("a lock file is here and git does not ignore it")
		}
	}
}

// TestVariablesAreDocumented looks at every variable and output, and that the
// example fills in variables that exist.
func TestVariablesAreDocumented(t *testing.T) {
	c := load(t, terraform, required())
	for key, b := range c.blocks {
		if b.Type != "variable" && b.Type != "output" {
			continue
		}
		if b.Body.Attributes["description"] == nil {
			t.Errorf("%s has no description", key)
		}
		if b.Type == "variable" && b.Body.Attributes["type"] == nil {
			t.Errorf("%s has no type", key)
		}
	}
	src, err := os.ReadFile(terraform + "/terraform.tfvars.example")
	if err != nil {
		t.Fatal(err)
	}
	// What is commented out is an example too.
	text := regexp.MustCompile(`(?m)^# ([a-z_]+ += |[ }{\]]|\}$|\]$)`).ReplaceAll(src, []byte("$1"))
	file, diags := hclsyntax.ParseConfig(text, "terraform.tfvars.example", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("the example, with its examples switched on, is no HCL: %v\n%s", diags, text)
	}
	named := file.Body.(*hclsyntax.Body).Attributes
	if len(named) < 10 {
		t.Errorf("the example names %d variables", len(named))
	}
	for name := range named {
		if c.blocks["variable "+name] == nil {
			t.Errorf("the example fills in %s, which is no variable", name)
		}
	}
}

// TestTerraformTests looks that the tests of Terraform itself, which need the
// provider, speak of what is there.
func TestTerraformTests(t *testing.T) {
	c := load(t, terraform, required())
	module := c.module()
	paths, _ := filepath.Glob(terraform + "/tests/*.tftest.hcl")
	if len(paths) == 0 {
		t.Fatal("no tests")
	}
	for _, path := range paths {
		for _, b := range parse(t, path).Blocks {
			here := c
			for _, inner := range b.Body.Blocks {
				if inner.Type == "module" {
					here = module
				}
			}
			for _, inner := range b.Body.Blocks {
				if inner.Type != "variables" {
					continue
				}
				for name := range inner.Body.Attributes {
					if here.blocks["variable "+name] == nil {
						t.Errorf("%s: %s is no variable", path, name)
					}
				}
			}
			for _, e := range traversals(b.Body) {
				checkTraversal(t, path, here, e)
			}
		}
	}
}

// traversals returns what the attributes of a body and of its blocks refer to.
func traversals(b *hclsyntax.Body) []hcl.Traversal {
	var all []hcl.Traversal
	for _, attribute := range b.Attributes {
		all = append(all, attribute.Expr.Variables()...)
	}
	for _, inner := range b.Blocks {
		all = append(all, traversals(inner.Body)...)
	}
	return all
}

// checkTraversal looks that what a test refers to is there.
func checkTraversal(t *testing.T, path string, c *config, e hcl.Traversal) {
	t.Helper()
	if len(e) < 2 {
		return
	}
	second, _ := e[1].(hcl.TraverseAttr)
	switch kind := e.RootName(); {
	case kind == "var" && c.blocks["variable "+second.Name] == nil,
		kind == "output" && c.blocks["output "+second.Name] == nil,
		kind == "local" && c.locals[second.Name] == nil,
		strings.HasPrefix(kind, "google_") && c.blocks["resource "+kind+" "+second.Name] == nil:
		t.Errorf("%s: there is no %s.%s", path, kind, second.Name)
	}
}
