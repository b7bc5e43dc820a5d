"""The workspace database: files, imports, tables and their versions; a SQLite file or a schema of PostgreSQL."""
