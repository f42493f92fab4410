// Package reports is the reports wing's part of the programs of people: the commands
// returnsync reports, and cmd/local --reports with emulators of Amazon
// and Airtable, and FerretDB for MongoDB.
package reports

import (
	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tool"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
)

// Tool returns the wing's part.
func Tool() tool.Tool {
	return tool.Tool{Commands: commands, Play: rehearsal.Wing{
		Name: "reports", Help: "also fetch reports, from emulators of Amazon and others into datapoints, Airtable and MongoDB", Open: openPlay, Soaks: true,
	}}
}
