"""What can be known about a run: one module a question; tensors in, frozen dataclasses out, nothing drawn."""
