package entity

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// The settings of an index that the account's key needs.
const (
	faceting = "attributesForFaceting"
	hiding   = "unretrievableAttributes"
)

// settingsIn returns an index's settings for records of a format: searches can filter by
// the account's key, which is neither counted nor shown.
func settingsIn(f record.Format, settings []byte) ([]byte, error) {
	if !f.AccountKey {
		return settings, nil
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(settings, &members); err != nil {
		return nil, err
	}
	for setting, entries := range map[string][]string{faceting: {"filterOnly(" + record.AccountKeyField + ")", "filterOnly(" + f.Account + ")"}, hiding: {record.AccountKeyField}} {
		var list []string
		if text, ok := members[setting]; ok {
			if err := json.Unmarshal(text, &list); err != nil {
				return nil, fmt.Errorf("%s is not a list of texts", setting)
			}
		}
		if slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, record.AccountKeyField) }) {
			return nil, fmt.Errorf("%s names %s, which is added by itself: leave it out", setting, record.AccountKeyField)
		}
		// The account may be a facet of a person's choice already.
		for _, entry := range entries {
			if field := reference.Bare(entry); !slices.ContainsFunc(list, func(s string) bool { return reference.Bare(s) == field }) {
				list = append(list, entry)
			}
		}
		text, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		members[setting] = text
	}
	return json.Marshal(members)
}
