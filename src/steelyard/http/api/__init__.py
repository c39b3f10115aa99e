"""Our own API: plural noun, id, verb; described whole by /api/openapi.json."""
