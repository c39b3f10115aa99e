"""The task plane: create, claim, submit, return, settle, expire. Each use case takes an open transaction."""
