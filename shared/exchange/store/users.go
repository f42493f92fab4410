package store

import (
	"context"
	"database/sql"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// User is a person who may log in. Field names are those of the public program's
// JSON; the password's hash is in no answer.
type User struct {
	ID              int64       `json:"id"`
	Username        string      `json:"username"`
	Password        []byte      `json:"-"` // bcrypt
	Email           string      `json:"email"`
	FirstName       string      `json:"first_name"`
	LastName        string      `json:"last_name"`
	Phone           string      `json:"phone,omitempty"`
	Active          bool        `json:"active"`
	Role            int         `json:"role"`
	CompanyID       exchange.ID `json:"company_id"`
	LastLogin       time.Time   `json:"last_login"`
	PasswordChanged time.Time   `json:"password_changed"`
	CreatedAt       time.Time   `json:"created_at"`
	UpdatedAt       time.Time   `json:"updated_at"`
}

const userColumns = "id, username, password, email, first_name, last_name, phone, active, role, company_id, last_login, password_changed, created_at, updated_at"

func scanUser(row sqldb.Row) (u User, err error) {
	err = row.Scan(&u.ID, &u.Username, &u.Password, &u.Email, &u.FirstName, &u.LastName, &u.Phone, &u.Active, &u.Role, &u.CompanyID,
		moment{&u.LastLogin}, moment{&u.PasswordChanged}, &u.CreatedAt, &u.UpdatedAt)
	return u, err
}

// List returns all users by name.
func (s *Users) List(ctx context.Context) ([]User, error) {
	list, err := sqldb.Collect(ctx, s.db, scanUser, "SELECT "+userColumns+" FROM exchange_user ORDER BY username")
	return list, sqldb.Outage(err, "read the users")
}

// User returns a user.
func (s *Users) User(ctx context.Context, id int64) (User, error) {
	u, err := scanUser(s.db.QueryRowContext(ctx, "SELECT "+userColumns+" FROM exchange_user WHERE id = ?", id))
	return u, notThere(err, "user")
}

// UserNamed returns a user by the name to log in with.
func (s *Users) UserNamed(ctx context.Context, username string) (User, error) {
	if !ascii(username) {
		return User{}, notThere(sql.ErrNoRows, "user")
	}
	u, err := scanUser(s.db.QueryRowContext(ctx, "SELECT "+userColumns+" FROM exchange_user WHERE username = ?", username))
	return u, notThere(err, "user")
}

// CreateUser adds a user and returns the user's id.
func (s *Users) CreateUser(ctx context.Context, u User) (int64, error) {
	id, err := sqldb.Insert(ctx, s.db, `INSERT INTO exchange_user (username, password, email, first_name, last_name, phone, active, role, company_id, password_changed, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(6), NOW(6), NOW(6))`, u.Username, u.Password, u.Email, u.FirstName, u.LastName, u.Phone, u.Active, u.Role, bin(u.CompanyID))
	return id, sqldb.Outage(taken(err, "another user has this username"), "add a user")
}

// UpdateUser writes what may change of a user, the password excepted. A user who is
// switched off or changes the role has to log in again.
func (s *Users) UpdateUser(ctx context.Context, u User) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, `UPDATE exchange_user SET email = ?, first_name = ?, last_name = ?, phone = ?, active = ?, role = ?, company_id = ?,
		refresh_hash = NULL, updated_at = NOW(6) WHERE id = ?`, u.Email, u.FirstName, u.LastName, u.Phone, u.Active, u.Role, bin(u.CompanyID), u.ID)
	return notThere(err, "user")
}

// SetPassword writes a password's hash and ends the user's refresh token.
func (s *Users) SetPassword(ctx context.Context, id int64, hash []byte) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows,
		"UPDATE exchange_user SET password = ?, password_changed = NOW(6), refresh_hash = NULL, updated_at = NOW(6) WHERE id = ?", hash, id)
	return notThere(err, "user")
}

// DeleteUser removes a user.
func (s *Users) DeleteUser(ctx context.Context, id int64) error {
	return notThere(sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, "DELETE FROM exchange_user WHERE id = ?", id), "user")
}

// LoggedIn notes a login and the SHA-256 of the refresh token, which is valid for a
// time.
func (s *Users) LoggedIn(ctx context.Context, id int64, refresh [32]byte, valid time.Duration) error {
	err := sqldb.ExactlyOne(ctx, s.db, sql.ErrNoRows, `UPDATE exchange_user SET last_login = NOW(6), refresh_hash = ?, refresh_until = NOW(6) + INTERVAL ? MICROSECOND WHERE id = ?`,
		refresh[:], sqldb.Micros(valid), id)
	return notThere(err, "user")
}

// Refreshing returns the active user whose refresh token has a hash and is valid.
func (s *Users) Refreshing(ctx context.Context, refresh [32]byte) (User, error) {
	u, err := scanUser(s.db.QueryRowContext(ctx, "SELECT "+userColumns+" FROM exchange_user WHERE refresh_hash = ? AND refresh_until > NOW(6) AND active = 1", refresh[:]))
	return u, notThere(err, "refresh token")
}
