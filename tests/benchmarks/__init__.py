"""What `make bench` measures: one table, what | target | measured | met?"""
