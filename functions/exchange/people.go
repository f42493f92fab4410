package exchange

import (
	"regexp"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/exchange/store"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

func (f *function) tagRoutes() []route {
	return []route{
		{"GET /tags", roleSync, anywhere, "", func(c *call) (any, error) {
			list, err := f.Store.Tags.List(c.Context())
			if err != nil {
				return nil, err
			}
			return listed(c, list)
		}},
		{"POST /tags", roleAdmin, anywhere, "create-tag", f.createTag},
		{"GET /tags/{id}", roleSync, anywhere, "", f.tag},
		{"PATCH /tags/{id}", roleAdmin, anywhere, "edit-tag", f.editTag},
		{"DELETE /tags/{id}", roleAdmin, anywhere, "remove-tag", f.removeTag},
		{"POST /tags/{id}/slices/{slice}", roleAdmin, anywhere, "tag-slice", func(c *call) (any, error) { return f.tagSlice(c, true) }},
		{"DELETE /tags/{id}/slices/{slice}", roleAdmin, anywhere, "untag-slice", func(c *call) (any, error) { return f.tagSlice(c, false) }},
	}
}

// tagEdit is what may be written of a tag.
type tagEdit struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// tagName returns a tag's name as it is stored: spaces and commas, which separate tags
// in an address, become underscores; quotes go.
func tagName(name string) (string, error) {
	name = strings.NewReplacer(" ", "_", ",", "_", `"`, "", "'", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	if name == "" || len(name) > exchange.MaxName {
		return "", fault.New(fault.Invalid, "bad-name", "a tag's name has 1 to %d bytes", exchange.MaxName).WithParam("name")
	}
	return name, nil
}

// createTag answers POST /tags.
func (f *function) createTag(c *call) (any, error) {
	var edit tagEdit
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	name, err := tagName(edit.Name)
	if err != nil {
		return nil, err
	}
	id, err := f.Store.Tags.CreateTag(c.Context(), store.Tag{Name: name, Description: edit.Description})
	if err != nil {
		return nil, err
	}
	return created(f.Store.Tags.Tag(c.Context(), id))
}

// tag answers GET /tags/{id}.
func (f *function) tag(c *call) (any, error) {
	return numbered(c, f.Store.Tags.Tag)
}

// editTag answers PATCH /tags/{id}.
func (f *function) editTag(c *call) (any, error) {
	tag, err := numbered(c, f.Store.Tags.Tag)
	if err != nil {
		return nil, err
	}
	edit := tagEdit{Name: tag.Name, Description: tag.Description}
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	if tag.Name, err = tagName(edit.Name); err != nil {
		return nil, err
	}
	tag.Description = edit.Description
	if err := f.Store.Tags.UpdateTag(c.Context(), tag); err != nil {
		return nil, err
	}
	return f.Store.Tags.Tag(c.Context(), tag.ID)
}

// removeTag answers DELETE /tags/{id}.
func (f *function) removeTag(c *call) (any, error) {
	id, err := c.number()
	if err != nil {
		return nil, err
	}
	return done(f.Store.Tags.DeleteTag(c.Context(), id))
}

// tagSlice answers POST and DELETE /tags/{id}/slices/{slice}.
func (f *function) tagSlice(c *call, on bool) (any, error) {
	id, err := c.number()
	if err != nil {
		return nil, err
	}
	slice, err := c.id("slice")
	if err != nil {
		return nil, err
	}
	return done(f.Store.Tags.TagSlice(c.Context(), id, slice, on))
}

func (f *function) userRoutes() []route {
	return []route{
		{"GET /users", roleAdmin, anywhere, "", func(c *call) (any, error) {
			list, err := f.Store.Users.List(c.Context())
			if err != nil {
				return nil, err
			}
			return listed(c, list)
		}},
		{"POST /users", roleAdmin, anywhere, "create-user", f.createUser},
		{"GET /users/{id}", roleAdmin, anywhere, "", f.user},
		{"PATCH /users/{id}", roleAdmin, anywhere, "edit-user", f.editUser},
		{"DELETE /users/{id}", roleAdmin, anywhere, "remove-user", f.removeUser},
		{"PATCH /password/{id}", roleCompany, anywhere, "change-password", f.changePassword},
	}
}

// userEdit is what may be written of a user.
type userEdit struct {
	Username  string      `json:"username"`
	Password  string      `json:"password"`
	Confirm   string      `json:"password_confirm"`
	Email     string      `json:"email"`
	FirstName string      `json:"first_name"`
	LastName  string      `json:"last_name"`
	Phone     string      `json:"phone"`
	Active    bool        `json:"active"`
	Role      int         `json:"role"`
	CompanyID exchange.ID `json:"company_id"`
}

// usernames are the names to log in with.
var usernames = regexp.MustCompile(`^[A-Za-z0-9]{3,64}$`)

// checked returns the user of an edit by a caller, who gives no role above the own.
func (e userEdit) checked(c *call) (store.User, error) {
	u := store.User{
		Username: e.Username, Email: e.Email, FirstName: e.FirstName, LastName: e.LastName, Phone: e.Phone, Active: e.Active, Role: e.Role, CompanyID: e.CompanyID,
	}
	switch {
	case !usernames.MatchString(e.Username):
		return u, fault.New(fault.Invalid, "bad-username", "a username has 3 to 64 letters and digits").WithParam("username")
	case e.Role != roleSuper && e.Role != roleAdmin && e.Role != roleCompany && e.Role != roleSync:
		return u, fault.New(fault.Invalid, "bad-role", "role must be 100, 110, 120 or 200").WithParam("role")
	case e.Role < c.caller.Role:
		return u, fault.New(fault.Forbidden, "forbidden", "nobody gives a role that is stronger than the own")
	case len(e.Email) > 120 || len(e.FirstName) > 80 || len(e.LastName) > 80 || len(e.Phone) > 40:
		return u, fault.New(fault.Invalid, "bad-user", "email has at most 120 bytes, a name 80 and phone 40")
	}
	return u, nil
}

// createUser answers POST /users.
func (f *function) createUser(c *call) (any, error) {
	edit := userEdit{Active: true}
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	u, err := edit.checked(c)
	if err != nil {
		return nil, err
	}
	if edit.Password != edit.Confirm {
		return nil, fault.New(fault.Invalid, "bad-password", "password and password_confirm differ").WithParam("password_confirm")
	}
	if u.Password, err = HashPassword(edit.Password); err != nil {
		return nil, err
	}
	if _, err := f.Store.Companies.Company(c.Context(), u.CompanyID); err != nil {
		return nil, err
	}
	id, err := f.Store.Users.CreateUser(c.Context(), u)
	if err != nil {
		return nil, err
	}
	return created(f.Store.Users.User(c.Context(), id))
}

// user answers GET /users/{id}.
func (f *function) user(c *call) (any, error) {
	return numbered(c, f.Store.Users.User)
}

// below refuses to change a user who is stronger than the caller.
func below(c *call, u store.User) error {
	if u.Role < c.caller.Role {
		return fault.New(fault.Forbidden, "forbidden", "the user has a stronger role than the caller")
	}
	return nil
}

// editUser answers PATCH /users/{id}. What the body does not name stays; the password
// has a route of its own.
func (f *function) editUser(c *call) (any, error) {
	old, err := numbered(c, f.Store.Users.User)
	if err != nil {
		return nil, err
	}
	if err := below(c, old); err != nil {
		return nil, err
	}
	edit := userEdit{Email: old.Email, FirstName: old.FirstName, LastName: old.LastName, Phone: old.Phone, Active: old.Active, Role: old.Role, CompanyID: old.CompanyID}
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	edit.Username = old.Username
	u, err := edit.checked(c)
	if err != nil {
		return nil, err
	}
	u.ID = old.ID
	if err := f.Store.Users.UpdateUser(c.Context(), u); err != nil {
		return nil, err
	}
	return f.Store.Users.User(c.Context(), u.ID)
}

// removeUser answers DELETE /users/{id}.
func (f *function) removeUser(c *call) (any, error) {
	old, err := numbered(c, f.Store.Users.User)
	if err != nil {
		return nil, err
	}
	if err := below(c, old); err != nil {
		return nil, err
	}
	return done(f.Store.Users.DeleteUser(c.Context(), old.ID))
}

// passwordEdit is the body of PATCH /password/{id}.
type passwordEdit struct {
	Old     string `json:"old_password"`
	New     string `json:"new_password"`
	Confirm string `json:"new_password_confirm"`
}

// changePassword answers PATCH /password/{id}: the own password, or, by an
// administrator, a weaker user's. The own one needs the old.
func (f *function) changePassword(c *call) (any, error) {
	id, err := c.number()
	if err != nil {
		return nil, err
	}
	var edit passwordEdit
	if err := c.body(&edit); err != nil {
		return nil, err
	}
	own := id == c.caller.ID
	if !own && c.caller.Role > roleAdmin {
		return nil, fault.New(fault.Forbidden, "forbidden", "another user's password needs an administrator")
	}
	u, err := f.Store.Users.User(c.Context(), id)
	if err != nil {
		return nil, err
	}
	if err := below(c, u); err != nil {
		return nil, err
	}
	if own {
		if err := f.guesses.allowed("name "+u.Username, f.Now()); err != nil {
			return nil, err
		}
		if ok, err := f.matches(c.Context(), u.Password, edit.Old); err != nil || !ok {
			f.guesses.failed("name "+u.Username, f.Now())
			return nil, fault.Join(err, fault.New(fault.Forbidden, "bad-password", "old_password is wrong"))
		}
	}
	if edit.New != edit.Confirm {
		return nil, fault.New(fault.Invalid, "bad-password", "new_password and new_password_confirm differ")
	}
	hash, err := HashPassword(edit.New)
	if err != nil {
		return nil, err
	}
	return done(f.Store.Users.SetPassword(c.Context(), id, hash))
}
