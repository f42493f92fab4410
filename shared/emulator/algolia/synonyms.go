package algolia

import (
	"encoding/json"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// synonym is what the search uses of a stored synonym.
type synonym struct {
	Type        string   `json:"type"`
	Synonyms    []string `json:"synonyms"`
	Input       string   `json:"input"`
	Word        string   `json:"word"`
	Corrections []string `json:"corrections"`
}

// alternatives returns, for every word, the words that match in its place, all
// folded. Synonyms of several words and placeholders are stored but not applied.
func (d *documents) alternatives() map[string][]string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if len(d.order) == 0 {
		return nil
	}
	out := map[string][]string{}
	add := func(from string, to []string) {
		key, ok := single(from)
		for _, text := range to {
			if value, one := single(text); ok && one && value != key {
				out[key] = append(out[key], value)
			}
		}
	}
	for _, id := range d.order {
		var s synonym
		if json.Unmarshal(d.byID[id], &s) != nil {
			continue
		}
		switch s.Type {
		case "synonym":
			for _, from := range s.Synonyms {
				add(from, s.Synonyms)
			}
		case "oneWaySynonym", "onewaysynonym":
			add(s.Input, s.Synonyms)
		case "altCorrection1", "altCorrection2", "altcorrection1", "altcorrection2":
			add(s.Word, s.Corrections)
		}
	}
	return out
}

func single(text string) (string, bool) {
	words := word.Words(text, "")
	if len(words) != 1 {
		return "", false
	}
	return words[0], true
}
