// Package rehearsal runs the whole product on one machine: a private database,
// emulators of Cloud Tasks, Cloud Scheduler and Algolia, and every function as a
// process of its own, as in the cloud. The real clients talk to the emulators;
// nothing of the path is left out or replaced.
//
// A front server stands where Cloud Run's would: it has the stable addresses
// that queues and people call and passes requests on to the function's process,
// wherever that is listening now. A function's process can so be killed and
// started again under way.
//
// The functions' program is this very executable, started with ChildEnv set:
// whoever builds a Stack calls Child at the start of main (or TestMain).
package rehearsal
