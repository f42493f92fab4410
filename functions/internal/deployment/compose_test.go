package deployment_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/goccy/go-yaml"
)

// composed is what the test reads of a service of compose.yaml.
type composed struct {
	Image       string
	NetworkMode string `yaml:"network_mode"`
	Command     []string
	Environment map[string]string
	WorkingDir  string `yaml:"working_dir"`
	Volumes     []string
	Healthcheck struct{ Test []string }
	DependsOn   map[string]any `yaml:"depends_on"`
}

// option returns the value of an option of a command, given as --name=value or --name value.
func option(command []string, name string) string {
	for i, word := range command {
		if rest, ok := strings.CutPrefix(word, "--"+name+"="); ok {
			return rest
		}
		if word == "--"+name && i+1 < len(command) {
			return command[i+1]
		}
	}
	return ""
}

// TestCompose holds what compose.yaml names to the files and the code: folders, ports, flags,
// versions and passwords. .ci/run holds its form to the specification.
func TestCompose(t *testing.T) {
	const folder = root + "/testdata/compose"
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var file struct {
		Services map[string]composed
		Volumes  map[string]any
	}
	if err := yaml.Unmarshal([]byte(read(folder+"/compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	has := func(text, part, where string) {
		t.Helper()
		if part == "" || !strings.Contains(text, part) {
			t.Errorf("%s does not name %q", where, part)
		}
	}
	places := map[string]bool{} // where files are in the containers
	for name, s := range file.Services {
		image, version, _ := strings.Cut(s.Image, ":")
		if image == "" || version == "" || version == "latest" || s.NetworkMode != "host" {
			t.Errorf("%s: image %q, network %q; want one version, on the machine's loopback", name, s.Image, s.NetworkMode)
		}
		for _, v := range s.Volumes {
			from, rest, _ := strings.Cut(v, ":")
			place, _, _ := strings.Cut(rest, ":")
			places[place] = true
			if _, named := file.Volumes[from]; !named {
				if _, err := os.Stat(filepath.Join(folder, from)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for other := range s.DependsOn {
			if _, ok := file.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is no service", name, other)
			}
		}
	}
	database, product, prometheus, grafana := file.Services["mysql"], file.Services["product"], file.Services["prometheus"], file.Services["grafana"]

	dsn, err := mysql.ParseDSN(option(product.Command, "dsn"))
	if err != nil {
		t.Fatal(err)
	}
	password := database.Environment["MYSQL_ROOT_PASSWORD"]
	address := net.JoinHostPort(option(database.Command, "bind-address"), option(database.Command, "port"))
	probe := database.Healthcheck.Test
	if dsn.User != "root" || dsn.Passwd != password || dsn.Addr != address || option(probe, "password") != password || option(probe, "port") != option(database.Command, "port") {
		t.Errorf("the product would ask %s as %s; the server is at %s, its probe %q", dsn.Addr, dsn.User, address, probe)
	}

	program := strings.TrimPrefix(product.Command[2], "./")
	flags := read(root + "/" + program + "/command.go")
	for _, word := range product.Command[3:] {
		if name, ok := strings.CutPrefix(word, "--"); ok {
			has(flags, `"`+name+`"`, program)
		}
	}
	if !places[product.WorkingDir] || !slices.Equal(product.Command[:2], []string{"go", "run"}) {
		t.Errorf("the product runs %q in %q", product.Command, product.WorkingDir)
	}
	_, version, _ := strings.Cut(product.Image, ":")
	has(read(root+"/go.mod"), "\ngo "+version+".", "go.mod")

	has(read(root+"/testdata/metrics/prometheus.yml"), "'127.0.0.1:"+option(product.Command, "port")+"'", "prometheus.yml")
	config := option(prometheus.Command, "config.file")
	for _, path := range []string{config, filepath.Dir(config) + "/rules.yml", grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]} {
		if !places[path] {
			t.Errorf("no container has a file at %s", path)
		}
	}
	has(read(folder+"/grafana/datasource.yaml"), "'http://"+option(prometheus.Command, "web.listen-address")+"'", "datasource.yaml")
	if !json.Valid([]byte(read(root + "/testdata/metrics/grafana.json"))) {
		t.Error("the dashboard is no JSON")
	}
	head, _, _ := strings.Cut(read(folder+"/compose.yaml"), "name:")
	for _, port := range []string{option(product.Command, "port"), "9090", grafana.Environment["GF_SERVER_HTTP_PORT"]} {
		has(head, port, "the head of compose.yaml")
	}
}
