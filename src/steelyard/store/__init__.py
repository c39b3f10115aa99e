"""Where is it kept? The database (SQLite or PostgreSQL), its schema, blobs, and the lock of the data folder.

What a write or a put has returned is on disk. Nothing here knows what the rows mean.
"""
