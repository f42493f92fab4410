// Package rehearsal runs the whole product on one machine: a private database,
// emulators of Cloud Tasks, Cloud Scheduler and Algolia, and every function as a
// process of its own, as in the cloud. The real clients talk to the emulators;
// nothing of the path is left out or replaced.
//
// A front server stands where Cloud Run's would: it has the stable addresses
// that queues and people call and passes requests on to the function's process,
// wherever that is listening now. So a test can kill a function's process and start it
// again.
//
// The functions' program is this very executable, started with ChildEnv set. A
// program that builds a Stack calls Child at the start of main (or TestMain).
package rehearsal
