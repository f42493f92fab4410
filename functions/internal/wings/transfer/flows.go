package transfer

import (
	"errors"
	"os"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// ReadFlows reads the flows of a file, or those of the program with those of a folder.
// Both may be empty.
func ReadFlows(file, folder string) (transfer.Flows, error) {
	switch {
	case file != "" && folder != "":
		return nil, errors.New("a file of flows stands in place of the program's, and a folder adds to them: leave one of them out")
	case file != "":
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		return transfer.ParseFlows(text)
	case folder != "":
		return transfer.LoadFlows(os.DirFS(folder))
	}
	return transfer.Shipped()
}
