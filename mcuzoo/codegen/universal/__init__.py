"""Projects whose firmware has no model of its own: it takes them over the link."""
