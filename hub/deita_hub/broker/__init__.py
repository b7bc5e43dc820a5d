"""The credentials broker: what a workspace server needs to reach its workspace's storage and database, for a while."""
