package states

// Steps is called with a step's name between any two steps that leave something behind.
// It is nil in production; tests and rehearsals end or hold the process there.
type Steps func(step string)

// At calls the hook, if there is one.
func (s Steps) At(step string) {
	if s != nil {
		s(step)
	}
}
