"""What leaves? Releases: built, signed, verified by anyone, and withdrawn part by part."""
