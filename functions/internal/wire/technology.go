package wire

import (
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/source/mysql"
)

// What callers of this package handle of the opened technologies, so that they import
// none themselves.
type (
	// Source is the source database.
	Source = mysql.Source
	// IndexDrift is what one index or replica has otherwise than its definition wants.
	IndexDrift = algolia.IndexDrift
	// SettingDifference is one setting of an IndexDrift.
	SettingDifference = algolia.Difference
)
