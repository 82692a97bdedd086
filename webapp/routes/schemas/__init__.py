"""What goes in and out of the API, by feature: the models that validate, and that /api/openapi.json is made from."""
