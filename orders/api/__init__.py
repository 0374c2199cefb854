"""The JSON API, for storefronts and scripts: one WSGI application, `orders.api.application.Api`."""
