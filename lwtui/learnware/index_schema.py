"""The tables of the collection's index, and how an older file becomes one of today's."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE learnware (
        tree TEXT NOT NULL,      -- 'starter', 'home' or 'known'
        folder TEXT NOT NULL,    -- owner/name as the folders are called
        id_key TEXT NOT NULL,    -- lower case: ids are unique without regard to case
        stamp TEXT NOT NULL,     -- of the manifest's file; '' to read it again
        record TEXT,             -- JSON of the learnware; NULL when its manifest is broken
        problem TEXT,            -- what is wrong with it, else NULL
        shadowed INTEGER NOT NULL DEFAULT 0,
        search TEXT NOT NULL DEFAULT '',
        domain TEXT NOT NULL DEFAULT '',
        base TEXT NOT NULL DEFAULT '',
        licence TEXT NOT NULL DEFAULT '',
        kind TEXT NOT NULL DEFAULT '',
        location TEXT NOT NULL DEFAULT '',  -- where it came from
        PRIMARY KEY (tree, folder)
    );
    CREATE INDEX learnware_id ON learnware (id_key);
    CREATE INDEX learnware_location ON learnware (location);
    """,
    # The tree 'known'. A learnware with weights hides one of the same id without them.
    "UPDATE learnware SET stamp = ''",
    # What lists are narrowed and sorted by stands in a table of its own: its rows are a tenth as
    # long, and a list of 100,000 looks at all of them.
    """
    DROP TABLE learnware;
    CREATE TABLE learnware (
        number INTEGER PRIMARY KEY,
        tree TEXT NOT NULL,      -- 'starter', 'home' or 'known'
        folder TEXT NOT NULL,    -- owner/name as the folders are called
        stamp TEXT NOT NULL,     -- of the manifest's file: '' to read it again
        record TEXT,             -- JSON of the learnware: NULL when its manifest is broken
        problem TEXT,            -- what is wrong with it, else NULL
        UNIQUE (tree, folder)
    );
    CREATE TABLE listing (
        number INTEGER PRIMARY KEY,  -- of the learnware, only of those that can be used
        tree TEXT NOT NULL,
        id_key TEXT NOT NULL,        -- lower case: ids are unique without regard to case
        shadowed INTEGER NOT NULL DEFAULT 0,
        domain TEXT NOT NULL,
        task TEXT NOT NULL,
        base TEXT NOT NULL,
        licence TEXT NOT NULL,
        kind TEXT NOT NULL,
        formats TEXT NOT NULL,       -- ' peft gguf-lora '
        size INTEGER NOT NULL,       -- bytes of all files
        weight INTEGER NOT NULL,     -- bytes of its smallest format
        grade INTEGER NOT NULL,      -- of its best specification: 0 none, 4 the best
        added TEXT NOT NULL,
        location TEXT NOT NULL,      -- where it came from
        search TEXT NOT NULL
    );
    CREATE INDEX listing_id ON listing (id_key);
    CREATE INDEX listing_location ON listing (location);
    CREATE INDEX listing_shadowed ON listing (tree) WHERE shadowed = 1;
    CREATE INDEX learnware_stamp ON learnware (tree, folder, stamp);
    CREATE INDEX learnware_problem ON learnware (tree, folder) WHERE problem IS NOT NULL
    """,
)
"""Script *n* brings ``PRAGMA user_version`` from *n* to *n + 1*."""
