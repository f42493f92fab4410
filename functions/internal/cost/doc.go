// Package cost holds the memory of the search function to a figure: its tests
// build the deployed program, start it as a process of its own before an emulated
// index, load it, and read the most memory that the process has had resident.
//
// TestTheWorstLoadFits plays a few loads. The search over the loads that the
// bounds allow is the same test with more steps:
//
//	go test ./functions/internal/cost -run Worst -v -timeout 2h -steps 200 -seed 7
//
// It starts from the worst load known, changes one thing at a time, keeps what
// takes more memory, and prints each load that it keeps. There is nothing in the
// package but tests.
package cost
