"""A package, so that the browser of its fixtures ends with it: Playwright's event loop runs until then."""
