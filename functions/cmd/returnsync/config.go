package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/ini"
)

// layers is places to look a setting up in, the first first.
type layers []envconfig.Lookuper

// Lookup implements envconfig.Lookuper. The first place that names the setting
// decides; an empty value is as good as none.
func (l layers) Lookup(name string) (string, bool) {
	for _, place := range l {
		if value, ok := place.Lookup(name); ok {
			return value, value != ""
		}
	}
	return "", false
}

// lookup returns the settings of a command: its flags, then the environment,
// then the file.
func (a *app) lookup(cmd *cobra.Command) (envconfig.Lookuper, error) {
	flags := map[string]string{}
	for _, s := range settings() {
		if f := cmd.Flags().Lookup(s.flag); s.flag != "" && f != nil && f.Changed {
			flags[s.name] = f.Value.String()
		}
	}
	file, err := a.readFile()
	return layers{envconfig.MapLookuper(flags), a.env, envconfig.MapLookuper(file)}, err
}

// readFile reads the INI file. One that was asked for must be there; the usual
// places may be empty.
func (a *app) readFile() (map[string]string, error) {
	asked := a.file
	if asked == "" {
		asked, _ = a.env.Lookup("RETURN_SYNC_CONFIG")
	}
	if asked != "" {
		return ini.Read(asked, knownNames())
	}
	places := []string{filepath.Join(a.dir, "return-sync.ini")}
	if a.home != "" {
		places = append(places, filepath.Join(a.home, ".config", "return-sync", "config.ini"))
	}
	for _, path := range places {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return ini.Read(path, knownNames())
	}
	return nil, nil
}
