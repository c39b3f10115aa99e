"""Who may: keys, people, sessions, and one pure policy table."""
