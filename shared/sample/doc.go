// Package sample provides source data for development and tests: the owner's
// two tables, a generator that fills them, a loader for real returns kept as
// CSV files, and a simulated warehouse that goes on changing them.
//
// What it writes looks like the owner's data in what matters to a sync: 2.3
// items a return on average with a long tail, several accounts of very unequal
// size, names and places in several scripts, life cycles whose timestamps agree
// with their statuses, and a small share of what goes wrong in real life, which
// is rows overwritten by a late courier event and rows deleted softly.
//
// Everything is invented by arithmetic on a seed (or, for the CSV files, on the
// return's number), never by chance: the same seed gives the same bytes. Nobody
// in it exists; all e-mail addresses end in example.com or example.in.
//
// The statements keep to what MariaDB 10.11 and MySQL 8.0 to 9.x share.
package sample
