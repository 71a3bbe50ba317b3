"""What every app of the site stands on: the application error, middleware, the front-end tag, the error pages."""
