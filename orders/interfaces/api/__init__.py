"""The JSON API, for storefronts and scripts: one WSGI application, `application.Api`."""
