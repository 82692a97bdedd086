"""What the API and the pages do alike: one transaction each, committed when it returns."""
