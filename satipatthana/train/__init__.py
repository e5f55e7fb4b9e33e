"""The curriculum: stages as data, the trainer as a generator."""
