"""What a firmware consists of, as a CycloneDX document."""
