#!/bin/sh
# Run by the image of PostgreSQL once, before its first start: the role that Deita signs in as and the database that it owns.
set -e
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
CREATE ROLE deita LOGIN CREATEROLE PASSWORD '$(cat /run/secrets/postgres_password)';
CREATE DATABASE deita OWNER deita TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
REVOKE ALL ON DATABASE deita FROM PUBLIC;
SQL
