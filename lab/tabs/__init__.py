"""The tabs: layout and events. Each handler is one call into the session and one into a view."""
