package engine

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
)

// operate computes an attribute; next is nil to leave it alone.
func operate(operation string, current, operand []byte, exists bool) (next []byte, ok bool) {
	switch operation {
	case "Increment", "Decrement":
		return addNumber(current, operand, operation == "Decrement"), true
	case "IncrementFrom":
		if compare(current, operand, exists) != 0 {
			return nil, false
		}
		return addNumber(operand, []byte("1"), false), true
	case "IncrementSet":
		return operand, compare(current, operand, exists) < 0
	case "Add":
		return appendTo(elements(current), operand), true
	case "AddUnique":
		if slices.ContainsFunc(elements(current), func(v []byte) bool { return bytes.Equal(v, operand) }) {
			return nil, true
		}
		return appendTo(elements(current), operand), true
	case "Remove":
		if current == nil {
			return nil, true
		}
		return list(without(elements(current), operand)), true
	}
	return nil, true
}

// compare orders a counter and an operand; a counter that does not exist yet
// counts as 0.
func compare(current, operand []byte, exists bool) int {
	if !exists || current == nil {
		current = []byte("0")
	}
	a, errA := strconv.ParseInt(string(current), 10, 64)
	b, errB := strconv.ParseInt(string(operand), 10, 64)
	if errA == nil && errB == nil {
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}
	x, okX := jsonscan.Number(current)
	y, okY := jsonscan.Number(operand)
	switch {
	case okX && okY && x == y:
		return 0
	case okX && okY && x > y:
		return 1
	}
	return -1
}

func addNumber(current, operand []byte, minus bool) []byte {
	x, _ := jsonscan.Number(current)
	y, _ := jsonscan.Number(operand)
	if minus {
		y = -y
	}
	sum := x + y
	if sum == math.Trunc(sum) && math.Abs(sum) < 1<<53 {
		return strconv.AppendInt(nil, int64(sum), 10)
	}
	return strconv.AppendFloat(nil, sum, 'g', -1, 64)
}

func elements(array []byte) [][]byte {
	var out [][]byte
	jsonscan.Elements(array, func(v []byte) bool { out = append(out, v); return true })
	return out
}

func without(values [][]byte, value []byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(values), func(v []byte) bool { return bytes.Equal(v, value) })
}

func appendTo(values [][]byte, value []byte) []byte { return list(append(values, value)) }

func list(values [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(values, []byte{','})...), ']')
}

// CheckOperations refuses an update whose built-in operations are malformed.
func CheckOperations(update []byte) error {
	var err error
	jsonscan.Each(update, func(name string, value []byte) bool {
		operation := jsonscan.Member(value, "_operation")
		if operation == nil {
			return true
		}
		operand := jsonscan.Member(value, "value")
		_, number := jsonscan.Number(operand)
		switch jsonscan.Text(operation) {
		case "Increment", "Decrement", "IncrementFrom", "IncrementSet":
			if !number {
				err = fmt.Errorf("attribute %q: operation %s needs a number as value", name, operation)
			}
		case "Add", "Remove", "AddUnique":
			if !number && (len(operand) == 0 || operand[0] != '"') {
				err = fmt.Errorf("attribute %q: operation %s needs a string or a number as value", name, operation)
			}
		default:
			err = fmt.Errorf("attribute %q: unknown operation %s", name, operation)
		}
		return err == nil
	})
	return err
}
