"""Starting workspace servers: as processes behind bubblewrap, as containers, as pods, as units of systemd."""
