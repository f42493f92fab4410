-- The tables of Odoo's database that batches of tokens name, as its ORM makes them.
CREATE TABLE res_users (id serial PRIMARY KEY, login varchar NOT NULL UNIQUE);
CREATE TABLE res_partner (id serial PRIMARY KEY, name varchar, sosync_fs_id integer);
CREATE TABLE res_partner_fstoken (
    id serial PRIMARY KEY, name varchar NOT NULL, partner_id integer REFERENCES res_partner (id), expiration_date date,
    first_datetime_of_use timestamp, last_datetime_of_use timestamp, number_of_checks integer,
    sosync_fs_id integer, sosync_write_date varchar, sosync_synced_version varchar,
    create_uid integer REFERENCES res_users (id), write_uid integer REFERENCES res_users (id), create_date timestamp, write_date timestamp
);
INSERT INTO res_users (login) VALUES ('admin'), ('sosync');
