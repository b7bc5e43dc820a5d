"""Apps: notebooks that a person looks at, served by Voila's application nested in the workspace server."""
