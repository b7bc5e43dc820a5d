"""The workspace database: files, imports, tables and their versions, in `workspace.sqlite`."""
