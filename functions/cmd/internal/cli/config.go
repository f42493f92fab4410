package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/ini"
)

// layers are the places of settings; the first one that names a setting decides.
type layers []envconfig.Lookuper

// Lookup implements envconfig.Lookuper. An empty value means that the setting is not set,
// and hides the places after it.
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
func (a *App) lookup(cmd *cobra.Command) (envconfig.Lookuper, error) {
	flags := map[string]string{}
	for _, s := range settings(nil) {
		if f := cmd.Flags().Lookup(s.flag); s.flag != "" && f != nil && f.Changed {
			flags[s.name] = f.Value.String()
		}
	}
	file, err := a.readFile()
	return layers{envconfig.MapLookuper(flags), a.Environment, envconfig.MapLookuper(file)}, err
}

// readFile reads the INI file. A file that was named must exist; the usual places may be
// empty.
func (a *App) readFile() (map[string]string, error) {
	named := a.file
	if named == "" {
		named, _ = a.Environment.Lookup("RETURN_SYNC_CONFIG")
	}
	if named != "" {
		return ini.Read(named, KnownNames(a.Wings))
	}
	places := []string{filepath.Join(a.Dir, "return-sync.ini")}
	if a.Home != "" {
		places = append(places, filepath.Join(a.Home, ".config", "return-sync", "config.ini"))
	}
	for _, path := range places {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return ini.Read(path, KnownNames(a.Wings))
	}
	return nil, nil
}
