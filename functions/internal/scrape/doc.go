// Package scrape holds the test that Prometheus reads the product's metrics: the files of
// testdata/metrics with the real program, beside the whole product. The test installs
// Debian's package of Prometheus where it can.
package scrape
