"""The stories of the exhibits: words and plain data, known without importing torch."""
