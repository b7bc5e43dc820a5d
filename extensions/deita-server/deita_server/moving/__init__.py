"""What `deita migrate` has the workspace side do: look at a workspace, and bring its files to another place."""
