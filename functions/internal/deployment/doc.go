// Package deployment compares the deployment and the documents with the code: its tests
// read terraform/ and cloudbuild.yaml, evaluate them as a plan without Google would, and
// compare functions, environment, queues, jobs, deadlines, rights, log records and links
// with the program. They also check the Markdown files: links, paths, the table of
// settings, the database's grants, and the list of third-party modules. A name that is
// changed on one side alone fails here. The package holds tests alone.
package deployment
