"""Instruments that take longer than a look: computed in the background, watched while they grow, left at any piece.

A study is a function from a network and its data to a generator of `Progress`. Adding one touches its own file and
`lab.studies.catalogue`.
"""
