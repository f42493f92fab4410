package rehearsal

import (
	"fmt"
	"os"
	"strings"
)

// Grants are the statements that terraform/README.md has an administrator of the
// database run, one an element.
type Grants struct {
	Operator  []string // before our tables are made: the operator's user
	Passwords []string // after that: the functions' users with passwords
	IAM       []string // in the place of Passwords: rights of users that Terraform made
	Follow    []string // after either of them, on the source's server: rights on the binlog
}

// grantsHeading is where the statements stand.
const grantsHeading = "### The database's users\n"

// ReadGrants reads the statements out of the text at a path.
func ReadGrants(path string) (Grants, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Grants{}, err
	}
	_, section, _ := strings.Cut(string(text), grantsHeading)
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks [][]string
	for {
		_, rest, found := strings.Cut(section, "```sql\n")
		block, after, closed := strings.Cut(rest, "```")
		if !found || !closed {
			break
		}
		blocks, section = append(blocks, statements(block)), after
	}
	if len(blocks) != 4 {
		return Grants{}, fmt.Errorf("%s has %d blocks of SQL below %q; want 4", path, len(blocks), strings.TrimSpace(grantsHeading))
	}
	return Grants{Operator: blocks[0], Passwords: blocks[1], IAM: blocks[2], Follow: blocks[3]}, nil
}

// statements splits a block at the ends of statements; comments are dropped.
func statements(block string) []string {
	var kept strings.Builder
	for line := range strings.Lines(block) {
		if !strings.HasPrefix(line, "--") {
			kept.WriteString(line)
		}
	}
	var list []string
	for s := range strings.SplitSeq(kept.String(), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}
