"""What every app of the site stands on: the application error, the middleware, the front-end tag and the error pages."""
