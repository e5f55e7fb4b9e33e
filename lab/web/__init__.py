"""The hand-written part of the page: JavaScript, its style sheet, and the one component that carries it."""
