"""The type checker that the tests put over satipatthana (see conftest.py)."""

from beartype import BeartypeConf, beartype

# as Python's own rules have it: an int is good where a float is asked for
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
