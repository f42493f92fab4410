package localdb

import (
	"context"
	"fmt"
	"os"
	"time"
)

// doomedArgument makes the test program doomedParent.
const doomedArgument = "doomed-parent"

// doomedParent starts a server, says which, and waits to be killed.
func doomedParent() {
	s, err := Start(context.Background(), Options{Install: true})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.process.command.Process.Pid, s.home.run)
	time.Sleep(time.Minute)
	os.Exit(1)
}
