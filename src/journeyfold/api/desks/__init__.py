"""The platform as the API and the console see it: `api.desk` over the real stores."""
