"""Everything that knows HTTP: parse, authorise, call a service, commit, answer."""
