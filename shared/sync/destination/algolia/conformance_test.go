package algolia_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/destinationtest"
)

// TestConformance runs the suite of all indices before an emulator.
func TestConformance(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) destinationtest.Bench {
		b := newBench(t, nil)
		browser, err := algolia.NewBrowser(algolia.BrowseConfig{AppID: "APP", Key: "admin", URL: b.url, Attempts: 4, Timeout: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		large := destinationtest.Save("b", 2)
		large.Body = []byte(`{"objectID":"b","text":"` + strings.Repeat("x", 200_000) + `"}`)
		return destinationtest.Bench{Index: b.Client, Refused: large, Records: func(t *testing.T) map[string]string {
			list := map[string]string{}
			err := browser.Browse(t.Context(), destinationtest.Name, destination.Part{}, func(body []byte) error {
				var record struct {
					ID string `json:"objectID"`
				}
				err := json.Unmarshal(body, &record)
				list[record.ID] = string(body)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}}
	})
}
