"""An index of projected specifications: a shortlist of a large collection without reading it all.

``project.py``  a seeded projection that keeps cosines, and the codes that are stored
``segment.py``  rows on disk: a memory-mapped file that is written once and never changed
``store.py``    the rows that count: a manifest that is replaced atomically, under a lock
``query.py``    a requirement as the index compares it
``scan.py``     the search: every row's sign bits, then the best few thousand's longer codes
``upkeep.py``   keeps an index in step with a collection, and the shortlist itself

The index is a shortlist only: what it names is ranked exactly from the specifications themselves.
It may be thrown away at any time.
"""
