package entity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// definitionFiles are the files of a definition.
var definitionFiles = []string{"entity.yaml", "changed.sql", "rows.sql", "roots.sql", "settings.json"}

// Mark returns a text that changes when a definition in a folder does: one is added,
// removed or edited.
func Mark(dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("entity definitions: %w", err)
	}
	defer func() { _ = root.Close() }()
	s := source{fsys: root.FS(), label: dir, root: root}
	folders, err := fs.ReadDir(s.fsys, ".")
	if err != nil {
		return "", fmt.Errorf("entity definitions: %w", err)
	}
	sum := sha256.New()
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		for _, name := range definitionFiles {
			at := path.Join(folder.Name(), name)
			if s.absent(at) {
				continue
			}
			text, err := s.text(at)
			if err != nil {
				text = []byte(err.Error()) // Load says what is wrong
			}
			_, _ = fmt.Fprintf(sum, "%q %x\n", at, sha256.Sum256(text)) // a hash takes everything
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
