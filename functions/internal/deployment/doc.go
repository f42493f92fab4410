// Package deployment holds the deployment to the code: its tests read terraform/
// and cloudbuild.yaml, evaluate them as a plan would with what is known without
// Google, and compare functions, environment, queues, jobs, deadlines, rights,
// log records and links with the program. A name that is changed on one side alone
// fails here. There is nothing in it but tests.
package deployment
